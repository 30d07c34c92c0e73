"""Two workers at once, each with a connection and a transaction of its own."""

import threading
import time
from collections import Counter
from unittest.mock import patch

import pytest
from aiosmtpd.controller import Controller
from gateway_case import SmtpSink
from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail_gateway_plus.core.protocols.smtp import SmtpSession

from tests.rig.processes import free_port

MAILS = 30


@pytest.fixture
def sink():
    sink = SmtpSink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    sink.port = controller.port
    yield sink
    controller.stop()


@pytest.fixture
def registry(scratch_db, sink):
    """The registry of a database that sends to the sink only."""
    registry = Registry(scratch_db)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["mail.mail"].search([]).write({"state": "cancel"})
        env["ir.mail_server"].search([]).write({"active": False})
        env["ir.mail_server"].create(
            {
                "name": "Sink",
                "smtp_host": "127.0.0.1",
                "smtp_port": sink.port,
                "smtp_encryption": "none",
            }
        )
    with (
        patch.object(IrMail_Server, "_disable_send", return_value=False),
        patch.object(
            registry["mail.mail"], "_gateway_sends_in_caller", lambda mails: False
        ),
    ):
        yield registry


def queue(registry, count=MAILS):
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        return (
            env["mail.mail"]
            .create(
                [
                    {
                        "email_from": "odoo@city.example",
                        "email_to": f"p{number}@home.example",
                        "body_html": "<p>Hello</p>",
                        "auto_delete": False,
                    }
                    for number in range(count)
                ]
            )
            .ids
        )


def states(registry, ids):
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        return Counter(env["mail.mail"].browse(ids).mapped("state"))


def test_X3_two_workers_send_no_mail_twice(registry, sink):
    ids = queue(registry)
    errors = []

    def work():
        try:
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].process_email_queue()
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert not errors
    assert states(registry, ids) == {"sent": MAILS}
    assert Counter(sink.recipients) == {f"p{n}@home.example": 1 for n in range(MAILS)}


def test_X3_user_who_sends_a_mail_that_a_worker_has_sends_nothing(registry, sink):
    ids = queue(registry, 1)
    with registry.cursor() as worker, registry.cursor() as user:
        mails = api.Environment(worker, SUPERUSER_ID, {})["mail.mail"]
        mails._gateway_claim(42, 1)
        worker.commit()

        mail = api.Environment(user, SUPERUSER_ID, {})["mail.mail"].browse(ids)
        mail.send(raise_exception=True)

        assert mail.state == "outgoing"
        mails._gateway_release(42)
    assert not sink.recipients


def test_X2_crash_in_the_run_of_one_mail_leaves_the_others_sent(registry, sink):
    ids = queue(registry, 5)
    mail_class = registry["mail.mail"]
    conclude = mail_class._gateway_conclude

    class Crash(BaseException):
        """As a worker that is stopped: no handler for exceptions catches it."""

    def crash_at_the_third(mail, errand, *args, **kwargs):
        if errand.mail_id == ids[2]:
            raise Crash
        return conclude(mail, errand, *args, **kwargs)

    with (
        patch.object(mail_class, "_gateway_conclude", crash_at_the_third),
        pytest.raises(Crash),
        registry.cursor() as cr,
    ):
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["ir.mail_server"].search([]).session_limit = 1
        env["mail.mail"].process_email_queue()

    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].process_email_queue()

    assert states(registry, ids) == {"sent": 4, "uncertain": 1}
    assert Counter(sink.recipients) == {f"p{n}@home.example": 1 for n in range(5)}


def test_attempt_stays_when_the_caller_rolls_back(registry, sink):
    ids = queue(registry, 1)
    with registry.cursor() as cr:
        mail = api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].browse(ids)
        mail.send(raise_exception=True)
        assert mail.state == "sent"
        cr.rollback()

    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        attempt = env["mail.gateway.attempt"].search([("mail_id", "in", ids)])
        assert attempt.outcome == "accepted"
        assert attempt.recipient_ids.outcome == "accepted"


def test_worker_that_waits_for_a_server_has_no_transaction_open(registry, sink):
    ids = queue(registry, 5)
    seen, finish = [], SmtpSession.finish

    def looking(session, delivery):
        time.sleep(0.2)
        with registry.cursor() as cr:
            cr.execute(
                "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%' AND pid != pg_backend_pid()"
            )
            seen.extend(cr.fetchall())
        return finish(session, delivery)

    with patch.object(SmtpSession, "finish", looking), registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["ir.mail_server"].search([]).session_limit = 1
        env["mail.mail"].process_email_queue()

    assert states(registry, ids) == {"sent": 5}
    assert not seen


def test_mails_of_a_caller_that_commits_each_are_locked_one_by_one(registry, sink):
    ids = queue(registry, 2)
    mail_class = registry["mail.mail"]
    send_now = mail_class._gateway_send_now

    def claim_the_other(mail, *args, **kwargs):
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["mail.mail"]._gateway_claim(42, 1)
        return send_now(mail, *args, **kwargs)

    with (
        patch.object(mail_class, "_gateway_send_now", claim_the_other),
        registry.cursor() as cr,
    ):
        mails = api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].browse(ids)
        mails.send(auto_commit=True, raise_exception=True)

    assert len(sink.recipients) == 1
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["mail.mail"]._gateway_release(42)


def test_X5_token_that_two_workers_renewed_is_no_fault_of_the_server(registry, sink):
    ids = queue(registry, 3)
    server_class = registry["ir.mail_server"]
    dial, conflicts = server_class._dial, []

    def in_conflict(server, route):
        if not conflicts:
            conflicts.append(SerializationFailure("could not serialize access"))
            raise conflicts[0]
        return dial(server, route)

    with patch.object(server_class, "_dial", in_conflict), registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].process_email_queue()

    assert states(registry, ids) == {"sent": 3}
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        attempts = env["mail.gateway.attempt"].search([("mail_id", "in", ids)])
        assert set(attempts.mapped("outcome")) == {"accepted"}
