"""A system parameter that somebody mistyped stops no job."""

from datetime import timedelta

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.parameters import kept_since, whole_number

PARAMETER = ("mail_gateway_plus.some_number", 7)
LOGGER = "odoo.addons.mail_gateway_plus.parameters"


@tagged("post_install", "-at_install")
class TestParameters(GatewayCase):
    def enter(self, key, value):
        self.env["ir.config_parameter"].set_param(key, value)

    def test_number_that_is_entered_holds(self):
        self.enter(PARAMETER[0], " 12 ")

        self.assertEqual(whole_number(self.env, PARAMETER), 12)

    def test_default_holds_when_nothing_is_entered(self):
        with self.assertNoLogs(LOGGER):
            self.assertEqual(whole_number(self.env, PARAMETER), 7)

    def test_default_holds_and_is_told_when_nonsense_is_entered(self):
        for nonsense in ("a week", "7.5", "-1"):
            self.enter(PARAMETER[0], nonsense)
            with self.subTest(nonsense), self.assertLogs(LOGGER, "WARNING") as logs:
                self.assertEqual(whole_number(self.env, PARAMETER), 7)
                self.assertIn(nonsense, logs.output[0])

    def test_for_ever_is_no_date_before_the_first(self):
        self.enter(PARAMETER[0], "99999999999")

        self.assertLess(kept_since(self.env, PARAMETER), fields.Datetime.now())

    def test_mailboxes_are_read_with_no_number_of_threads(self):
        self.enter("mail_gateway_plus.parallel_mailboxes", "0")
        server = self.mailbox(FourMethodConnection(letter()))

        with self.assertLogs(LOGGER, "WARNING"):
            self.assertIsNone(self.fetch(server))

        self.assertEqual(len(self.rows(server)), 1)

    def test_nonsense_drops_nothing_early(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        row = self.rows(server)
        row.settled_at = fields.Datetime.now() - timedelta(days=1)
        attempt = self.attempts.create({"outcome": "accepted", "phase": "accepted"})
        for name in ("content_retention", "journal_retention", "attempt_retention"):
            self.enter(f"mail_gateway_plus.{name}_days", "-3")

        with self.assertLogs(LOGGER, "WARNING"):
            self.journal._gc_content()
            self.journal._gc_rows()
            self.attempts._gc_attempts()

        self.assertTrue(row.has_raw)
        self.assertTrue(attempt.exists())
