"""A message that came to the wrong record is moved by hand, one or a dozen."""

from unittest.mock import patch

from decision_case import DecisionCase
from gateway_case import FourMethodConnection, letter

from odoo.tests import tagged

WITH_FILE = (
    b"Message-ID: <file@home.example>\r\nFrom: amina@home.example\r\n"
    b"Subject: With a plan\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain\r\n\r\nSee the plan.\r\n--b\r\n"
    b'Content-Type: application/pdf; name="plan.pdf"\r\n\r\n%PDF\r\n--b--\r\n'
)


@tagged("post_install", "-at_install")
class TestMoves(DecisionCase):
    def done(self, *messages):
        server = self.mailbox(FourMethodConnection(*messages))
        self.fetch(server)
        self.process()
        return self.rows(server)

    def target(self, **values):
        return self.tickets.create({"subject": "The right one", **values})

    def move(self, rows, target, user=None):
        record = f"{target._name},{target.id}"
        return self.decide(rows, "move", user=user, record=record)

    def test_message_files_and_journal_go_to_the_other_record(self):
        row, target = self.done(WITH_FILE), self.target()
        wrong = self.ticket_of(row)
        message = wrong.message_ids.filtered("attachment_ids")

        told = self.move(row, target)

        self.assertEqual(told["type"], "success")
        self.assertEqual((message.model, message.res_id), (target._name, target.id))
        file = message.attachment_ids
        self.assertEqual((file.res_model, file.res_id), (target._name, target.id))
        self.assertEqual(self.ticket_of(row), target)
        self.assertIn("Moved to a record", row.route_notes)
        self.assertIn("Olga Petrova", row.route_notes)
        self.assertIn("is now on", wrong.message_ids[0].body)
        self.assertIn("was on", target.message_ids[0].body)

    def test_answers_to_a_moved_message_come_to_its_new_record(self):
        row, target = self.done(letter()), self.target()
        self.move(row, target)

        answer = self.done(letter("Re", "<2@x>", In_Reply_To="<1@home.example>"))

        self.assertEqual(self.ticket_of(answer), target)

    def test_many_are_moved_at_once_and_those_on_no_record_left_alone(self):
        rows = self.done(*(letter(f"No. {n}", f"<m{n}@x>") for n in range(3)))
        parked = self.parked(letter("Parked", "<parked@x>"))
        target = self.target()

        told = self.move(rows | parked, target)

        self.assertEqual({self.ticket_of(row) for row in rows}, {target})
        self.assertEqual(parked.state, "quarantined")
        self.assertEqual(told["type"], "warning")
        self.assertIn("on no record: 1", told["message"])

    def test_message_that_somebody_deleted_is_not_moved(self):
        row, target = self.done(letter()), self.target()
        wrong = self.ticket_of(row)
        wrong.message_ids.filtered(lambda m: m.message_id == row.message_id).unlink()

        told = self.move(row, target)

        self.assertEqual(self.ticket_of(row), wrong)
        self.assertIn("no longer shows", told["message"])

    def test_who_may_not_change_the_record_moves_nothing_from_it(self):
        row, target = self.done(letter()), self.target()
        wrong = self.ticket_of(row)
        other = self.env["res.company"].create({"name": "Other City"})
        wrong.company_id = other

        told = self.move(row, target)

        self.assertEqual(self.ticket_of(row), wrong)
        self.assertIn("may not change", told["message"])

    def test_nothing_is_moved_out_of_a_sealed_record(self):
        row, target = self.done(letter()), self.target()
        wrong = self.ticket_of(row)
        ticket_class = self.registry["grievance.ticket"]

        with patch.object(ticket_class, "_mail_gateway_is_sealed", lambda ticket: True):
            self.move(row, target)

        self.assertEqual(self.ticket_of(row), wrong)
