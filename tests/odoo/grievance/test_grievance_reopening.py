"""An answer of the complainant opens a closed ticket again."""

from grievance_case import GrievanceCase, letter

from odoo.tests import tagged

FIRST_LETTER = "<first-letter@complainant.example.org>"


@tagged("post_install", "-at_install")
class TestGrievanceReopening(GrievanceCase):
    def setUp(self):
        super().setUp()
        self.closed = self.env.ref("mail_gateway_plus_grievance.stage_closed")
        self.in_progress = self.env.ref("mail_gateway_plus_grievance.stage_in_progress")
        self.ticket = self.receive(letter({"Message-ID": FIRST_LETTER}))
        self.ticket.stage_id = self.closed

    def test_answer_of_the_complainant_reopens(self):
        self.receive(letter(In_Reply_To=FIRST_LETTER))

        self.assertEqual(self.ticket.stage_id, self.in_progress)

    def test_answer_reopens_an_archived_ticket(self):
        self.ticket.active = False

        self.receive(letter(In_Reply_To=FIRST_LETTER))

        self.assertTrue(self.ticket.active)

    def test_complainant_is_also_known_by_the_contact(self):
        self.ticket.partner_id = self.env["res.partner"].create(
            {"name": "Amina", "email": "amina@work.example.org"}
        )

        self.receive(letter(From="amina@work.example.org", In_Reply_To=FIRST_LETTER))

        self.assertEqual(self.ticket.stage_id, self.in_progress)

    def test_automatic_answer_does_not_reopen(self):
        self.receive(letter(In_Reply_To=FIRST_LETTER, Auto_Submitted="auto-replied"))

        self.assertEqual(self.ticket.stage_id, self.closed)

    def test_somebody_elses_answer_does_not_reopen(self):
        self.receive(letter(From="other@example.org", In_Reply_To=FIRST_LETTER))

        self.assertEqual(self.ticket.stage_id, self.closed)

    def test_answer_to_an_open_ticket_leaves_its_stage(self):
        self.ticket.stage_id = self.env.ref("mail_gateway_plus_grievance.stage_new")

        self.receive(letter(In_Reply_To=FIRST_LETTER))

        self.assertEqual(self.ticket.stage_id.name, "New")

    def test_first_open_stage_is_taken_if_in_progress_is_gone(self):
        every = self.ticket.with_context(active_test=False).search([])
        every.stage_id = self.closed
        self.in_progress.unlink()

        self.receive(letter(In_Reply_To=FIRST_LETTER))

        self.assertEqual(self.ticket.stage_id.name, "New")
