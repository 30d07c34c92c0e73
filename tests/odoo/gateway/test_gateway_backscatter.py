"""An unverified sender passes no restricted alias, and gets no error message."""

from unittest.mock import patch

from sender_case import PASSED, TrustCase

from odoo.tests import tagged

from odoo.addons.mail.models.mail_thread import MailThread


@tagged("post_install", "-at_install")
class TestRestrictedAlias(TrustCase):
    def test_S7_spoofed_contact_passes_no_alias_for_contacts(self):
        alias = self.alias("partners")
        row = self.receive(self.trusting(), self.from_mayor())

        self.assertEqual(row.state, "quarantined")
        self.assertIn(alias.display_name, row.reason)
        self.assertFalse(self.bounces())

    def test_S7_spoofed_follower_passes_no_alias_for_followers(self):
        team = self.env["res.partner"].create({"name": "Team"})
        team.message_subscribe(self.mayor.partner_id.ids)
        self.alias(
            "followers",
            alias_parent_model_id=self.env["ir.model"]._get_id("res.partner"),
            alias_parent_thread_id=team.id,
        )
        spoofed, genuine = self.receive(
            self.trusting(), self.from_mayor(), self.from_mayor(PASSED, 2)
        )

        self.assertEqual(spoofed.state, "quarantined")
        self.assertEqual(genuine.state, "done")

    def test_alias_for_everybody_is_open(self):
        self.alias()
        row = self.receive(self.trusting(), self.from_mayor())
        self.assertEqual(row.state, "done")


@tagged("post_install", "-at_install")
class TestBackscatter(TrustCase):
    """S8: errors are reported to whoever the message names."""

    def restricted(self):
        self.alias("partners")
        self.mayor.partner_id.email = "else@city.example"

    def test_S8_unverified_sender_gets_no_error_message(self):
        self.restricted()
        row = self.receive(self.trusting(), self.from_mayor())

        self.assertEqual(row.state, "quarantined")
        self.assertFalse(self.bounces())

    def test_verified_sender_gets_it(self):
        self.restricted()
        self.receive(self.trusting(), self.from_mayor(PASSED))

        self.assertIn("mayor@city.example", self.bounces().email_to)
        self.assertEqual(self.bounces().state, "outgoing")

    def test_S8_it_does_not_go_to_a_return_path_of_somebody_else(self):
        self.restricted()
        raw = self.from_mayor(PASSED, Return_Path="<victim@else.example>")
        row = self.receive(self.trusting(), raw)

        self.assertFalse(self.bounces())
        self.assertIn("No error message", row.route_notes)

    def test_S8_nor_to_an_empty_one(self):
        self.restricted()
        self.receive(self.trusting(), self.from_mayor(PASSED, Return_Path="<>"))
        self.assertFalse(self.bounces())

    def test_I4_error_is_reported_after_the_commit_only(self):
        """What is rolled back and tried again reports once, from the queue."""
        self.restricted()
        self.outgoing("Out", self.sink()[1])
        sink, port = self.sink()
        self.outgoing("Out", port)
        with self.really_sending():
            self.receive(self.trusting(), self.from_mayor(PASSED))

        self.assertEqual(sink.recipients, [])
        self.assertEqual(len(self.bounces()), 1)

    def test_I4_failure_to_make_the_record_reports_nothing(self):
        """Odoo writes that report in a transaction of its own, at each try."""
        self.alias(alias_defaults="{'no_such_field': 1, 'stage_id': -1}")
        # In a test's one transaction that report would be rolled back with the rest.
        report = patch.object(MailThread, "_routing_create_bounce_email")
        with report as reported:
            row = self.receive(self.trusting(), self.from_mayor(PASSED))

        self.assertEqual(row.state, "quarantined")
        reported.assert_not_called()

    def test_S11_error_comes_from_the_company_that_was_written_to(self):
        other = self.env["res.company"].create({"name": "Harbour"})
        domain = self.env["mail.alias.domain"].create({"name": "harbour.example"})
        other.alias_domain_id = domain
        self.restricted()
        city = self.env["mail.alias.domain"].search([("name", "=", "city.example")])
        self.env.company.alias_domain_id = city
        self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": self.model_id,
                "alias_contact": "partners",
            }
        )
        raw = self.from_mayor(PASSED)
        raw = raw.replace(b"grievances@city.example", b"grievances@harbour.example")
        self.receive(self.trusting(), raw)

        self.assertIn("bounce@harbour.example", self.bounces().email_from)

    def test_S11_company_of_the_mailbox_comes_first(self):
        other = self.env["res.company"].create({"name": "Harbour"})
        other.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "harbour.example"}
        )
        self.restricted()
        self.receive(self.trusting(company_id=other.id), self.from_mayor(PASSED))

        self.assertIn("bounce@harbour.example", self.bounces().email_from)
