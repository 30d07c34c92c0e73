"""No rolling window of a server holds more mails or recipients than its quota."""

from datetime import timedelta

from gateway_case import GatewayCase
from psycopg2 import IntegrityError

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestQuota(GatewayCase):
    def setUp(self):
        super().setUp()
        self.quota = self.env["mail.gateway.quota"]
        self.server = self.outgoing("Relay", 25)

    def limit(self, **values):
        return self.quota.create(
            {"server_id": self.server.id, "window_unit": "hour", **values}
        )

    def reserve(self, messages, recipients=None):
        recipients = messages if recipients is None else recipients
        return self.quota._reserve(self.server, messages, recipients)

    def move_back(self, seconds):
        """Have what was reserved be so long ago."""
        self.env.cr.execute(
            "UPDATE mail_gateway_quota_use SET ends_at = ends_at - %s", [seconds]
        )

    def test_server_without_quota_takes_everything(self):
        self.assertEqual(self.reserve(1000), (1000, None))

    def test_no_more_than_the_quota_is_granted(self):
        self.limit(max_messages=3)

        granted, next_at = self.reserve(5)

        self.assertEqual(granted, 3)
        wait = next_at - fields.Datetime.now()
        self.assertTrue(timedelta(hours=1) <= wait <= timedelta(minutes=61, seconds=2))
        self.assertEqual(self.reserve(1)[0], 0)

    def test_all_quotas_of_a_server_hold(self):
        self.limit(max_messages=100, window_unit="day")
        self.limit(max_messages=2, window_unit="minute")

        self.assertEqual(self.reserve(5)[0], 2)

    def test_recipients_count_for_each_mail(self):
        self.limit(max_recipients=10)

        self.assertEqual(self.reserve(3, [4, 6, 1])[0], 2)

    def test_recipients_that_are_known_together_are_spread(self):
        self.limit(max_recipients=10)

        self.assertEqual(self.reserve(4, 20)[0], 2)

    def test_mail_that_never_fits_has_no_next_time(self):
        self.limit(max_recipients=10)

        self.assertEqual(self.reserve(1, 11), (0, None))

    def test_window_rolls(self):
        self.limit(max_messages=3)
        self.reserve(3)
        self.move_back(3590)
        self.assertEqual(self.reserve(1)[0], 0)

        self.move_back(100)
        self.assertEqual(self.reserve(5)[0], 3)

    def test_what_is_not_sent_is_given_back(self):
        self.limit(max_messages=3)
        self.reserve(3)

        self.quota._give_back(self.server, 2, 2)

        self.assertEqual(self.reserve(5)[0], 2)

    def test_form_shows_what_is_used(self):
        quota = self.limit(max_messages=4)
        self.reserve(3, 6)

        self.assertEqual((quota.used_messages, quota.used_recipients), (3, 6))
        self.assertEqual(quota.used_percent, 75)
        self.assertEqual(self.server.quota_percent, 75)
        self.assertFalse(quota.next_free_at)

        self.reserve(1)
        self.env.invalidate_all()
        self.assertTrue(quota.next_free_at)

    def test_buckets_that_left_the_window_are_dropped(self):
        quota = self.limit(max_messages=3)
        self.reserve(2)
        self.quota._gc_uses()
        self.assertEqual(quota.used_messages, 2)

        self.move_back(3700)
        self.quota._gc_uses()
        self.assertFalse(self.env["mail.gateway.quota.use"].sudo().search([]))

    @mute_logger("odoo.sql_db")
    def test_window_of_nothing_is_refused(self):
        with self.assertRaises(IntegrityError):
            self.limit(window_count=0)
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestRehearsal(GatewayCase):
    def rehearsed(self, server, **values):
        wizard = self.env["mail.gateway.rehearse.limits"].create(
            {"server_id": server.id, **values}
        )
        return wizard.outcome

    def limited(self, **values):
        server = self.outgoing("Relay", 25)
        server.quota_ids = [fields.Command.create({"window_unit": "hour", **values})]
        return server

    def test_it_says_how_many_go_when_and_sends_none(self):
        server = self.limited(max_messages=100)
        quotas = self.env["mail.gateway.quota"]
        quotas._reserve(server, 40, 40)

        outcome = self.rehearsed(server, mails=250)

        self.assertIn("The last ones would go out at", outcome)
        for count in (60, 90):
            self.assertRegex(outcome, rf"<td[^>]*>{count}</td>")
        self.assertEqual(server.quota_ids.used_messages, 40)
        self.assertFalse(self.attempts.search([("server_id", "=", server.id)]))

    def test_few_go_at_once(self):
        outcome = self.rehearsed(self.limited(max_messages=100), mails=100)

        self.assertIn("All of them would go out at once", outcome)

    def test_mail_that_never_fits_is_told(self):
        server = self.limited(max_recipients=10)

        outcome = self.rehearsed(server, mails=5, recipients=11)

        self.assertIn("No such mail would ever go out", outcome)

    def test_server_without_quotas_holds_nothing_back(self):
        self.assertIn("no quota", self.rehearsed(self.outgoing("Relay", 25)))

    def test_any_number_is_answered(self):
        server = self.limited(max_messages=1, window_unit="day")

        for mails in (-1, 0, 10**9):
            with self.subTest(mails):
                self.assertTrue(self.rehearsed(server, mails=mails))
