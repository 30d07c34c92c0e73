"""Two workers at once, each with a connection and a transaction of its own."""

import threading
from unittest.mock import patch

from gateway_case import letter

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)
from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_queue


def test_I2_one_message_id_processed_by_two_workers_makes_one_record(scratch_db):
    registry = Registry(scratch_db)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        values = {
            "server_type": "imap",
            "object_id": env["ir.model"]._get_id("grievance.ticket"),
            "state": "done",
        }
        for name in ("support", "sales"):
            server = env["fetchmail.server"].create({**values, "name": name})
            raw = b"Delivered-To: " + name.encode() + b"@x\n" + letter()
            message = FetchedMessage(MessageRef("INBOX", "1", "1"), raw)
            env["mail.gateway.inbound"]._store(server, [message])
        before = env["grievance.ticket"].search_count([])

    journal_class = registry["mail.gateway.inbound"]
    lock = journal_class._lock_message_ids
    # Both have their row and their view of the database before either takes the lock.
    both_have_begun = threading.Barrier(2)
    arrived, errors = set(), []

    def meet_and_lock(rows):
        if threading.get_ident() not in arrived:
            arrived.add(threading.get_ident())
            both_have_begun.wait(10)
        return lock(rows)

    def work():
        try:
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["mail.gateway.inbound"]._process_queue()
        except Exception as error:
            errors.append(error)

    with (
        # The queue keeps copies apart before; here each worker got hold of one.
        patch.object(mail_gateway_inbound_queue, "BATCH_MESSAGES", 1),
        patch.object(journal_class, "_without_twins_in_work", lambda rows: rows),
        patch.object(journal_class, "_lock_message_ids", meet_and_lock),
    ):
        workers = [threading.Thread(target=work) for _worker in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)

    assert not errors
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        states = env["mail.gateway.inbound"].search([]).mapped("state")
        assert sorted(states) == ["done", "duplicate"]
        assert env["grievance.ticket"].search_count([]) == before + 1
