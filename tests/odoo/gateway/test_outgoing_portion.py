"""Mails are made ready together: as many as fit, and none is the others' trouble."""

from unittest.mock import patch

from outgoing_case import OutgoingCase

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail_gateway_plus.models import mail_mail_portion


@tagged("post_install", "-at_install")
class TestPortion(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.smtp_sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)

    def test_mail_that_cannot_be_made_ready_is_the_only_one_given_up(self):
        bad = self.mail(email_to="bad@home.example")
        good = [self.mail(email_to=f"p{number}@home.example") for number in range(3)]
        mail_class = self.registry["mail.mail"]
        prepare = mail_class._prepare_outgoing_list

        def refusing(mail, *args, **kwargs):
            if mail.id == bad.id:
                raise ValueError("no such thing")
            return prepare(mail, *args, **kwargs)

        with (
            patch.object(mail_class, "_prepare_outgoing_list", refusing),
            mute_logger("odoo.addons.mail_gateway_plus.models.mail_mail_result"),
        ):
            self.run_queue()

        self.assertEqual(bad.state, "exception")
        self.assertEqual([mail.state for mail in good], ["sent"] * 3)
        self.assertEqual(len(self.smtp_sink.recipients), 3)

    def test_mail_that_waited_long_is_made_ready_anew(self):
        for number in range(3):
            self.mail(email_to=f"p{number}@home.example")
        made = []
        mail_class = self.registry["mail.mail"]
        prepare = mail_class._prepare_outgoing_list

        def noting(mail, *args, **kwargs):
            made.append(mail.email_to)
            return prepare(mail, *args, **kwargs)

        with (
            patch.object(mail_class, "_prepare_outgoing_list", noting),
            patch.object(mail_mail_portion, "READY_SECONDS", 0),
        ):
            self.run_queue()

        self.assertEqual(made.count("p0@home.example"), 1)
        self.assertGreater(made.count("p1@home.example"), 1)
        self.assertEqual(len(self.smtp_sink.recipients), 3)

    def test_mail_that_was_cancelled_while_it_waited_is_not_sent(self):
        first = self.mail()
        second = self.mail(email_to="bea@home.example")
        mail_class = self.registry["mail.mail"]
        conclude = mail_class._gateway_conclude

        def cancel_other(mail, *args, **kwargs):
            result = conclude(mail, *args, **kwargs)
            mail.env.cr.execute(
                "UPDATE mail_mail SET state = 'cancel' WHERE id = %s", [second.id]
            )
            return result

        with patch.object(mail_class, "_gateway_conclude", cancel_other):
            self.run_queue()

        self.assertEqual((first.state, second.state), ("sent", "cancel"))
        self.assertEqual(self.smtp_sink.recipients, ["amina@home.example"])

    def test_attachments_of_a_portion_fit_into_memory(self):
        attachment = self.env["ir.attachment"].create(
            {"name": "plan.pdf", "raw": b"x" * 400}
        )
        mails = self.mails.concat(
            *(self.mail(attachment_ids=attachment.ids) for _number in range(4))
        )

        with patch.object(mail_mail_portion, "PORTION_BYTES", 1000):
            few = mails._gateway_first_few()
        with patch.object(mail_mail_portion, "PORTION_BYTES", 1):
            one = mails._gateway_first_few()

        self.assertEqual(few, mails[:2])
        self.assertEqual(one, mails[:1])
