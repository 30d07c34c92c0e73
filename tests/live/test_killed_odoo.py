"""Odoo killed at the worst moments and at any: every letter still becomes one ticket.

The kills at random moments are few by default; ``MGP_FULL=1`` asks for 200 over a
mailbox of 500, ``MGP_KILLS`` and ``MGP_LETTERS`` for other numbers, and ``MGP_SEED``
for the moments of an earlier run, which has printed its seed.
"""

import os
import random
import time

import pytest

from tests.live.live_case import AT_WORK, DEADLY, STAY_AT_WORK, letter
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON, GatewayServer
from tests.rig.processes import wait_until

IS_FULL = os.environ.get("MGP_FULL") == "1"
LETTERS = int(os.environ.get("MGP_LETTERS", 500 if IS_FULL else 60))
KILLS = int(os.environ.get("MGP_KILLS", 200 if IS_FULL else 3))
# What each letter of a portion adds to the time of the first one.
SECONDS_PER_LETTER = 0.05
OPEN_ROWS = "SELECT id FROM mail_gateway_inbound WHERE state != 'done'"
FIRST = "The first"
WAKE_SECONDS = 2.0
SETTLE_SECONDS = 120.0 + LETTERS


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


# ------------------------------------------------------- by one of the messages

# What PostgreSQL does by itself for a client that is gone, once it would hear from it.
END_WORK = f"SELECT pg_terminate_backend(pid) FROM ({AT_WORK}) AS at_work"
# The pause that a message gets after its second death.
END_PAUSE = (
    "UPDATE mail_gateway_inbound SET retry_at = fetched_at WHERE retry_at > now()"
)
STILL_OPEN = "SELECT FROM mail_gateway_inbound WHERE state IN ('pending', 'retry')"
PARKED = """
    SELECT reason FROM mail_gateway_inbound
     WHERE subject = %s AND state = 'quarantined'
"""


def test_message_that_kills_odoo_is_parked_and_stops_nobody(odoo, mailbox):
    others = [f"No. {number}" for number in range(4)]
    odoo.keep_only_crons(FETCH_CRON, PROCESS_CRON)
    odoo.execute(STAY_AT_WORK)
    odoo.add_mailbox(mailbox)
    for number, subject in enumerate([*others[:2], DEADLY, *others[2:]]):
        mailbox.deliver(letter(subject, f"<{number}@home.example>"))
    cron = odoo.cron_id(PROCESS_CRON)
    odoo.wake(FETCH_CRON)

    kills, woken = 0, 0.0

    def is_parked():
        nonlocal kills, woken
        if odoo.query(AT_WORK):
            odoo.kill()
            kills += 1
            odoo.execute(END_WORK)
            odoo.execute(END_PAUSE)
            odoo.start()
        # More than once: Odoo passes over a job that was killed three times in a row.
        if time.monotonic() - woken > WAKE_SECONDS:
            woken = time.monotonic()
            odoo.wake_at_once(cron)
        return odoo.query(PARKED, DEADLY)

    wait_until(is_parked, timeout=SETTLE_SECONDS, what="parking the deadly letter")

    [[reason]] = odoo.query(PARKED, DEADLY)
    assert "killed Odoo 3 times" in reason
    assert kills == 4
    wait_until(lambda: not odoo.query(STILL_OPEN), what="processing the others")
    assert subjects_of(odoo, "grievance_ticket", "subject") == others


# ------------------------------------------------------------------ at any moment


@pytest.fixture
def moments():
    """When Odoo dies each time: at which part of the time that its work takes."""
    seed = int(os.environ.get("MGP_SEED") or random.randrange(10**6))
    print(f"MGP_SEED={seed}")
    chance = random.Random(seed)
    return [chance.random() for _kill in range(KILLS)]


def time_of_first_letter(odoo, mailbox, crons):
    """Return the seconds in which Odoo, just started, makes a ticket of a letter.

    On a busy machine that is long; who is killed sooner has done nothing yet.
    """
    odoo.kill()
    odoo.start()
    mailbox.deliver(letter(FIRST, "<first@home.example>"))
    is_done = "SELECT FROM mail_gateway_inbound WHERE state = 'done'"
    seconds = odoo.keep_awake(crons, SETTLE_SECONDS, lambda: odoo.query(is_done))
    assert odoo.query(is_done)
    return seconds


def subjects_of(odoo, table, column):
    return sorted(value for (value,) in odoo.query(f"SELECT {column} FROM {table}"))


def finish(odoo, mailbox, crons):
    """Have Odoo work until all letters are settled."""
    woken = 0.0

    def are_settled():
        nonlocal woken
        if time.monotonic() - woken > WAKE_SECONDS:
            woken = time.monotonic()
            odoo.wake_at_once(*crons)
            # By chance the same letter was in work at three of many kills.
            parked = [("state", "=", "quarantined")]
            if found := odoo.call("mail.gateway.inbound", "search", [parked]):
                odoo.call("mail.gateway.inbound", "action_retry", [found])
        return not mailbox.messages() and not odoo.query(OPEN_ROWS)

    wait_until(are_settled, timeout=SETTLE_SECONDS, what="settling all letters")


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_killed_at_random_moments_loses_and_doubles_nothing(
    odoo, mailbox, moments, kind
):
    letters = [f"No. {number}" for number in range(LETTERS)]
    odoo.keep_only_crons(FETCH_CRON, PROCESS_CRON)  # theirs are the moments
    crons = [odoo.cron_id(FETCH_CRON), odoo.cron_id(PROCESS_CRON)]
    odoo.add_mailbox(mailbox, kind, delete_from_server=True)
    longest = time_of_first_letter(odoo, mailbox, crons)
    longest += SECONDS_PER_LETTER * LETTERS / KILLS
    in_the_midst = 0
    for number, part in enumerate(moments):
        # In portions: there is something to fetch and to process at every kill.
        portion = slice(LETTERS * number // KILLS, LETTERS * (number + 1) // KILLS)
        for subject in letters[portion]:
            mailbox.deliver(letter(subject, f"<{subject[4:]}@home.example>"))
        # No condition: any moment is as good as another.
        odoo.keep_awake(crons, part * longest)
        odoo.kill()
        in_the_midst += len(mailbox.messages()) + len(odoo.query(OPEN_ROWS)) > 0
        odoo.start()

    finish(odoo, mailbox, crons)

    letters = sorted([FIRST, *letters])
    assert subjects_of(odoo, "mail_gateway_inbound", "subject") == letters
    assert subjects_of(odoo, "grievance_ticket", "subject") == letters
    assert mailbox.messages() == []
    print(f"{KILLS} kills within {longest:.1f} s, {in_the_midst} of them in the midst")
