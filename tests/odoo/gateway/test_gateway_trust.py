"""Of whom nothing shows who they are: no user, no alias, no error message."""

from unittest.mock import patch

import dkim
from gateway_case import GatewayCase, letter

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail.models.mail_thread import MailThread
from odoo.addons.mail_gateway_plus.core.policy.deaths import DEATHS_UNTIL_PARKED
from odoo.addons.mail_gateway_plus.hooks import post_init_hook
from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_trust

from tests.rig.dkim_keys import as_strings, key_pair, key_record
from tests.rig.dns_server import DnsServer

BORDER = "mx.city.example"
PASSED = f"{BORDER}; dmarc=pass header.from=city.example"
CITY_KEY = ("mail._domainkey.city.example", "TXT", as_strings(key_record()))
FAILED = f"{BORDER}; dmarc=fail (p=reject) header.from=home.example"


class TrustCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mayor = cls.env["res.users"].create(
            {"name": "Mayor", "login": "mayor", "email": "mayor@city.example"}
        )
        cls.model_id = cls.env["ir.model"]._get_id("grievance.ticket")

    def trusting(self, **values):
        """Return a mailbox whose server is believed, and nobody else asked."""
        return self.mailbox(
            **{"authserv_ids": BORDER, "checks_senders": False, **values}
        )

    def from_mayor(self, results="", number=1, **headers):
        if results:
            headers["Authentication_Results"] = results
        return letter(
            f"Order {number}",
            f"<{number}@city.example>",
            sender="The Mayor <mayor@city.example>",
            **headers,
        )

    def alias(self, contact="everyone", **values):
        domain = self.env["mail.alias.domain"].search([("name", "=", "city.example")])
        domain = domain or domain.create({"name": "city.example"})
        return self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": self.model_id,
                "alias_contact": contact,
                **values,
            }
        )

    def bounces(self):
        return self.env["mail.mail"].search([("subject", "=like", "Re: Order%")])


@tagged("post_install", "-at_install")
class TestUnverifiedColleague(TrustCase):
    """S7: Odoo takes the address in From for who wrote."""

    def test_S7_spoofed_colleague_is_an_unknown_sender(self):
        row = self.receive(self.trusting(), self.from_mayor())

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        ticket = row._visible_record()
        self.assertEqual(ticket.create_uid, self.env.ref("base.user_root"))
        self.assertNotIn(self.mayor.partner_id, ticket.message_partner_ids)
        mail = ticket.message_ids.filtered(lambda m: m.message_type == "email")
        self.assertFalse(mail.author_id)
        self.assertIn("mayor@city.example", mail.email_from)
        notes = "".join(ticket.message_ids.mapped("body"))
        self.assertIn("Sender not verified", notes)
        self.assertIn("mayor@city.example", notes)

    def test_verified_colleague_acts_as_before(self):
        row = self.receive(self.trusting(), self.from_mayor(PASSED))

        self.assertEqual((row.state, row.verdict), ("done", "verified"))
        self.assertEqual(row.verdict_domain, "city.example")
        ticket = row._visible_record()
        mail = ticket.message_ids.filtered(lambda m: m.message_type == "email")
        self.assertEqual(mail.author_id, self.mayor.partner_id)
        self.assertEqual(ticket.create_uid, self.mayor)
        self.assertNotIn("not verified", "".join(ticket.message_ids.mapped("body")))

    def test_result_of_somebody_else_is_worth_nothing(self):
        forged = PASSED.replace(BORDER, "mx.evil.example")
        row = self.receive(self.trusting(), self.from_mayor(forged))

        self.assertEqual(row.verdict, "unverified")
        self.assertEqual(
            row._visible_record().create_uid, self.env.ref("base.user_root")
        )

    def test_stranger_of_whom_nothing_is_known_is_welcome(self):
        partner = self.env["res.partner"].create(
            {"name": "Amina", "email": "amina@home.example"}
        )
        row = self.receive(self.trusting(), letter())

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        mail = row._visible_record().message_ids.filtered(
            lambda m: m.message_type == "email"
        )
        self.assertEqual(mail.author_id, partner)

    def test_address_in_our_mail_domain_is_ours_without_a_user(self):
        self.alias()
        self.env["res.partner"].create({"name": "X", "email": "x@city.example"})
        row = self.receive(self.trusting(), letter(sender="x@city.example"))

        mail = row._visible_record().message_ids.filtered(
            lambda m: m.message_type == "email"
        )
        self.assertFalse(mail.author_id)

    def test_mailbox_may_quarantine_it(self):
        row = self.receive(self.trusting(sender_policy="park"), self.from_mayor())

        self.assertEqual(row.state, "quarantined")
        self.assertIn("mayor@city.example", row.reason)
        self.assertFalse(self.bounces())

    def test_parked_one_that_a_person_lets_go_is_still_nobody(self):
        row = self.receive(self.trusting(sender_policy="park"), self.from_mayor())

        row._process_by_order(self.env["grievance.ticket"], "by test")

        self.assertEqual(row.state, "done")
        ticket = row._visible_record()
        self.assertEqual(ticket.create_uid, self.env.ref("base.user_root"))
        self.assertFalse(
            ticket.message_ids.filtered(lambda m: m.message_type == "email").author_id
        )

    def test_mailbox_may_ignore_it(self):
        row = self.receive(self.trusting(sender_policy="refuse"), self.from_mayor())

        self.assertEqual(row.state, "ignored")
        self.assertIn("not verified", row.reason)
        self.assertFalse(self.bounces())
        self.assertFalse(row.res_id)

    def test_mailbox_that_was_there_before_does_as_odoo_does(self):
        server = self.trusting()
        post_init_hook(self.env)
        self.assertEqual(server.sender_policy, "odoo")
        server.authserv_ids = False

        row = self.receive(server, self.from_mayor())

        self.assertFalse(row.verdict)
        self.assertEqual(row._visible_record().create_uid, self.mayor)

    def test_what_an_mta_hands_over_is_believed_unless_said_otherwise(self):
        self.alias()
        row = self.journal._take_handed_over(self.from_mayor())
        self.process()
        self.assertEqual(row._visible_record().create_uid, self.mayor)

        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.handed_over_sender_policy", "park"
        )
        row = self.journal._take_handed_over(self.from_mayor(number=2))
        self.process()
        self.assertEqual(row.state, "quarantined")
        self.assertIn("not verified", row.reason)

    def test_fault_of_the_judge_keeps_no_message_out_of_the_journal(self):
        judge = patch.object(
            mail_gateway_inbound_trust, "judge_unasked", side_effect=IndexError
        )
        with judge, self.assertLogs("odoo.addons.mail_gateway_plus", "ERROR"):
            row = self.receive(self.trusting(), self.from_mayor(PASSED))

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        self.assertEqual(
            row._visible_record().create_uid, self.env.ref("base.user_root")
        )

    def test_two_senders_are_none(self):
        raw = self.from_mayor(PASSED).replace(
            b"From: ", b"From: evil@evil.example\nFrom: ", 1
        )
        row = self.receive(self.trusting(), raw)

        self.assertEqual(row.verdict, "unverified")
        self.assertEqual(
            row._visible_record().create_uid, self.env.ref("base.user_root")
        )

    def test_message_of_a_mailbox_that_is_gone_is_met_with_care(self):
        server = self.trusting()
        row = self.journal_letters(server, self.from_mayor())
        server.unlink()
        self.process()

        self.assertFalse(row.filtered(lambda r: r.create_uid == self.mayor))
        self.assertEqual(row.state, "quarantined")  # no mailbox, no record type


@tagged("post_install", "-at_install")
class TestDisownedSender(TrustCase):
    def test_failed_sender_opens_a_record_all_the_same(self):
        row = self.receive(self.trusting(), letter(Authentication_Results=FAILED))
        self.assertEqual((row.state, row.verdict), ("done", "failed"))

    def test_failed_sender_can_be_parked(self):
        row = self.receive(
            self.trusting(failed_policy="park"), letter(Authentication_Results=FAILED)
        )
        self.assertEqual(row.state, "quarantined")
        self.assertIn("amina@home.example", row.reason)


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


@tagged("post_install", "-at_install")
class TestOwnChecks(TrustCase):
    """What the mailbox's server does not tell is asked of the DNS, beforehand."""

    def dns(self, *records):
        server = DnsServer(*records).start()
        self.addCleanup(server.stop)
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.dns_server", server.address
        )
        return server

    def signed(self, number=1, domain=b"city.example"):
        raw = self.from_mayor(number=number).replace(b"\n", b"\r\n")
        return dkim.sign(raw, b"mail", domain, key_pair(1024)[0]) + raw

    def checking(self, **values):
        return self.mailbox(**values)

    def test_own_signature_verifies(self):
        dns = self.dns(CITY_KEY)
        server = self.checking()
        row = self.journal_letters(server, self.signed())
        self.assertTrue(row.awaits_check)
        self.assertEqual(dns.asked, [])

        self.process()

        self.assertEqual((row.state, row.verdict), ("done", "verified"))
        self.assertFalse(row.awaits_check)
        self.assertEqual(row._visible_record().create_uid, self.mayor)
        self.assertIn("DKIM: passed for city.example", row.verdict_notes)

    def test_broken_signature_does_not(self):
        self.dns(CITY_KEY)
        raw = self.signed().replace(b"dark", b"fine")
        row = self.receive(self.checking(), raw)

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        self.assertEqual(
            row._visible_record().create_uid, self.env.ref("base.user_root")
        )

    def test_nothing_is_asked_about_what_has_no_signature(self):
        dns = self.dns()
        row = self.receive(self.checking(), letter())

        self.assertEqual(row.state, "done")
        self.assertEqual(dns.asked, [])

    def test_domain_that_asks_for_refusal_is_heard_where_it_matters(self):
        self.dns(("_dmarc.home.example", "TXT", '"v=DMARC1; p=reject"'))
        row = self.receive(self.checking(failed_policy="unknown"), letter())

        self.assertEqual((row.state, row.verdict), ("done", "failed"))
        self.assertIn("home.example asks", row.verdict_notes)

    def test_silent_dns_has_the_message_wait_and_no_other(self):
        self.dns().stop()
        with self.quick_dns():
            server = self.checking()
            waiting, other = self.receive(server, self.signed(), letter())

        self.assertEqual((waiting.state, other.state), ("pending", "done"))
        self.assertTrue(waiting.awaits_check)
        self.assertGreater(waiting.retry_at, fields.Datetime.now())

    def test_dns_that_stays_silent_leaves_the_sender_unverified(self):
        self.dns().stop()
        with self.quick_dns():
            row = self.receive(self.checking(), self.signed())
            for _try in range(3):
                row.retry_at = fields.Datetime.now()
                self.process()

        self.assertEqual((row.state, row.verdict), ("done", "unverified"))
        self.assertIn("did not answer", row.verdict_notes)

    def test_silent_dns_is_no_reason_to_refuse(self):
        self.dns().stop()
        with self.quick_dns():
            row = self.receive(self.checking(sender_policy="refuse"), self.signed())
            for _try in range(3):
                row.retry_at = fields.Datetime.now()
                self.process()

        self.assertEqual(row.state, "quarantined")

    def test_sender_can_be_looked_at_again(self):
        self.dns(CITY_KEY)
        server = self.checking(checks_senders=False, sender_policy="park")
        row = self.receive(server, self.signed())
        self.assertEqual((row.state, row.verdict), ("quarantined", "unverified"))

        server.checks_senders = True
        row.action_check_sender()
        row.action_retry()

        self.assertEqual((row.state, row.verdict), ("done", "verified"))

    def test_many_that_wait_for_the_dns_keep_nobody_behind_them_waiting(self):
        self.dns().stop()
        with (
            self.quick_dns(),
            patch.object(mail_gateway_inbound_trust, "CHECKED_AT_ONCE", 2),
        ):
            letters = [self.signed(number) for number in range(1, 6)]
            rows = self.receive(self.checking(), *letters)

        self.assertEqual(rows.mapped("check_tries"), [1] * 5)

    def test_message_that_killed_who_looked_at_it_is_looked_at_alone_then_no_more(self):
        dns = self.dns(CITY_KEY)
        server = self.checking()
        deadly, other = self.journal_letters(server, self.signed(1), self.signed(2))
        deadly.check_starts = 2
        self.assertEqual((deadly + other)._not_deadly_to_check(), deadly)

        deadly.check_starts = DEATHS_UNTIL_PARKED
        self.process()

        self.assertEqual((deadly.state, deadly.verdict), ("done", "unverified"))
        self.assertIn("was killed", deadly.verdict_notes)
        self.assertEqual((other.state, other.verdict), ("done", "verified"))
        self.assertTrue(dns.asked)

    def quick_dns(self):
        return patch("odoo.addons.mail_gateway_plus.core.trust.asking.SECONDS", 0.2)

    def test_names_of_results_are_suggested(self):
        server = self.checking()
        raw = letter(Authentication_Results="mx.provider.example; spf=none")
        received = b"Received: from a by mx.provider.example; now\n"
        self.receive(server, received + raw)

        server.action_look_at_results()

        self.assertIn("mx.provider.example, below 1 Received", server.trust_seen)
