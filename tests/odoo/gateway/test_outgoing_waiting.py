"""Mail that no server takes just now waits for the moment when one may."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from gateway_case import closed_port
from outgoing_case import OutgoingCase

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail_gateway_plus.core.policy.verdict import Kind, Scope, Verdict

REFUSED = Verdict(Kind.PERMANENT, Scope.ACCOUNT, cause="login_refused")
RATE = Verdict(Kind.QUOTA, Scope.RATE, cause="rate_limit")
QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"
PROBE_CRON = "mail_gateway_plus.ir_cron_probe_servers"


class WaitingCase(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.breakers = self.env["mail.gateway.breaker"]
        self.triggers = self.env["ir.cron.trigger"]

    def put_out_of_use(self, server, verdict=REFUSED):
        self.breakers._note_fault(server, verdict)
        # The one that tells administrators has another sender, and so another way.
        self.mails.search([("state", "=", "outgoing")]).write({"state": "cancel"})
        return server.breaker_ids

    def wakes(self, cron=QUEUE_CRON):
        """Return when the cron is to run."""
        self.env.invalidate_all()
        cron_id = self.env.ref(cron).id
        return self.triggers.search([("cron_id", "=", cron_id)]).mapped("call_at")

    @contextmanager
    def statements(self):
        """Yield a list of the updates of mail_mail that the block makes."""
        updates = []
        execute = type(self.env.cr).execute

        def noting(cursor, query, params=None, log_exceptions=True):
            text = getattr(query, "code", query)
            if "UPDATE" in text and "mail_mail" in text and "wait.due_at" in text:
                updates.append(text)
            return execute(cursor, query, params, log_exceptions)

        with patch.object(type(self.env.cr), "execute", noting):
            yield updates


@tagged("post_install", "-at_install")
class TestNoServer(WaitingCase):
    def test_all_mails_wait_by_one_statement_until_the_cool_down_is_over(self):
        server = self.outgoing("Main", closed_port())
        breaker = self.put_out_of_use(server)
        mails = [self.mail() for _number in range(15)]

        with self.statements() as updates:
            self.run_queue()

        self.assertEqual(len(updates), 1)
        for mail in mails:
            self.assertEqual(mail.scheduled_date, breaker.open_until)
            self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 0))
            self.assertFalse(mail.gateway_claim)
        self.assertIn("can be used at this time", mails[0].failure_reason)

    def test_queue_runs_when_the_cool_down_is_over(self):
        breaker = self.put_out_of_use(self.outgoing("Main", closed_port()))
        self.mail()

        self.run_queue()

        soon = breaker.open_until + timedelta(minutes=1)
        self.assertTrue([w for w in self.wakes() if breaker.open_until <= w <= soon])

    def test_mails_wait_by_one_statement_for_a_server_that_was_not_reached(self):
        self.outgoing("Main", closed_port())
        mails = [self.mail() for _number in range(15)]

        with self.statements() as updates:
            self.run_queue()

        self.assertEqual(len(updates), 1)
        for mail in mails:
            self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 1))
            self.assertEqual(mail.gateway_cause, "unreachable")
            self.assertGreater(mail.scheduled_date, fields.Datetime.now())

    def test_mail_that_is_too_old_is_given_up_after_the_days_that_are_set(self):
        self.outgoing("Main", closed_port())
        self.env["ir.config_parameter"].set_param("mail_gateway_plus.give_up_days", "1")
        mail = self.mail(gateway_since=fields.Datetime.now() - timedelta(hours=25))

        self.run_queue()

        self.assertEqual(mail.state, "exception")
        self.assertTrue(mail.dead_letter_at)


@tagged("post_install", "-at_install")
class TestSpentQuota(WaitingCase):
    def setUp(self):
        super().setUp()
        self.received, port = self.sink()
        self.server = self.outgoing("Main", port, when_spent="wait", session_limit=1)
        self.quota = self.env["mail.gateway.quota"].create(
            {"server_id": self.server.id, "max_messages": 2, "window_unit": "hour"}
        )

    def test_mail_waits_until_the_window_reopens_and_has_the_queue_run_then(self):
        mails = [self.mail(email_to=f"p{n}@home.example") for n in range(6)]

        self.run_queue()

        self.assertEqual(len(self.received.recipients), 2)
        free_at = self.env["mail.gateway.quota"]._next_free(self.server)[self.server.id]
        for mail in mails[2:5]:  # the next one's turn is in the next window
            late = (mail.scheduled_date - free_at).total_seconds()
            self.assertTrue(-2 <= late <= 5, late)
            self.assertEqual((mail.gateway_tries, mail.gateway_since), (0, False))
            self.assertEqual(mail.gateway_cause, "sending_quota")
        soon = free_at + timedelta(seconds=70)
        self.assertTrue([when for when in self.wakes() if free_at <= when <= soon])

    def test_mails_come_when_it_is_their_turn_and_not_all_when_the_window_opens(self):
        self.quota.window_unit = "minute"
        mails = [self.mail(email_to=f"p{n}@home.example") for n in range(8)]

        self.run_queue()

        free_at = self.env["mail.gateway.quota"]._next_free(self.server)[self.server.id]
        late = [(mail.scheduled_date - free_at).total_seconds() for mail in mails[2:]]
        minutes = [round(seconds / 60) for seconds in late]
        self.assertEqual(minutes, [0, 0, 0, 1, 1, 2])

    def test_mails_without_any_server_have_their_turns_as_well(self):
        self.quota.window_unit = "minute"
        self.server.when_spent = "next"
        self.env["mail.gateway.quota"]._reserve(self.server, 2, 2)
        mails = [self.mail(email_to=f"p{n}@home.example") for n in range(6)]

        self.run_queue()

        free_at = self.env["mail.gateway.quota"]._next_free(self.server)[self.server.id]
        late = [(mail.scheduled_date - free_at).total_seconds() for mail in mails]
        minutes = [round(seconds / 60) for seconds in late]
        self.assertEqual(minutes, [0, 0, 0, 1, 1, 2])

    def test_server_is_not_even_dialled_while_its_quota_is_spent(self):
        self.env["mail.gateway.quota"]._reserve(self.server, 2, 2)
        mail = self.mail()

        with patch.object(type(self.server), "_dial", side_effect=AssertionError):
            self.run_queue()

        self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 0))

    def test_mail_also_waits_where_the_next_server_was_to_stand_in(self):
        self.server.when_spent = "next"
        self.env["mail.gateway.quota"]._reserve(self.server, 2, 2)
        mail = self.mail()

        self.run_queue()

        free_at = self.env["mail.gateway.quota"]._next_free(self.server)[self.server.id]
        due = min(free_at, fields.Datetime.now() + timedelta(minutes=30))
        self.assertLess(abs(mail.scheduled_date - due), timedelta(seconds=5))


@tagged("post_install", "-at_install")
class TestProbe(WaitingCase):
    """A server that is out of use comes back by itself."""

    def probe(self):
        self.env.flush_all()
        with (
            self.as_in_production(),
            mute_logger("odoo.addons.mail_gateway_plus.models.ir_mail_server_probe"),
            self.committing(self.env["ir.mail_server"]) as servers,
        ):
            servers._gateway_probe_servers()

    def cooled_down(self, port, cause=REFUSED, **values):
        server = self.outgoing("Backup", port, **values)
        breaker = self.put_out_of_use(server, cause)
        breaker.open_until = fields.Datetime.now() - timedelta(seconds=1)
        return server

    def test_server_that_is_back_is_in_use_again_and_the_alert_is_gone(self):
        sink, port = self.sink()
        server = self.cooled_down(port)
        alerts = server.breaker_ids.alert_ids
        self.assertTrue(alerts)

        self.probe()

        self.assertEqual(server.breaker_state, "closed")
        self.assertFalse(alerts.exists())
        self.assertFalse(sink.recipients)

    def test_server_that_is_still_down_stays_out_of_use_for_longer(self):
        server = self.cooled_down(closed_port())

        self.probe()

        self.assertEqual(server.breaker_state, "open")
        self.assertEqual(server.breaker_ids.openings, 2)
        self.assertGreater(server.tried_again_at, fields.Datetime.now())

    def test_server_is_tried_as_soon_as_its_cool_down_is_over(self):
        breaker = self.put_out_of_use(self.outgoing("Backup", closed_port()))

        soon = breaker.open_until + timedelta(seconds=1)
        self.assertEqual(self.wakes(PROBE_CRON), [soon])

    def test_server_that_cools_down_is_left_alone(self):
        _sink, port = self.sink()
        server = self.outgoing("Backup", port)
        self.put_out_of_use(server)

        self.probe()

        self.assertEqual(server.breaker_state, "open")

    def test_server_that_a_person_put_out_of_use_is_left_alone(self):
        _sink, port = self.sink()
        server = self.outgoing("Backup", port)
        server.action_put_out_of_use()

        self.probe()

        self.assertEqual(server.breaker_state, "open")

    def test_login_does_not_prove_that_a_limit_of_the_server_is_over(self):
        _sink, port = self.sink()
        server = self.cooled_down(port)
        server.breaker_ids.cause = "rate_limit"

        self.probe()

        self.assertEqual(server.breaker_state, "open")

    def test_archived_and_unconfirmed_servers_are_left_alone(self):
        _sink, port = self.sink()
        archived, draft = self.cooled_down(port), self.cooled_down(port)
        archived.active, draft.state = False, "draft"

        self.probe()

        self.assertEqual(archived.breaker_ids.state, "open")
        self.assertEqual(draft.breaker_ids.state, "open")
