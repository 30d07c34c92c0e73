"""Every mail that Odoo can parse becomes a ticket with a number."""

import re
from datetime import datetime, timedelta

from grievance_case import GrievanceCase, letter

from odoo import fields
from odoo.tests import tagged

STRANGE_MAILS = {
    "no subject": letter(Subject=None),
    "empty subject": letter(Subject=""),
    "very long subject": letter(Subject="help " * 2000),
    "subject with line breaks hidden in it": letter({"Subject": "placeholder"}).replace(
        b"placeholder", b"=?utf-8?q?=0D=0ABcc:_everybody?="
    ),
    "subject in raw latin-1": letter(Subject="placeholder").replace(
        b"placeholder", "défaut".encode("latin-1")
    ),
    "no sender": letter(From=None),
    "unparsable sender": b"From: <<<@@>>\r\nSubject: x\r\n\r\nhelp\r\n",
    "sender without address": b"From: Amina\r\nSubject: x\r\n\r\nhelp\r\n",
    "several senders": letter(From="a@example.org, b@example.org"),
    "no recipient": letter(To=None),
    "no date": letter(Date=None),
    "nonsense date": letter(Date=None).replace(b"To:", b"Date: soon\r\nTo:"),
    "no message id": letter({"Message-ID": None}),
    "no headers": b"\r\nhelp\r\n",
    "nothing but one header": b"Subject: help\r\n",
    "empty body": letter(body=""),
    "html only": b"From: a@example.org\r\nSubject: x\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>help</p>\r\n",
    "broken html": b"From: a@example.org\r\nSubject: x\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<p <b>>&#0; <![CDATA[\r\n",
    "attachment only": b"From: a@example.org\r\nSubject: x\r\n"
    b'Content-Type: application/pdf; name="letter.pdf"\r\n'
    b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n"
    b"\r\nJVBERi0xLjQK\r\n",
    "multipart without parts": b"From: a@example.org\r\nSubject: x\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\nhelp\r\n",
}


@tagged("post_install", "-at_install")
class TestGrievanceIntake(GrievanceCase):
    def test_strange_mails_become_tickets(self):
        for name, raw in STRANGE_MAILS.items():
            with self.subTest(name):
                ticket = self.receive(raw)

                self.assertTrue(ticket.number)
                self.assertTrue(ticket.subject)
                self.assertNotRegex(ticket.subject, r"[\r\n]")
                self.assertLessEqual(len(ticket.subject), 250)
                self.assertTrue(ticket.received_at)
                self.assertTrue(ticket.display_name)
                letters = ticket.message_ids.filtered(
                    lambda message: message.message_type == "email"
                )
                self.assertEqual(len(letters), 1)

    def test_subject_of_a_mail_without_one(self):
        ticket = self.receive(letter(Subject=None))

        self.assertEqual(ticket.subject, "(no subject)")

    def test_mail_of_an_unknown_sender(self):
        ticket = self.receive(letter())

        self.assertFalse(ticket.partner_id)
        self.assertEqual(ticket.complainant_name, "Amina Diallo")
        self.assertEqual(ticket.email_normalized, "amina@complainant.example.org")
        self.assertEqual(ticket.stage_id.name, "New")
        self.assertIn("The water point is locked.", ticket.description)
        self.assertFalse(ticket.user_id)

    def test_mail_of_a_known_sender(self):
        partner = self.env["res.partner"].create(
            {"name": "Amina D.", "email": "amina@complainant.example.org"}
        )

        ticket = self.receive(letter())

        self.assertEqual(ticket.partner_id, partner)

    def test_mail_of_one_of_several_contacts_with_the_same_address(self):
        """Another grievance addon took whichever came first."""
        contacts = self.env["res.partner"].create(
            [
                {"name": name, "email": "amina@complainant.example.org"}
                for name in ("Moussa Diallo", "Amina Diallo")
            ]
        )

        named = self.receive(letter())
        unnamed = self.receive(letter(From="A <amina@complainant.example.org>"))

        self.assertEqual(named.partner_id, contacts[1])
        self.assertFalse(unnamed.partner_id)
        self.assertEqual(unnamed.complainant_name, "A")

    def test_mail_to_an_alias(self):
        alias = self.env["mail.alias"].create(
            {
                "alias_name": "complain",
                "alias_domain_id": self.mail_alias_domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
                "alias_contact": "everyone",
                "alias_defaults": "{'priority': '1'}",
            }
        )

        ticket_id = self.env["mail.thread"].message_process(
            None, letter(To=alias.alias_full_name)
        )

        ticket = self.tickets.browse(ticket_id)
        self.assertEqual(ticket.priority, "1")
        self.assertEqual(ticket.intake_address, alias.alias_full_name)

    def test_description_is_harmless(self):
        raw = (
            b"From: a@example.org\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n"
            b"<p onclick='evil()'>help</p><script>evil()</script>"
        )

        ticket = self.receive(raw)

        self.assertIn("help", ticket.description)
        self.assertNotIn("evil", ticket.description)

    def test_pictures_of_the_letter_are_seen_in_the_description(self):
        raw = (
            b"From: a@example.org\r\nSubject: x\r\n"
            b"Content-Type: multipart/related; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/html\r\n\r\n<p>see</p><img src='cid:pump'>\r\n"
            b'--b\r\nContent-Type: image/gif; name="pump.gif"\r\n'
            b"Content-ID: <pump>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            b"R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==\r\n--b--\r\n"
        )

        ticket = self.receive(raw)

        self.assertIn("/web/image/", ticket.description)
        self.assertNotIn("cid:", ticket.description)

    def test_received_when_our_server_took_it_in_whatever_the_sender_says(self):
        hop = "from home.example by mx.example.com; Tue, 03 Mar 2026 09:30:00 +0100"
        forged = "from a by b; Mon, 01 Jan 2024 00:00:00 +0000"
        raw = letter(Date="Thu, 01 Jan 2015 00:00:00 GMT")
        raw = f"Received: {hop}\r\nReceived: {forged}\r\n".encode() + raw

        ticket = self.receive(raw)

        self.assertEqual(ticket.received_at, datetime(2026, 3, 3, 8, 30))

    def test_received_now_where_no_server_says_or_says_nonsense(self):
        hops = ("Fri, 02 Mar 2096 10:00:00 +0000", "Thu, 1 Jan 1970 00:00:00 GMT", "x")
        mails = [
            f"Received: from a by b; {hop}\r\n".encode() + letter() for hop in hops
        ]
        for raw in [*mails, letter()]:
            ticket = self.receive(raw)

            age = fields.Datetime.now() - ticket.received_at
            self.assertLess(abs(age), timedelta(minutes=5))

    def test_numbers_are_unique_and_count_up(self):
        tickets = [self.receive(letter()) for _ in range(3)]
        tickets.append(self.tickets.create({"subject": "Told by phone"}))

        year = fields.Date.context_today(self.tickets).year
        counts = []
        for ticket in tickets:
            match = re.fullmatch(rf"GRV/{year}/(\d{{5}})", ticket.number)
            self.assertTrue(match, ticket.number)
            counts.append(int(match[1]))
        self.assertEqual(counts, list(range(counts[0], counts[0] + 4)))

    def test_taking_a_number_locks_nothing(self):
        sequence = self.env.ref("mail_gateway_plus_grievance.sequence_grievance_ticket")

        self.assertEqual(sequence.implementation, "standard")
        self.assertFalse(sequence.use_date_range)

    def test_name_of_a_ticket(self):
        ticket = self.receive(letter())

        self.assertEqual(ticket.display_name, f"[{ticket.number}] Water point")

    def test_a_copy_has_its_own_number(self):
        ticket = self.receive(letter())

        self.assertNotEqual(ticket.copy().number, ticket.number)

    def test_loop_detection_finds_the_tickets_of_a_sender(self):
        ticket = self.receive(letter())

        domain = self.tickets._detect_loop_sender_domain(ticket.email_normalized)

        self.assertIn(ticket, self.tickets.search(domain))
