"""Odoo killed in the middle of its queue: each mail arrives once or is uncertain.

Few kills by default; ``MGP_FULL=1`` asks for 200 over 500 mails, ``MGP_KILLS`` and
``MGP_MAILS`` for other numbers, and ``MGP_SEED`` for the moments of an earlier run.
"""

import asyncio
import os
import random
import threading
import time
from collections import Counter

import pytest
from aiosmtpd.controller import Controller

from tests.rig.gateway_server import GatewayServer
from tests.rig.processes import free_port, wait_until

QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"
SECOND_CRON = "mail_gateway_plus.ir_cron_process_outgoing_2"
IS_FULL = os.environ.get("MGP_FULL") == "1"
MAILS = int(os.environ.get("MGP_MAILS", 500 if IS_FULL else 40))
KILLS = int(os.environ.get("MGP_KILLS", 200 if IS_FULL else 3))
OPEN = "SELECT id FROM mail_mail WHERE state = 'outgoing'"
WAKE_SECONDS = 2.0
SETTLE_SECONDS = 180.0


class Sink:
    """An SMTP server that counts what it has accepted, and may hold an answer back."""

    def __init__(self):
        self.accepted = Counter()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.holding = threading.Event()

    async def handle_DATA(self, server, session, envelope):
        if not self.may_answer.is_set():
            self.holding.set()
            while not self.may_answer.is_set():
                await asyncio.sleep(0.02)
        self.accepted.update(envelope.rcpt_tos)
        return "250 2.0.0 Ok"


@pytest.fixture
def sink():
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    sink.port = controller.port
    yield sink
    sink.may_answer.set()
    controller.stop()


@pytest.fixture
def odoo(rig_directory, certificate_authority, sink):
    directory = rig_directory / "killed-sending"
    with GatewayServer(directory, "mgp_test_sending", certificate_authority) as server:
        server.keep_only_crons(QUEUE_CRON, SECOND_CRON)
        server.call(
            "ir.mail_server",
            "create",
            [
                {
                    "name": "Sink",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": sink.port,
                    "smtp_encryption": "none",
                    "state": "done",
                }
            ],
        )
        yield server


def queue(odoo, *names):
    """Queue a mail to each name."""
    values = [
        {
            "email_from": "odoo@city.example",
            "email_to": f"{name}@home.example",
            "subject": f"To {name}",
            "body_html": "<p>Hello</p>",
            "auto_delete": False,
        }
        for name in names
    ]
    odoo.call("mail.mail", "create", [values])


def states(odoo):
    rows = odoo.query("SELECT state, count(*) FROM mail_mail GROUP BY 1")
    return dict(rows)


def settle(odoo):
    """Have Odoo work until nothing is queued."""
    woken = 0.0

    def is_empty():
        nonlocal woken
        if time.monotonic() - woken > WAKE_SECONDS:
            woken = time.monotonic()
            odoo.wake(QUEUE_CRON)
        return not odoo.query(OPEN)

    wait_until(is_empty, timeout=SETTLE_SECONDS, what="sending all mails")


def test_O10_mail_goes_out_without_waiting_for_the_hour(odoo, sink):
    queue(odoo, "amina")

    wait_until(lambda: sink.accepted, what="sending")


def test_X1_killed_before_the_server_answered(odoo, sink):
    sink.may_answer.clear()
    queue(odoo, "amina")
    odoo.wake(QUEUE_CRON)
    assert sink.holding.wait(30)

    odoo.kill()
    sink.may_answer.set()
    odoo.start()
    settle(odoo)

    assert states(odoo) == {"uncertain": 1}
    assert sink.accepted["amina@home.example"] <= 1


@pytest.fixture
def moments():
    """How long after waking Odoo has to live each time, in seconds."""
    seed = int(os.environ.get("MGP_SEED") or random.randrange(10**6))
    print(f"MGP_SEED={seed}")
    chance = random.Random(seed)
    latest = 0.4 + 0.05 * MAILS / KILLS
    return [chance.uniform(0.1, latest) for _kill in range(KILLS)]


def test_X1_killed_at_random_moments_loses_and_doubles_nothing(odoo, sink, moments):
    names = [f"p{number}" for number in range(MAILS)]
    crons = [odoo.cron_id(QUEUE_CRON), odoo.cron_id(SECOND_CRON)]
    in_the_midst = 0
    for number, seconds in enumerate(moments):
        portion = slice(MAILS * number // KILLS, MAILS * (number + 1) // KILLS)
        with odoo.holding(
            "SELECT id FROM ir_cron WHERE id = ANY(%s) FOR NO KEY UPDATE", crons
        ):
            queue(odoo, *names[portion])
        odoo.wake_at_once(*crons)
        time.sleep(seconds)  # no condition: any moment is as good as another
        odoo.kill()
        in_the_midst += bool(odoo.query(OPEN))
        odoo.start()

    settle(odoo)

    rows = dict(odoo.query("SELECT email_to, state FROM mail_mail"))
    assert len(rows) == MAILS
    for address, state in rows.items():
        assert state in ("sent", "uncertain"), address
        wanted = {1} if state == "sent" else {0, 1}
        assert sink.accepted[address] in wanted, (address, state)
    print(f"{KILLS} kills, {in_the_midst} of them in the midst of work: {states(odoo)}")
