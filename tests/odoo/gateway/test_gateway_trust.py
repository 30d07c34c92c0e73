"""Of whom nothing shows who they are acts as nobody whom we know."""

from unittest.mock import patch

from gateway_case import letter
from sender_case import BORDER, PASSED, TrustCase

from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.hooks import post_init_hook
from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_trust

FAILED = f"{BORDER}; dmarc=fail (p=reject) header.from=home.example"


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
