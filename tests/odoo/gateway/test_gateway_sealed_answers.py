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

    # ------------------------------------------------------------- before a look at it

    def common_mailbox(self, *raws):
        """Have letters written down in a mailbox of something else."""
        model = self.env["ir.model"]._get_id("res.partner")
        return self.journal_only(*raws, object_id=model, user="office@city.example")

    def sealed_ticket(self):
        row = self.receive_letters(SENSITIVE)
        return self.env["grievance.ticket"].browse(row.res_id)

    def test_letter_that_names_a_sealed_ticket_by_its_signed_number(self):
        ticket = self.sealed_ticket()
        other = self.env["grievance.ticket"].create({"subject": "Water"})
        raws = [
            letter(subject, f"<{number}@home.example>").replace(
                TO, b"To: office@city.example"
            )
            for number, subject in enumerate(
                (
                    f"Water [{other._mail_gateway_signed_reference()}]",
                    f"Fwd: She [{ticket._mail_gateway_signed_reference()}]",
                    f"Überfall «{ticket._mail_gateway_signed_reference()}»",
                ),
                start=10,
            )
        ]

        rows = self.common_mailbox(*raws)

        self.assertEqual(set(rows.mapped("state")), {"pending"})
        self.assert_operators_see(rows[0])
        self.assert_only_the_team_sees(rows[1:])

    def test_letter_to_a_tagged_address_at_another_types_alias(self):
        """Wherever answers are directed to: the tag alone names the record."""
        office = self.alias.copy(
            {
                "alias_name": "office",
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        ticket = self.sealed_ticket()
        theirs = self.env["res.partner"].create({"name": "Bo"})
        addresses = [
            record._mail_gateway_tagged(office.alias_full_name)
            for record in (theirs, ticket)
        ]
        for header in ("To", "Delivered-To"):
            with self.subTest(header):
                raws = [
                    f"{header}: {address}\n".encode()
                    + letter(subject).replace(TO, b"Cc: x@else.example")
                    for subject, address in zip(
                        (f"{header} Bo", f"{header} her"), addresses, strict=True
                    )
                ]

                rows = self.common_mailbox(*raws)

                self.assert_operators_see(rows[0])
                self.assert_only_the_team_sees(rows[1])

    def test_batch_costs_one_statement_more(self):
        ticket = self.sealed_ticket()
        reference = ticket._mail_gateway_signed_reference()
        raws = [letter(f"{n} [{reference}]", f"<n{n}@x>") for n in range(20)]
        rows = self.common_mailbox(*raws)
        self.assertEqual(set(rows.mapped("sealed_for")), {"grievance.ticket"})
        rows.write({"sealed_for": False})
        rows.flush_recordset()
        subjects = {row.id: row.subject for row in rows}
        self.assertEqual(rows.server_id.object_id.model, "res.partner")

        with self.assertQueryCount(1):
            rows._keep_sealed(subjects, rows.server_id)

        self.assertEqual(set(rows.mapped("sealed_for")), {"grievance.ticket"})
