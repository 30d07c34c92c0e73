"""A person who writes is told the number; a machine is told nothing."""

from unittest.mock import patch

from grievance_case import MAILBOX, GrievanceCase, letter

from odoo.tests import tagged
from odoo.tools import mute_logger

MACHINES = {
    "automatic answer": letter(Auto_Submitted="auto-replied"),
    "generated": letter(Auto_Submitted="auto-generated; owner-email=x@example.org"),
    "bulk": letter(Precedence="bulk"),
    "junk": letter(Precedence="Junk"),
    "list by precedence": letter(Precedence="list"),
    "list by its id": letter(List_Id="<news.example.org>"),
    "no answers wanted": letter(X_Auto_Response_Suppress="DR, OOF, AutoReply"),
    "null return path": letter(Return_Path="<>"),
    "postmaster": letter(From="Postmaster@example.org"),
    "no-reply": letter(From="no-reply@example.org"),
    "bounce address": letter(From="bounces+42@example.org"),
    "our own mailbox": letter(From=MAILBOX),
    "no sender": letter(From=None),
}
PERSONS = {
    "plain": letter(),
    "says it is no machine": letter(Auto_Submitted="no"),
    "normal precedence": letter(Precedence="first-class"),
    "only wants no receipts": letter(X_Auto_Response_Suppress="DR, RN, NRN"),
    "return path": letter(Return_Path="<amina@complainant.example.org>"),
}


@tagged("post_install", "-at_install")
class TestGrievanceAcknowledgement(GrievanceCase):
    def test_persons_get_one(self):
        for name, raw in PERSONS.items():
            with self.subTest(name):
                ticket = self.receive(raw)

                self.assertEqual(len(self.acknowledgements(ticket)), 1)

    def test_machines_get_a_ticket_but_no_acknowledgement(self):
        for name, raw in MACHINES.items():
            with self.subTest(name):
                ticket = self.receive(raw)

                self.assertTrue(ticket.number)
                self.assertFalse(self.acknowledgements(ticket))

    def test_what_it_says_and_to_whom(self):
        ticket = self.receive(letter())

        mail = self.acknowledgements(ticket)
        self.assertIn(ticket.number, mail.subject)
        self.assertIn(ticket.number, mail.body_html)
        self.assertEqual(mail.email_to, "amina@complainant.example.org")
        self.assertFalse(mail.recipient_ids)
        self.assertIn(MAILBOX, mail.reply_to)
        self.assertEqual(mail.email_from, MAILBOX)

    def test_it_repeats_nothing_of_the_letter(self):
        ticket = self.receive(letter(Subject="Buy pills", body="Buy more pills"))

        mail = self.acknowledgements(ticket)
        self.assertNotIn("pills", f"{mail.subject} {mail.body_html}")

    def test_known_complainant_is_answered_at_the_address_that_wrote(self):
        self.env["res.partner"].create(
            {
                "name": "Amina",
                "email": "amina@complainant.example.org, amina@elsewhere.example.org",
            }
        )

        ticket = self.receive(letter())

        mail = self.acknowledgements(ticket)
        self.assertEqual(mail.email_to, "amina@complainant.example.org")

    def test_it_waits_in_the_queue_and_wakes_the_queue(self):
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])

        with self.mock_mail_gateway():
            ticket = self.receive(letter())

        self.assertFalse(self._mails)
        self.assertEqual(self.acknowledgements(ticket).state, "outgoing")
        after = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.assertEqual(after, before + 1)

    def test_it_declares_itself_automatic_and_refers_to_the_letter(self):
        ticket = self.receive(letter({"Message-ID": "<first@example.org>"}))

        with self.mock_mail_gateway():
            self.acknowledgements(ticket).send()

        self.assertEqual(len(self._mails), 1)
        self.assertEqual(self._mails[0]["headers"]["Auto-Submitted"], "auto-replied")
        self.assertEqual(self._mails[0]["references"], "<first@example.org>")
        self.assertIn(MAILBOX, self._mails[0]["reply_to"])

    def test_it_stands_after_the_letter(self):
        ticket = self.receive(letter())

        types = ticket.message_ids.sorted("id").mapped("message_type")
        self.assertEqual(types, ["email", "email_outgoing"])

    def test_a_reply_to_it_comes_back_to_the_ticket(self):
        ticket = self.receive(letter())
        acknowledgement = self.acknowledgements(ticket)
        with self.mock_mail_gateway():
            acknowledgement.send()
        self.assertTrue(acknowledgement.exists(), "kept: the reply refers to it")

        reply = self.receive(
            letter(In_Reply_To=acknowledgement.message_id, body="One more thing")
        )

        self.assertEqual(reply, ticket)
        self.assertIn("One more thing", ticket.message_ids[0].body)
        self.assertEqual(len(self.acknowledgements(ticket)), 1)

    def test_officers_answer_is_directed_to_the_mailbox(self):
        ticket = self.receive(letter())

        reply_to = ticket._notify_get_reply_to(default="officer@example.com")

        self.assertIn(MAILBOX, reply_to[ticket.id])

    def test_none_for_a_ticket_made_by_hand(self):
        ticket = self.tickets.create(
            {"subject": "Told by phone", "email_from": "amina@example.org"}
        )
        ticket.message_post(body="The caller was calm.")

        self.assertTrue(ticket.number)
        self.assertFalse(self.acknowledgements(ticket))

    @mute_logger(
        "odoo.addons.mail_gateway_plus_grievance.models.grievance_ticket_acknowledgement"
    )
    def test_a_broken_template_loses_no_ticket(self):
        template = self.env.ref(
            "mail_gateway_plus_grievance.mail_template_acknowledgement"
        )
        error = patch.object(
            type(template), "send_mail", side_effect=ZeroDivisionError("broken")
        )

        with error:
            ticket = self.receive(letter())

        self.assertTrue(ticket.number)
        self.assertFalse(self.acknowledgements(ticket))
        self.assertIn("could not be written", ticket.message_ids[0].body)

    @mute_logger(
        "odoo.addons.mail_gateway_plus_grievance.models.grievance_ticket_acknowledgement"
    )
    def test_a_deleted_template_loses_no_ticket(self):
        self.env.ref(
            "mail_gateway_plus_grievance.mail_template_acknowledgement"
        ).unlink()

        ticket = self.receive(letter())

        self.assertIn("could not be written", ticket.message_ids[0].body)

    @mute_logger("odoo.addons.mail_gateway_plus.parameters")
    def test_a_wrong_entry_in_odoos_loop_parameters_keeps_nobody_from_an_answer(self):
        ticket = self.receive(letter())

        for key in ("mail.gateway.loop.minutes", "mail.gateway.loop.threshold"):
            self.env["ir.config_parameter"].set_param(key, "many")

        self.assertTrue(ticket._may_acknowledge())

    def test_two_machines_that_pose_as_persons_do_not_go_on_for_ever(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "3")

        tickets = [self.receive(letter()) for _ in range(5)]

        counts = [len(self.acknowledgements(ticket)) for ticket in tickets]
        self.assertEqual(counts, [1, 1, 1, 0, 0])
