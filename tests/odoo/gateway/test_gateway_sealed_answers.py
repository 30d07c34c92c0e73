"""A letter about sealed records is kept from others by whatever leads it there."""

from gateway_case import letter
from test_gateway_sealed_letters import SENSITIVE, SealedLetterCase

from odoo.tests import tagged

TO = b"To: grievances@city.example"


@tagged("post_install", "-at_install")
class TestSealedAnswers(SealedLetterCase):
    def setUp(self):
        super().setUp()
        domain = self.env["mail.alias.domain"].create({"name": "city.example"})
        self.alias = self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.reply_tags", "True"
        )

    def test_answer_that_is_parked_before_its_sealed_ticket_is_found(self):
        row = self.receive_letters(SENSITIVE)
        ticket = self.env["grievance.ticket"].browse(row.res_id)
        reference = ticket._mail_gateway_signed_reference()
        address = ticket._mail_gateway_tagged(self.alias.alias_full_name)
        ours = {"sender": self.member.email, "body": "Thank you.\n"}
        other = letter("Pump", "<3@home.example>", **ours)
        by_number = letter(f"On [{reference}]", "<4@home.example>", **ours)
        by_address = letter("Thanks", "<5@home.example>", **ours)
        by_address = by_address.replace(TO, f"To: {address}".encode())

        rows = self.receive_letters(
            other, by_number, by_address, sender_policy="park", checks_senders=False
        )

        self.assertEqual(set(rows.mapped("state")), {"quarantined"})
        self.assert_operators_see(rows[0])
        self.assert_only_the_team_sees(rows[1:])

    def test_new_letter_whose_other_headers_name_an_address_of_grievances(self):
        other = letter("Other", body="To grievances@city.example\n")
        other = other.replace(TO, b"To: office@city.example")
        for header in ("Cc", "Delivered-To", "X-Original-To", "Envelope-To"):
            for address in ("Grievances@City.example", "grievances+r1@city.example"):
                with self.subTest(header, address=address):
                    copy = f"{header}: {address}\n".encode() + other

                    rows = self.journal_only(other, copy, object_id=False)

                    self.assertEqual(
                        rows.mapped("sealed_for"), [False, "grievance.ticket"]
                    )
                    self.assert_operators_see(rows[0])

    def test_so_does_one_that_an_mta_hands_over(self):
        other = letter("Other").replace(TO, b"To: office@city.example")
        copy = b"X-Original-To: grievances@city.example\r\n" + other

        rows = self.journal._take_handed_over(other.replace(b"\n", b"\r\n"))
        rows |= self.journal._take_handed_over(copy)

        self.assertEqual(rows.mapped("sealed_for"), [False, "grievance.ticket"])
