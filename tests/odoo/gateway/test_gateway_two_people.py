"""Two people decide about one message at the same moment, each in a transaction."""

from contextlib import ExitStack

import pytest
from gateway_case import letter
from psycopg2.errors import SerializationFailure

TICKETS = "grievance.ticket"


@pytest.fixture
def people(scratch_db):
    """Environments of two requests, and a parked message that both see."""
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry

    registry = Registry(scratch_db)
    with registry.cursor() as cr:
        row_id = _park(Environment(cr, SUPERUSER_ID, {}))
    with ExitStack() as stack:
        cursors = [stack.enter_context(registry.cursor()) for _person in range(2)]
        envs = [Environment(cr, SUPERUSER_ID, {}) for cr in cursors]
        yield [env["mail.gateway.inbound"].browse(row_id) for env in envs]
        for cr in cursors:
            cr.rollback()


def _park(env):
    from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
        FetchedMessage,
        MessageRef,
    )

    journal = env["mail.gateway.inbound"]
    ref = MessageRef("INBOX", "1", str(journal.search_count([])))
    server = env["fetchmail.server"].create({"name": "Box", "server_type": "imap"})
    raw = letter(message_id=f"<{ref.uid}@x.example>")
    journal._store(server, [FetchedMessage(ref, raw)])
    row = journal.search([], limit=1)
    row.write({"state": "quarantined"})
    return row.id


def decide(row):
    """Have a person make a ticket of the message; return what the person is told."""
    wizard = row.env["mail.gateway.decide"].create(
        {
            "decision": "retry_as",
            "record_type": TICKETS,
            "inbound_ids": [(6, 0, row.ids)],
        }
    )
    return wizard.action_confirm()["params"]["message"]


def test_message_that_is_being_decided_is_left_to_the_first(people):
    first, second = people

    assert "Done: 1" in decide(first)
    assert "somebody else is working on it" in decide(second)


def test_second_is_repeated_by_odoo_and_told_that_it_is_done(people):
    first, second = people
    second.env.cr.execute("SELECT 1")  # its request has begun
    tickets = second.env[TICKETS].search_count([])

    decide(first)
    first.env.cr.commit()
    with pytest.raises(SerializationFailure):
        decide(second)
    second.env.cr.rollback()  # as Odoo does before it repeats a request
    second.env.invalidate_all()

    assert "Done already" in decide(second)
    assert second.env[TICKETS].search_count([]) == tickets + 1
