"""A message that cannot be processed still becomes a record, with what is known."""

from unittest.mock import patch

from decision_case import DecisionCase
from gateway_case import letter

from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestMinimal(DecisionCase):
    def test_message_that_cannot_be_processed_becomes_a_minimal_ticket(self):
        row = self.failed()
        raw = self.env["mail.gateway.raw"]._read(row.id)

        with (
            self.failing("message_new", ValueError("misconfigured")),
            self.failing("message_parse", ValueError("unreadable"), "mail.thread"),
        ):
            self.decide(row, "minimal")

        ticket = self.ticket_of(row)
        self.assertEqual(ticket.subject, "Broken street light")
        self.assertEqual(ticket.email_from, "Amina <amina@home.example>")
        note = ticket.message_ids[0]
        self.assertEqual(note.attachment_ids.name, "message.eml")
        self.assertEqual(note.attachment_ids.raw, raw)
        self.assertTrue(note.subtype_id.internal)
        self.assertIn("could not be processed", note.body)
        self.assertIn("Olga Petrova", note.body)
        self.assertIn("Olga Petrova", row.reason)

    def test_note_shows_hostile_headers_as_text(self):
        row = self.parked(letter("<script>alert(1)</script>"))

        self.decide(row, "minimal", record_type="grievance.ticket")

        self.assertNotIn("<script>", self.ticket_of(row).message_ids[0].body)

    def test_answer_of_the_sender_finds_the_minimal_ticket(self):
        row = self.parked()
        self.decide(row, "minimal", record_type="grievance.ticket")

        answer = letter("Re", "<2@home.example>", In_Reply_To="<1@home.example>")
        self.env["mail.thread"].message_process(False, answer)

        message = self.env["mail.message"].search(
            [("message_id", "=", "<2@home.example>")]
        )
        self.assertEqual(message.res_id, row.res_id)

    def test_message_without_a_subject_gets_one(self):
        row = self.parked(b"From: amina@home.example\n\nIt is dark.\n")

        self.decide(row, "minimal", record_type="grievance.ticket")

        self.assertEqual(self.ticket_of(row).subject, "(no subject)")

    def test_ticket_that_cannot_be_made_leaves_the_message_parked(self):
        row = self.parked()
        before = self.tickets.search_count([])

        with self.failing("message_post", ValueError("no room")):
            told = self.decide(row, "minimal", record_type="grievance.ticket")

        self.assertEqual(row.state, "quarantined")
        self.assertIn("no room", row.reason)
        self.assertIn("no room", told["message"])
        self.assertEqual(self.tickets.search_count([]), before)

    def test_reason_does_not_quote_the_values_of_the_row(self):
        row = self.parked()

        def post(ticket, **kwargs):
            ticket.env.cr.execute(
                "UPDATE grievance_ticket SET subject = NULL WHERE id = %s", [ticket.id]
            )

        with (
            patch.object(self.registry["grievance.ticket"], "message_post", post),
            self.assertLogs("odoo.sql_db", "ERROR"),
        ):
            self.decide(row, "minimal", record_type="grievance.ticket")

        self.assertIn("subject", row.reason)
        self.assertNotIn("Failing row", row.reason)

    def test_mailbox_without_a_type_asks_for_one(self):
        row = self.parked()

        told = self.decide(row, "minimal")

        self.assertIn("choose one", told["message"])
        self.assertEqual(row.state, "quarantined")

    def test_ticket_belongs_to_the_company_of_the_message(self):
        company = self.env["res.company"].create({"name": "Other City"})
        row = self.parked(company_id=company.id)
        self.olga.company_ids += company

        self.decide(row, "minimal", record_type="grievance.ticket")

        self.assertEqual(self.ticket_of(row).company_id, company)
