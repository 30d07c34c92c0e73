"""A server that fails is put out of use, for all workers, and comes back by itself."""

from datetime import timedelta

from freezegun import freeze_time
from gateway_case import GatewayCase

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.mail_gateway_plus.core.policy.verdict import Kind, Scope, Verdict

DOWN = Verdict(Kind.TEMPORARY, Scope.CONNECTION, cause="unreachable")
REFUSED = Verdict(Kind.PERMANENT, Scope.ACCOUNT, cause="login_refused")
UNKNOWN = Verdict(Kind.PERMANENT, Scope.RECIPIENT, cause="recipient_unknown")
NOON = fields.Datetime.to_datetime("2026-01-01 12:00:00")


@tagged("post_install", "-at_install")
class TestBreaker(GatewayCase):
    def setUp(self):
        super().setUp()
        self.breaker = self.env["mail.gateway.breaker"]
        self.server = self.outgoing("Relay", 25)

    def fail(self, number=1, verdict=DOWN, text=""):
        for _fault in range(number):
            self.breaker._note_fault(self.server, verdict, text)

    def usable(self):
        return self.usable_of(self.server)

    def usable_of(self, servers):
        return self.breaker._usable(servers, self.breaker._breakers(servers))

    def test_server_that_never_failed_has_no_row(self):
        self.breaker._note_success(self.server)

        self.assertEqual(self.usable(), self.server)
        self.assertFalse(self.server.breaker_ids)

    def test_three_faults_put_it_out_of_use(self):
        self.fail(2)
        self.assertEqual(self.usable(), self.server)

        self.fail()
        self.assertFalse(self.usable())
        self.assertEqual(self.server.breaker_state, "open")

    def test_refused_recipients_never_count(self):
        self.fail(20, UNKNOWN)

        self.assertFalse(self.server.breaker_ids)

    def test_success_of_many_costs_one_query(self):
        self.breaker._note_success(self.server)

        with self.assertQueryCount(1):
            self.breaker._note_success(self.server)

    def test_command_line_server_has_no_breaker(self):
        self.breaker._note_fault(self.env["ir.mail_server"], DOWN)

        self.assertFalse(self.breaker.search([]))

    def test_it_comes_back_after_two_good_tries(self):
        with freeze_time(NOON):
            self.fail(verdict=REFUSED)
        with freeze_time(NOON + timedelta(minutes=2)):
            for _try in range(2):
                self.assertEqual(self.usable(), self.server)
                self.assertTrue(self.breaker._is_probe(self.server))
                self.assertFalse(self.usable(), "two tries at once")
                self.breaker._note_success(self.server)

            self.assertEqual(self.server.breaker_state, "closed")
            breakers = self.breaker._breakers(self.server)
            settling = self.breaker._settling(self.server, breakers)
            self.assertEqual(settling, self.server)

    def test_no_try_is_taken_while_a_better_server_is_in_use(self):
        other = self.outgoing("Other", 25)
        with freeze_time(NOON):
            self.fail(verdict=REFUSED)
        with freeze_time(NOON + timedelta(hours=1)):
            self.assertEqual(self.usable_of(other + self.server), other)
            self.assertEqual(self.usable_of(self.server + other)[0], self.server)

    def test_half_of_ten_attempts_failing_put_it_out_of_use(self):
        values = {"server_id": self.server.id, "outcome": "accepted", "phase": "dot"}
        self.attempts.create([values] * 10)
        for _fault in range(4):
            self.fail()
            self.breaker._note_success(self.server)
        self.assertEqual(self.server.breaker_state, "closed")

        self.fail()
        self.assertEqual(self.server.breaker_state, "open")

    def test_administrators_are_told_once_and_again_when_it_is_back(self):
        before = self.env["mail.mail"].search([])
        with freeze_time(NOON):
            self.fail(5, REFUSED, "535 <b>No</b>")
        with freeze_time(NOON + timedelta(hours=1)):
            self.usable()
            self.fail()  # the try failed: known already

        told = self.env["mail.mail"].search([]) - before
        alerts = self.server.breaker_ids.alert_ids
        self.assertEqual(told.mapped("subject"), ["Relay is out of use"])
        self.assertIn("535 &lt;b&gt;No&lt;/b&gt;", told.body_html)
        self.assertIn(self.env.ref("base.user_admin"), alerts.user_id)

        self.server.action_put_into_use()
        told = self.env["mail.mail"].search([]) - before - told
        self.assertEqual(told.mapped("subject"), ["Relay is back in use"])
        self.assertFalse(alerts.exists())

    def test_administrator_puts_it_out_of_use_and_back(self):
        mails = self.env["mail.mail"].search_count([])
        self.server.action_put_out_of_use()
        with freeze_time(NOON + timedelta(days=1000)):
            self.assertFalse(self.usable())

        self.server.action_put_into_use()
        self.assertEqual(self.usable(), self.server)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_others_may_not_decide_about_it(self):
        user = new_test_user(self.env, "operator", "mail_gateway_plus.group_operator")

        for action in ("action_put_out_of_use", "action_put_into_use"):
            with self.assertRaises(AccessError):
                getattr(self.server.with_user(user), action)()

    def test_test_and_confirm_puts_it_back_into_use(self):
        _sink, port = self.sink()
        self.server.smtp_port = port
        self.server.from_filter = "city.example"
        self.fail(verdict=REFUSED)

        with self.really_sending():
            self.server.action_test_and_confirm()

        self.assertEqual(self.server.breaker_state, "closed")

    def test_form_says_why_in_the_users_words(self):
        self.fail(verdict=REFUSED, text="535 5.7.8 No")

        self.assertEqual(self.server.breaker_cause, "Login refused")
        self.assertEqual(self.server.breaker_text, "535 5.7.8 No")
        self.assertTrue(self.server.tried_again_at)

    def test_deleting_a_server_takes_its_breaker_along(self):
        self.fail(3)
        self.server.unlink()

        self.assertFalse(self.breaker.search([]))
