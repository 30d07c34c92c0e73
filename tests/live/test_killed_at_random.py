"""Odoo killed with -9 at random moments: every letter ends as one ticket.

The quick version runs by default; ``MGP_FULL=1`` asks for the full one, and
``MGP_SEED`` for the moments of an earlier run, which has printed its seed.
"""

import os
import random
import time

import pytest

from tests.live.live_case import letter
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON, GatewayServer
from tests.rig.processes import wait_until

IS_FULL = os.environ.get("MGP_FULL") == "1"
LETTERS = int(os.environ.get("MGP_LETTERS", 500 if IS_FULL else 60))
KILLS = int(os.environ.get("MGP_KILLS", 200 if IS_FULL else 5))
LATEST_SECONDS = 1.0
SETTLE_SECONDS = 120.0


@pytest.fixture
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own."""
    directory = rig_directory / "randomly-killed-odoo"
    name = "mgp_test_killed_at_random"
    with GatewayServer(directory, name, certificate_authority) as server:
        yield server


@pytest.fixture
def moments():
    """How long after waking Odoo has to live each time, in seconds."""
    seed = int(os.environ.get("MGP_SEED") or random.randrange(10**6))
    print(f"MGP_SEED={seed}")
    chance = random.Random(seed)
    return [chance.uniform(0, LATEST_SECONDS) for _kill in range(KILLS)]


def subjects_of(odoo, table, column):
    return sorted(value for (value,) in odoo.query(f"SELECT {column} FROM {table}"))


def finish(odoo):
    """Have Odoo work until all letters are settled."""

    def is_settled():
        for cron in (FETCH_CRON, PROCESS_CRON):
            odoo.wake(cron)
        settled = "SELECT count(*) FROM mail_gateway_inbound WHERE state = 'done'"
        return odoo.query(settled)[0][0] >= LETTERS

    wait_until(is_settled, timeout=SETTLE_SECONDS, what="settling all letters")


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_killed_at_random_moments_loses_and_doubles_nothing(
    odoo, mailbox, moments, kind
):
    letters = [f"No. {number}" for number in range(LETTERS)]
    odoo.add_mailbox(mailbox, kind, delete_from_server=True)
    for number, seconds in enumerate(moments):
        # In portions: there is something to fetch and to process at every kill.
        portion = slice(LETTERS * number // KILLS, LETTERS * (number + 1) // KILLS)
        for subject in letters[portion]:
            mailbox.deliver(letter(subject, f"<{subject[4:]}@home.example>"))
        for cron in (FETCH_CRON, PROCESS_CRON):
            odoo.wake(cron)
        time.sleep(seconds)  # no condition: any moment is as good as another
        odoo.kill()
        odoo.start()

    finish(odoo)

    assert subjects_of(odoo, "mail_gateway_inbound", "subject") == sorted(letters)
    assert subjects_of(odoo, "grievance_ticket", "subject") == sorted(letters)
    assert mailbox.messages() == []
