"""What the tests with record types of others share: a mailbox, and mail for it."""

from itertools import count

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)

OFFICE = "office@city.example"
UIDS = count(1)


def mailbox(env, model=None):
    return env["fetchmail.server"].create(
        {
            "name": "Office",
            "server_type": "imap",
            "server": "127.0.0.1",
            "port": 1,
            "user": OFFICE,
            "password": "secret",
            "object_id": env["ir.model"]._get_id(model) if model else False,
            "state": "done",
        }
    )


def take_in(env, server, *messages):
    """Journal and process messages as the crons do; return their rows."""
    fetched = []
    for raw in messages:
        ref = MessageRef(folder="INBOX", uidvalidity="1", uid=str(next(UIDS)))
        fetched.append(FetchedMessage(ref=ref, raw=raw))
    journal = env["mail.gateway.inbound"]
    before = journal.search([], limit=1).id or 0
    journal._store(server, fetched)
    rows = journal.search([("id", ">", before)], order="id")
    for row in rows:
        row._process()
    return rows
