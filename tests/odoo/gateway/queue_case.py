"""What the tests of the queue share: a journal that is committed, and its workers."""

from contextlib import contextmanager
from unittest.mock import patch

from gateway_case import letter

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)


@contextmanager
def environment(database):
    """Yield an environment whose cursor commits for real, and at the end."""
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def journal_five(database):
    """Write five messages into an empty journal, committed."""
    with environment(database) as env:
        env["mail.gateway.inbound"].search([]).unlink()
        env["grievance.ticket"].search([]).unlink()
        env["mail.message"].search([("message_id", "like", "batch")]).unlink()
        server = env["fetchmail.server"].create(
            {
                "name": "Batch",
                "server_type": "imap",
                "user": "grievances@city.example",
                "object_id": env["ir.model"]._get_id("grievance.ticket"),
                "state": "done",
            }
        )
        messages = [
            FetchedMessage(
                MessageRef("INBOX", "1", str(number)),
                letter(f"No. {number}", f"<batch-{number}@home.example>"),
            )
            for number in range(1, 6)
        ]
        env["mail.gateway.inbound"]._store(server, messages)


def process(database):
    with environment(database) as env:
        env["mail.gateway.inbound"]._process_queue()


def outcome(database):
    """Return the states in order, and how many transactions wrote them."""
    with environment(database) as env:
        env.cr.execute("SELECT state, xmin::text FROM mail_gateway_inbound ORDER BY id")
        states, transactions = zip(*env.cr.fetchall(), strict=True)
        return list(states), len(set(transactions))


def tickets(database):
    with environment(database) as env:
        return sorted(env["grievance.ticket"].search([]).mapped("subject"))


ALL = [f"No. {number}" for number in range(1, 6)]


def intake(database, hook):
    """Call ``hook(model, subject)`` before each ticket is made."""
    ticket_class = Registry(database)["grievance.ticket"]
    real = ticket_class.message_new

    def message_new(model, message, custom_values=None):
        hook(model, message["subject"])
        return real(model, message, custom_values)

    return patch.object(ticket_class, "message_new", message_new)
