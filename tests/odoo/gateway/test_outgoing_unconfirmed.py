"""Mail whose servers cannot be used for the moment waits, says why, and goes out."""

from datetime import timedelta

from outgoing_case import OutgoingCase

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.core.policy.verdict import Kind, Scope, Verdict
from odoo.addons.mail_gateway_plus.models.mail_mail_queue import CLAIMED_AHEAD


class UnusableCase(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.received, port = self.sink()
        self.server = self.outgoing("Main", port, from_filter="city.example")
        self.env["mail.alias.domain"].search([]).default_from = False

    def has_waited(self, mail, **time):
        """Have a mail be first due so long ago, and due again."""
        mail.gateway_since = fields.Datetime.now() - timedelta(**time)
        self.make_due(mail)

    def assertWaits(self, mail, cause, words):
        self.assertEqual((mail.state, mail.gateway_cause), ("outgoing", cause))
        self.assertRegex(mail.failure_reason, words)
        self.assertGreater(mail.scheduled_date, fields.Datetime.now())
        self.assertEqual(mail.gateway_tries, 0)
        self.assertFalse(mail.gateway_claim)
        self.assertFalse(self.attempts_of(mail))

    def assertGivenUp(self, mail, cause):
        self.assertEqual((mail.state, mail.gateway_cause), ("exception", cause))
        self.assertTrue(mail.dead_letter_at)


@tagged("post_install", "-at_install")
class TestUnconfirmed(UnusableCase):
    def setUp(self):
        super().setUp()
        self.server.smtp_pass = "changed"
        self.assertEqual(self.server.state, "draft")

    def confirm(self):
        self.server.write({"smtp_user": False, "smtp_pass": False})
        with self.as_in_production():
            self.server.action_test_and_confirm()
        self.assertEqual(self.server.state, "done")

    def test_mail_waits_for_its_only_server_and_says_so(self):
        mail = self.mail()

        self.run_queue()

        since = self.server.unconfirmed_since
        self.assertWaits(
            mail, "not_confirmed", f"Main is not confirmed since {since:%Y-%m-%d %H:%M}"
        )

    def test_servers_for_other_senders_do_not_change_that(self):
        others, port = self.sink()
        self.outgoing("Others", port, from_filter="other.example")
        mail = self.mail()

        self.run_queue()

        self.assertWaits(mail, "not_confirmed", "Main is not confirmed since")
        self.assertFalse(others.recipients)

    def test_it_goes_by_another_server_that_may_send_for_the_sender(self):
        backup, port = self.sink()
        self.outgoing("Backup", port)
        mail = self.mail()

        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(len(backup.recipients), 1)

    def test_confirming_sends_what_waits(self):
        mail = self.mail()
        self.run_queue()

        self.confirm()
        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertFalse(mail.gateway_cause)
        self.assertEqual(len(self.received.recipients), 1)

    def test_it_is_given_up_only_after_the_days_that_are_set(self):
        mail = self.mail()
        self.has_waited(mail, days=3)
        self.run_queue()
        self.assertEqual(mail.state, "outgoing")

        self.has_waited(mail, days=4, hours=1)
        self.run_queue()

        self.assertGivenUp(mail, "not_confirmed")

    def test_confirming_by_the_dialog_sends_what_waits(self):
        mail = self.mail()
        self.run_queue()
        self.server.write({"smtp_user": False, "smtp_pass": False})

        self.server._confirm_tested([])
        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)

    def test_confirming_by_the_dialog_puts_the_server_back_into_use(self):
        refused = Verdict(Kind.PERMANENT, Scope.ACCOUNT, cause="login_refused")
        self.env["mail.gateway.breaker"]._note_fault(self.server, refused)
        self.assertEqual(self.server.breaker_state, "open")

        self.server._confirm_tested([])

        self.assertEqual(self.server.breaker_state, "closed")

    def test_mails_that_wait_do_not_hold_up_those_behind_them(self):
        others, port = self.sink()
        self.outgoing("Others", port, from_filter="other.example")
        waiting = [self.mail() for _number in range(CLAIMED_AHEAD + 5)]
        mail = self.mail(email_from="desk@other.example")

        self.run_queue()

        self.assertEqual({each.state for each in waiting}, {"outgoing"})
        self.assertEqual(mail.state, "sent")

    def test_confirming_sends_what_was_given_up(self):
        mail = self.mail()
        self.has_waited(mail, days=5)
        self.run_queue()

        self.confirm()
        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)

    def test_it_is_looked_at_less_and_less_often(self):
        new, old = self.mail(), self.mail()
        self.has_waited(old, days=1)

        self.run_queue()

        now = fields.Datetime.now()
        self.assertLess(new.scheduled_date, now + timedelta(minutes=2))
        self.assertGreater(old.scheduled_date, now + timedelta(minutes=25))

    def test_unconfirmed_server_for_other_senders_is_not_waited_for(self):
        _sink, port = self.sink()
        self.server.from_filter = "third.example"
        self.outgoing("Others", port, from_filter="other.example")
        mail = self.mail()

        self.run_queue()

        self.assertGivenUp(mail, "sender_refused")

    def test_archived_server_is_not_waited_for(self):
        _sink, port = self.sink()
        self.outgoing("Others", port, from_filter="other.example")
        self.server.action_archive()
        mail = self.mail()

        self.run_queue()

        self.assertGivenUp(mail, "sender_refused")


@tagged("post_install", "-at_install")
class TestOutOfUse(UnusableCase):
    """A person has put the only server out of use."""

    def setUp(self):
        super().setUp()
        self.server.action_put_out_of_use()

    def test_mail_waits_and_says_so(self):
        mail = self.mail()

        self.run_queue()

        self.assertWaits(mail, "out_of_use", "Main is out of use since 20")

    def test_it_goes_out_once_the_server_is_put_back(self):
        mail = self.mail()
        self.run_queue()

        self.server.action_put_into_use()
        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)

    def test_it_is_given_up_after_the_days_that_are_set_and_comes_back(self):
        mail = self.mail()
        self.has_waited(mail, days=5)
        self.run_queue()
        self.assertGivenUp(mail, "out_of_use")

        self.server.action_put_into_use()
        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)

    def test_test_of_the_server_leaves_it_out_of_use(self):
        with self.as_in_production():
            self.server.action_test_and_confirm()

        self.assertEqual(self.server.breaker_state, "open")
