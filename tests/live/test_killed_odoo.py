"""Odoo killed at the worst moments: every letter still becomes one ticket."""

import pytest

from tests.live.live_case import letter
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON, GatewayServer
from tests.rig.processes import wait_until


@pytest.fixture
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own."""
    directory = rig_directory / "killed-odoo"
    with GatewayServer(directory, "mgp_test_killed", certificate_authority) as server:
        yield server


def wait_for_tickets(odoo, count):
    """Wait until every letter is settled, and check how many tickets there are."""

    def all_settled():
        open_states = ("state", "in", ["pending", "retry"])
        return (
            odoo.count("mail.gateway.inbound") == count
            and odoo.count("mail.gateway.inbound", open_states) == 0
        )

    wait_until(all_settled, what="processing the journal")
    assert odoo.count("grievance.ticket") == count


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_killed_between_journal_and_processing(odoo, mailbox, kind):
    odoo.add_mailbox(mailbox, kind)
    mailbox.deliver(letter("Dark street"))
    with odoo.holding_cron(PROCESS_CRON):
        odoo.wake(FETCH_CRON)
        acknowledged = ("acknowledged_at", "!=", False)
        wait_until(
            lambda: odoo.count("mail.gateway.inbound", acknowledged), what="fetching"
        )
        assert odoo.count("grievance.ticket") == 0

        odoo.kill()

    odoo.start()
    odoo.wake(FETCH_CRON)
    odoo.wake(PROCESS_CRON)

    wait_for_tickets(odoo, 1)


def test_killed_in_the_middle_of_processing(odoo, mailbox):
    odoo.add_mailbox(mailbox)
    mailbox.deliver(letter("Dark street"))
    with odoo.holding("LOCK TABLE grievance_ticket IN SHARE MODE"):
        odoo.wake(FETCH_CRON)
        waits_for_us = "SELECT 1 FROM pg_locks WHERE NOT granted"
        wait_until(lambda: odoo.query(waits_for_us), what="processing to begin")

        odoo.kill()

    odoo.start()
    odoo.wake(PROCESS_CRON)

    wait_for_tickets(odoo, 1)
    assert mailbox.server.flags(mailbox.address) == ["S"]


def test_killed_over_and_over_while_a_backlog_is_read(odoo, mailbox):
    odoo.add_mailbox(mailbox)
    letters = 60
    for number in range(letters):
        mailbox.deliver(letter(f"No. {number}", f"<{number}@home.example>"))
    for share in (1, 2, 3):
        odoo.wake(FETCH_CRON)
        odoo.wake(PROCESS_CRON)  # what the killed one left is new to nobody
        done = letters * share // 4
        wait_until(
            lambda done=done: odoo.count("grievance.ticket") >= done, what="tickets"
        )
        odoo.kill()
        odoo.start()

    odoo.wake(FETCH_CRON)
    odoo.wake(PROCESS_CRON)

    wait_for_tickets(odoo, letters)
