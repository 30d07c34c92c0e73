"""PostgreSQL killed while mail comes in, as in a power cut: nothing lost or doubled.

In a cluster of its own that waits for the disk as a real one does. ``MGP_KILLS`` and
``MGP_LETTERS`` ask for more kills and letters, ``MGP_SEED`` for the moments of an
earlier run.
"""

import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from dev.postgres import PostgresCluster, PostgresError
from tests.live.live_case import AT_WORK, DEADLY, STAY_AT_WORK, letter
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON, GatewayServer
from tests.rig.processes import wait_until

KILLS = int(os.environ.get("MGP_KILLS", 3))
LETTERS = int(os.environ.get("MGP_LETTERS", 60))
LATEST_SECONDS = 0.3 + 0.05 * LETTERS / KILLS
# As PostgreSQL comes: a commit has returned once it is on the disk.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
OPEN_ROWS = "SELECT id FROM mail_gateway_inbound WHERE state != 'done'"
WAKE_SECONDS = 2.0
SETTLE_SECONDS = 120.0


@pytest.fixture
def cluster():
    """A PostgreSQL of our own, which may be killed."""
    # A socket's path has at most 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="mgp-pg-"))
    cluster = PostgresCluster(directory, DURABLE)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def odoo(cluster, rig_directory, certificate_authority):
    """A real Odoo on that PostgreSQL."""
    directory = rig_directory / "killed-postgres"
    ca = certificate_authority
    with GatewayServer(directory, "mgp_test_power", ca, cluster) as server:
        yield server


def cut_the_power(cluster, odoo):
    """Kill PostgreSQL and Odoo, and start both again."""
    cluster.kill()
    odoo.kill()

    def has_started():
        try:
            cluster.start()
        except PostgresError:  # the processes of the killed one are still leaving
            return False
        return cluster.is_running()

    wait_until(has_started, what="the recovery of PostgreSQL")
    odoo.start()


def test_power_cuts_are_not_held_against_the_message_in_work(cluster, odoo, mailbox):
    odoo.keep_only_crons(FETCH_CRON, PROCESS_CRON)
    odoo.execute(STAY_AT_WORK)
    odoo.add_mailbox(mailbox)
    mailbox.deliver(letter(DEADLY))
    crons = [odoo.cron_id(FETCH_CRON), odoo.cron_id(PROCESS_CRON)]
    for _power_cut in range(4):
        odoo.execute("UPDATE mail_gateway_inbound SET retry_at = fetched_at")
        wake_until(odoo, crons, lambda: odoo.query(AT_WORK), "processing to begin")
        cut_the_power(cluster, odoo)

    odoo.execute("DROP TRIGGER stay_at_work ON grievance_ticket")
    odoo.execute("UPDATE mail_gateway_inbound SET retry_at = fetched_at")

    done = "SELECT FROM mail_gateway_inbound WHERE state = 'done'"
    wake_until(odoo, crons, lambda: odoo.query(done), "the letter's ticket")
    assert subjects_of(odoo, "grievance_ticket", "subject") == [DEADLY]


def wake_until(odoo, crons, condition, what):
    """Have Odoo look into mailbox and journal again and again until it holds."""
    woken = 0.0

    def holds():
        nonlocal woken
        if time.monotonic() - woken > WAKE_SECONDS:
            woken = time.monotonic()
            odoo.wake_at_once(*crons)
        return condition()

    wait_until(holds, timeout=SETTLE_SECONDS, what=what)


def subjects_of(odoo, table, column):
    return sorted(value for (value,) in odoo.query(f"SELECT {column} FROM {table}"))


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_power_cut_at_random_moments_loses_and_doubles_nothing(
    cluster, odoo, mailbox, kind
):
    seed = int(os.environ.get("MGP_SEED") or random.randrange(10**6))
    print(f"MGP_SEED={seed}")
    chance = random.Random(seed)
    letters = [f"No. {number}" for number in range(LETTERS)]
    odoo.keep_only_crons(FETCH_CRON, PROCESS_CRON)  # theirs are the moments
    crons = [odoo.cron_id(FETCH_CRON), odoo.cron_id(PROCESS_CRON)]
    odoo.add_mailbox(mailbox, kind, delete_from_server=True)
    in_the_midst = 0
    for number in range(KILLS):
        portion = slice(LETTERS * number // KILLS, LETTERS * (number + 1) // KILLS)
        for subject in letters[portion]:
            mailbox.deliver(letter(subject, f"<{subject[4:]}@home.example>"))
        odoo.wake_at_once(*crons)
        time.sleep(chance.uniform(0, LATEST_SECONDS))  # any moment is as good
        cut_the_power(cluster, odoo)
        in_the_midst += len(mailbox.messages()) + len(odoo.query(OPEN_ROWS)) > 0

    def are_settled():
        return not mailbox.messages() and not odoo.query(OPEN_ROWS)

    wake_until(odoo, crons, are_settled, "settling all letters")

    assert subjects_of(odoo, "mail_gateway_inbound", "subject") == sorted(letters)
    assert subjects_of(odoo, "grievance_ticket", "subject") == sorted(letters)
    print(f"{KILLS} kills, {in_the_midst} of them in the midst of work")
