"""Mail of machines ends where it belongs: nothing is dropped, nothing is answered.

The tests are named after the defects of Odoo that they show to be gone.
"""

from unittest.mock import patch

from gateway_case import letter
from machine_case import MachineCase, sample

from odoo.tests import tagged

OUT_OF_OFFICE = sample.OUT_OF_OFFICE
UNRELATED = {
    "bounce": sample.POSTFIX,
    "receipt": sample.READ_RECEIPT,
    "abuse report": sample.ABUSE,
    "domain report": sample.DMARC,
}


@tagged("post_install", "-at_install")
class TestBounces(MachineCase):
    def test_O16_bounce_reaches_mail_attempt_recipient_and_record(self):
        mail, attempt = self.sent()

        row = self.received(sample.POSTFIX)

        self.assertEqual(row.state, "done", row.reason)
        self.assertEqual(
            (row.res_model, row.res_id), (self.ticket._name, self.ticket.id)
        )
        recipient = attempt.recipient_ids
        self.assertEqual((attempt.report, recipient.report), ("failed", "failed"))
        self.assertEqual((recipient.outcome, recipient.code), ("refused", 550))
        self.assertIn("User unknown", recipient.reply)
        self.assertNotIn("amina@", recipient.reply)
        self.assertEqual((mail.state, mail.failure_type), ("exception", "mail_bounce"))
        self.assertTrue(mail.dead_letter_at)
        self.assertIn("User unknown", mail.failure_reason)
        self.assertIn("could not be delivered to amina@home.example", self.notes()[0])
        self.assertIn("names the mail", row.route_notes)

    def test_bounce_is_told_where_odoo_tells_failures(self):
        mail, _attempt = self.sent()
        notification = mail.mail_message_id.notification_ids
        self.assertEqual(notification.res_partner_id, self.partner)

        for raw in (sample.POSTFIX, sample.QMAIL):
            notification.notification_status = "sent"
            self.received(raw)

            self.assertEqual(notification.notification_status, "bounce")
            self.assertEqual(notification.failure_type, "mail_bounce")

    def test_bounce_of_each_mail_system_is_understood(self):
        for name in ("EXCHANGE", "GMAIL", "QMAIL", "EXIM", "INTERNATIONAL"):
            with self.subTest(name):
                _mail, attempt = self.sent()

                self.received(getattr(sample, name))

                self.assertEqual(attempt.report, "failed")

    def test_retry_of_a_bounced_mail_asks_for_its_recipient_again(self):
        mail, attempt = self.sent()
        self.received(sample.POSTFIX)

        mail.action_retry()

        self.assertEqual(mail.state, "outgoing")
        self.assertFalse(attempt.recipient_ids.is_settled)

    def test_bounce_that_names_only_the_recipient_is_about_the_last_mail_to_it(self):
        self.sent()
        _mail, attempt = self.sent("<8.odoo@city.example>")

        row = self.received(sample.OLD_EXCHANGE)

        self.assertEqual(attempt.report, "failed")
        self.assertIn("names the recipient only", row.route_notes)

    def test_bounce_is_known_by_the_return_path_alone(self):
        self.sent(email_from="bounce+0123456789abcdef@city.example")
        _mail, other = self.sent("<8.odoo@city.example>")
        raw = sample.POSTFIX.replace(b"<7.odoo@", b"<rewritten@").replace(
            b"To: bounce@city", b"To: bounce+0123456789ABCDEF@city"
        )

        row = self.received(raw)

        self.assertEqual(row.res_id, self.ticket.id)
        self.assertFalse(other.report)
        self.assertIn("made for that one mail", row.route_notes)

    def test_bounce_of_mail_whose_row_is_gone_is_noted_on_its_attempt(self):
        mail, attempt = self.sent()
        mail.unlink()

        row = self.received(sample.POSTFIX)

        self.assertEqual(attempt.report, "failed")
        self.assertEqual(row.state, "done")

    def test_bounce_that_comes_twice_is_noted_once(self):
        self.sent()

        self.received(sample.POSTFIX)
        again = self.received(sample.POSTFIX)

        self.assertEqual(again.state, "duplicate")
        told = [note for note in self.notes() if "could not be delivered" in note]
        self.assertEqual(len(told), 1)

    def test_L11_delay_is_no_failure(self):
        mail, attempt = self.sent()
        self.partner.message_bounce = 0

        row = self.received(sample.POSTFIX_DELAYED)

        self.assertEqual(row.state, "done")
        self.assertFalse(self.partner.message_bounce)
        self.assertEqual((mail.state, attempt.report), ("sent", "delayed"))
        self.assertEqual(attempt.recipient_ids.outcome, "accepted")
        self.assertIn("is delayed", self.notes()[0])

    def test_L11_stock_odoo_counts_a_delay_as_a_bounce(self):
        self.sent()

        self.env["mail.thread"].message_process(False, sample.POSTFIX_DELAYED)

        self.assertEqual(self.partner.message_bounce, 1)

    def test_failure_counts_as_a_bounce_of_the_contact(self):
        self.sent()

        self.received(sample.POSTFIX)

        self.assertEqual(self.partner.message_bounce, 1)

    def test_delivery_report_settles_an_uncertain_mail(self):
        mail, attempt = self.sent(outcome="uncertain")
        mail.state = "uncertain"

        self.received(sample.POSTFIX_DELIVERED)

        self.assertEqual((mail.state, attempt.report), ("sent", "delivered"))
        self.assertEqual(attempt.recipient_ids.outcome, "accepted")

    def test_delay_and_then_delivery(self):
        _mail, attempt = self.sent()

        self.received(sample.POSTFIX_DELAYED)
        self.received(sample.POSTFIX_DELIVERED.replace(b"<r1@", b"<r2@"))

        self.assertEqual(attempt.report, "delivered")

    def test_each_recipient_of_one_mail_has_its_own_fate(self):
        _mail, attempt = self.sent()
        recipients = self.env["mail.gateway.recipient"]
        other = attempt.recipient_ids.copy(
            {"address_hash": recipients._hash("bo@home.example")}
        )

        self.received(sample.TWO_FATES)

        self.assertEqual(other.report, "delivered")
        self.assertEqual(
            attempt.recipient_ids.mapped("outcome"), ["refused", "accepted"]
        )
        self.assertEqual(attempt.report, "failed")

    def test_report_on_mail_that_was_not_sent_from_here(self):
        for what, raw in UNRELATED.items():
            for policy, state in (("ignore", "ignored"), ("park", "quarantined")):
                with self.subTest(what, policy=policy):
                    unknown = raw.replace(b"amina@", policy.encode() + b"@")

                    row = self.received(unknown, report_policy=policy)

                    self.assertEqual(row.state, state)
                    self.assertIn("names no mail", row.reason)

    def test_report_becomes_a_record_where_the_mailbox_says_so(self):
        for what, raw in UNRELATED.items():
            with self.subTest(what):
                row = self.received(raw, report_policy="record")

                self.assertEqual(row.state, "done", row.reason)
                self.assertNotEqual(row.res_id, self.ticket.id)

    def test_notice_that_nobody_understands_is_for_a_person(self):
        row = self.received(letter("News", sender="MAILER-DAEMON@mx.home.example"))

        self.assertEqual(row.state, "quarantined")
        self.assertIn("cannot be understood", row.reason)

    def test_L10_receipt_is_noted_on_what_was_read(self):
        mail, attempt = self.sent()

        row = self.received(sample.READ_RECEIPT)

        self.assertEqual((row.state, row.res_id), ("done", self.ticket.id))
        self.assertIn("was opened by amina@home.example", self.notes()[0])
        self.assertEqual(mail.state, "sent")
        self.assertFalse(attempt.report)

    def test_L10_abuse_report_is_noted_on_what_was_reported(self):
        self.sent()

        self.received(sample.ABUSE)

        self.assertIn("as unwanted", self.notes()[0])

    def test_L10_letter_to_the_bounce_address_and_a_mailbox_becomes_a_record(self):
        raw = letter(body="Dear city").replace(
            b"To: grievances@city.example",
            f"To: {self.domain.bounce_email}, grievances@city.example".encode(),
        )

        row = self.received(raw)

        self.assertEqual(row.state, "done", row.reason)
        ticket = self.env["grievance.ticket"].browse(row.res_id)
        self.assertIn("Dear city", ticket.description)

    def test_L10_stock_odoo_drops_it(self):
        raw = letter().replace(
            b"To: grievances@city.example",
            f"To: {self.domain.bounce_email}, grievances@city.example".encode(),
        )
        process = self.env["mail.thread"].message_process

        self.assertFalse(process("grievance.ticket", raw))
        self.assertFalse(process("grievance.ticket", sample.READ_RECEIPT))


@tagged("post_install", "-at_install")
class TestAutomaticMail(MachineCase):
    def test_L16_absence_is_noted_and_nothing_else_happens(self):
        closed = self.env.ref("mail_gateway_plus_grievance.stage_closed")
        self.sent()
        self.ticket.stage_id = closed
        ticket_class = self.registry[self.ticket._name]

        with patch.object(ticket_class, "message_update") as updated:
            row = self.received(OUT_OF_OFFICE)

        updated.assert_not_called()
        self.assertEqual((row.state, row.res_id), ("done", self.ticket.id))
        self.assertEqual(self.ticket.stage_id, closed)
        self.assertIn("on leave until Monday", self.notes()[0])
        message = self.ticket.message_ids[0]
        self.assertEqual(message.author_id, self.partner)
        self.assertFalse(message.notified_partner_ids)
        self.assertIn("automatic answer", row.reason)

    def test_L16_stock_odoo_makes_a_record_of_an_absence(self):
        record = self.env["mail.thread"].message_process(
            "grievance.ticket", OUT_OF_OFFICE
        )

        self.assertTrue(record)

    def test_absence_that_answers_nothing_opens_nothing(self):
        for policy, state in (("ignore", "ignored"), ("park", "quarantined")):
            row = self.received(
                OUT_OF_OFFICE.replace(b"<o1@", b"<%s@" % policy.encode()),
                answer_policy=policy,
            )

            self.assertEqual((row.state, row.res_id), (state, 0))
            self.assertIn("Nothing that it answers is known", row.reason)

    def test_absence_that_came_to_the_return_path_is_noted(self):
        self.sent(email_from="bounce+0123456789abcdef@city.example")
        raw = OUT_OF_OFFICE.replace(b"In-Reply-To: <7.odoo@city.example>\n", b"")
        raw = raw.replace(b"info@city", b"bounce+0123456789abcdef@city")

        row = self.received(raw)

        self.assertEqual(row.res_id, self.ticket.id)

    def test_automatic_messages_may_be_the_ticket(self):
        for policy, state in (
            ("record", "done"),
            ("park", "quarantined"),
            ("ignore", "ignored"),
        ):
            row = self.received(
                letter("Disk full", f"<{policy}@x>", Auto_Submitted="auto-generated"),
                automatic_policy=policy,
            )

            self.assertEqual(row.state, state)
            self.assertIn("Auto-Submitted: auto-generated", row.route_notes)

    def test_own_mail_that_comes_back_is_ignored_and_others_is_not(self):
        message = self.env["ir.mail_server"]._build_email__(
            "info@city.example", ["x@y.example"], "Hello", "Text"
        )
        raw = message.as_bytes()
        mark = message["X-Mail-Gateway-Origin"].encode()

        own = self.received(raw)
        other = self.received(raw.replace(mark, b"0" * 32))

        self.assertEqual(own.state, "ignored")
        self.assertIn("sent the mail itself", own.reason)
        self.assertEqual(other.state, "done", other.reason)

    def test_what_a_person_orders_is_done_with_mail_of_a_machine(self):
        row = self.received(OUT_OF_OFFICE, answer_policy="park")

        row._process_by_order(self.env["grievance.ticket"], "Retried")

        self.assertEqual(row.state, "done", row.reason)
        self.assertTrue(row.res_id)


@tagged("post_install", "-at_install")
class TestOwnMail(MachineCase):
    def prepared(self, **values):
        """Return the envelope sender and message of a mail of ours."""
        server = self.outgoing("Relay", 1, from_filter="city.example", **values)
        session = server._marked(type("Session", (), {})())
        session.from_filter, session.smtp_from = "city.example", False
        bounce = f"bounce@{self.domain.name}"
        session.from_filter = self.domain.name
        servers = self.env["ir.mail_server"].with_context(domain_bounce_address=bounce)
        message = servers._build_email__(
            f"info@{self.domain.name}", ["amina@home.example"], "Hello", "Text"
        )
        sender, _to, message = servers._prepare_email_message__(message, session)
        return sender, message

    def test_O16_return_path_has_a_token_where_the_server_is_to_give_one(self):
        sender, message = self.prepared(has_return_tokens=True)

        local, _at, domain = sender.partition("@")
        self.assertRegex(local, r"^bounce\+[0-9a-f]{16}$")
        self.assertEqual(domain, self.domain.name, "SPF would be another's")
        self.assertEqual(
            sender,
            self.env["ir.mail_server"]._with_return_token(
                f"bounce@{self.domain.name}", message["Message-Id"]
            ),
        )

    def test_return_path_is_as_odoo_has_it_elsewhere(self):
        sender, _message = self.prepared()

        self.assertEqual(sender, f"bounce@{self.domain.name}")

    def test_only_our_own_bounce_addresses_get_a_token(self):
        servers = self.env["ir.mail_server"]

        self.assertEqual(
            servers._with_return_token("x@shop.example", "<1@x>"), "x@shop.example"
        )

    def test_mail_that_odoo_writes_by_itself_says_so(self):
        mail, _attempt = self.sent()
        for kind, expected in (
            ("notification", "auto-generated"),
            ("auto_comment", "auto-generated"),
            ("comment", None),
        ):
            mail.message_type = kind

            (email,) = mail._prepare_outgoing_list()

            self.assertEqual((email["headers"] or {}).get("Auto-Submitted"), expected)

    def test_what_a_mail_says_of_itself_is_left_alone(self):
        mail, _attempt = self.sent()
        mail.write(
            {
                "message_type": "auto_comment",
                "headers": repr({"auto-submitted": "auto-replied"}),
            }
        )

        (email,) = mail._prepare_outgoing_list()

        self.assertEqual(email["headers"]["auto-submitted"], "auto-replied")
        self.assertNotIn("Auto-Submitted", email["headers"])
