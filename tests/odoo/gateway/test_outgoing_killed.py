"""Mail that changes hands: taken over, or left by a worker that was killed."""

from datetime import timedelta
from unittest.mock import patch

from outgoing_case import OutgoingCase

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.mail_gateway_plus.core.parsing.delivery_report import (
    DELIVERED,
    Reported,
)
from odoo.addons.mail_gateway_plus.core.protocols.smtp import SmtpSession

AMINA, BO, CARO = "amina@home.example", "bo@home.example", "caro@home.example"


@tagged("post_install", "-at_install")
class TestFence(OutgoingCase):
    """Between the content and the final dot a mail may change hands."""

    def run_while(self, change):
        """Run the queue with a mail that is changed at the fence.

        :param change: what somebody else writes to it, as SQL
        :returns: the mail, and what took what was sent
        """
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail()
        mail_class = self.registry["mail.mail"]
        fence = mail_class._gateway_fence

        def change_first(mails, token):
            update = SQL("UPDATE mail_mail SET %s WHERE id = %s", SQL(change), mails.id)
            mails.env.cr.execute(update)
            return fence(mails, token)

        with patch.object(mail_class, "_gateway_fence", change_first):
            self.run_queue()
        return mail, sink

    def test_mail_cancelled_meanwhile_is_not_sent(self):
        mail, sink = self.run_while("state = 'cancel'")

        self.assertEqual(mail.state, "cancel")
        self.assertFalse(sink.recipients)
        self.assertFalse(mail.gateway_claim)

    def test_mail_that_another_worker_has_taken_over_is_not_sent(self):
        mail, sink = self.run_while("gateway_claim = 42")

        self.assertFalse(sink.recipients)
        self.assertEqual(mail.gateway_claim, 42)


@tagged("post_install", "-at_install")
class TestKilledWorker(OutgoingCase):
    def held_by_the_dead(self, phase, **values):
        mail = self.mail(**values)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_mail SET gateway_claim = 42, gateway_phase = %s,"
            " gateway_claimed_until = now() + interval '1 hour' WHERE id = %s",
            [phase, mail.id],
        )
        self.env.invalidate_all()
        return mail

    def test_X1_mail_that_was_only_taken_is_sent(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.held_by_the_dead("taken")

        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, [AMINA])

    def test_X1_mail_that_was_handed_over_is_uncertain(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.held_by_the_dead("dot")

        self.run_queue()

        self.assertEqual(mail.state, "uncertain")
        self.assertFalse(sink.recipients)
        self.assertFalse(mail.gateway_claim)

    def test_mail_of_a_living_worker_is_left_alone(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.held_by_the_dead("dot")
        with self.mails._gateway_worker_token() as token:
            self.env.cr.execute(
                "UPDATE mail_mail SET gateway_claim = %s WHERE id = %s",
                [token, mail.id],
            )
            self.run_queue()

            self.assertEqual((mail.state, mail.gateway_claim), ("outgoing", token))
        self.assertFalse(sink.recipients)


@tagged("post_install", "-at_install")
class TestKilledAtTheDot(OutgoingCase):
    """The worker of a mail to three contacts is killed when the server has a letter."""

    def setUp(self):
        super().setUp()
        self.sink_of_main, port = self.sink()
        self.outgoing("Main", port)
        self.contacts = self.env["res.partner"].create(
            [
                {"name": address.partition("@")[0], "email": address}
                for address in (AMINA, BO, CARO)
            ]
        )
        message = self.env["mail.message"].create({"body": "To three"})
        self.killed = self.mail(
            email_to=False,
            recipient_ids=[Command.set(self.contacts.ids)],
            mail_message_id=message.id,
            is_notification=True,
        )
        self.notifications = self.env["mail.notification"].create(
            [
                {
                    "mail_message_id": message.id,
                    "mail_mail_id": self.killed.id,
                    "res_partner_id": contact.id,
                    "notification_type": "email",
                    "notification_status": "ready",
                }
                for contact in self.contacts
            ]
        )

    def kill_at_the_dot_to(self, *addresses):
        """Run the queue; whoever hands a letter to one of these over is killed then."""
        finish = SmtpSession.finish

        def finish_and_die(session, delivery):
            finish(session, delivery)
            if set(delivery.recipients) & set(addresses):
                raise RuntimeError("killed")

        with patch.object(SmtpSession, "finish", finish_and_die):
            self.run_queue()

    def statuses(self):
        self.notifications.invalidate_recordset()
        return self.notifications.mapped("notification_status")

    def test_X1_contacts_after_the_one_in_the_midst_get_it_at_once(self):
        self.kill_at_the_dot_to(AMINA)
        self.assertEqual(self.sink_of_main.recipients, [AMINA])

        self.run_queue()

        self.assertEqual(self.killed.state, "uncertain")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO, CARO])
        self.assertEqual(
            self.outcomes_of(self.killed), ["uncertain", "accepted", "accepted"]
        )
        self.assertEqual(self.statuses(), ["exception", "sent", "sent"])
        self.assertIn("Odoo was stopped when", self.killed.failure_reason)
        self.assertNotIn("250", self.killed.failure_reason)

    def test_X1_those_before_and_after_the_one_in_the_midst_are_reached(self):
        self.kill_at_the_dot_to(BO)
        self.run_queue()

        self.assertEqual(self.killed.state, "uncertain")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO, CARO])
        self.assertEqual(self.statuses(), ["sent", "exception", "sent"])

    def test_X1_nobody_is_left_where_the_last_one_was_in_the_midst(self):
        self.kill_at_the_dot_to(CARO)
        self.run_queue()

        self.assertEqual(
            (self.killed.state, self.killed.gateway_tries), ("uncertain", 0)
        )
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO, CARO])
        self.assertEqual(self.statuses(), ["sent", "sent", "exception"])

    def test_X1_worker_that_dies_again_and_again_asks_for_nobody_twice(self):
        for _death in range(3):
            self.kill_at_the_dot_to(AMINA, BO, CARO)
        self.run_queue()

        self.assertEqual(self.killed.state, "uncertain")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO, CARO])
        self.assertEqual(self.outcomes_of(self.killed), ["uncertain"] * 3)

    def test_X1_mail_too_old_for_another_try_is_still_uncertain_for_whom_it_is(self):
        long_ago = fields.Datetime.now() - timedelta(days=30)
        self.kill_at_the_dot_to(BO)
        self.killed.write({"gateway_tries": 3, "gateway_since": long_ago})

        self.run_queue()

        self.assertEqual(self.killed.state, "uncertain")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO])
        self.assertEqual(self.statuses(), ["sent", "exception", "exception"])

    def test_all_get_it_where_uncertain_mail_is_sent_again(self):
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.uncertain_policy_notification", "resend"
        )
        self.kill_at_the_dot_to(AMINA)
        self.run_queue()

        self.assertEqual(self.killed.state, "sent")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, AMINA, BO, CARO])

    def test_mail_is_sent_once_the_uncertain_one_is_known_to_have_it(self):
        self.kill_at_the_dot_to(AMINA)
        self.run_queue()

        self.killed.action_it_arrived()

        self.assertEqual(self.killed.state, "sent")
        self.assertEqual(self.outcomes_of(self.killed), ["accepted"] * 3)
        self.assertEqual(self.statuses(), ["sent"] * 3)

    def test_mail_is_sent_once_a_report_says_that_the_uncertain_one_has_it(self):
        self.kill_at_the_dot_to(AMINA)
        self.run_queue()
        reported = Reported(DELIVERED, (AMINA,), "2.0.0", 250, "Delivered")

        self.attempts_of(self.killed)._note_report(reported)

        self.assertEqual(self.killed.state, "sent")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO, CARO])

    def test_uncertain_one_only_gets_it_when_it_is_sent_again(self):
        self.kill_at_the_dot_to(AMINA)
        self.run_queue()

        self.killed.action_send_again()
        self.run_queue()

        self.assertEqual(self.killed.state, "sent")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, BO, CARO, AMINA])

    def test_contact_whose_address_was_mended_meanwhile_gets_it_once_it_arrived(self):
        self.contacts[1].email = False
        self.kill_at_the_dot_to(AMINA)
        self.run_queue()
        self.assertEqual(self.sink_of_main.recipients, [AMINA, CARO])

        self.contacts[1].email = BO
        self.killed.action_it_arrived()
        self.run_queue()

        self.assertEqual(self.killed.state, "sent")
        self.assertEqual(self.sink_of_main.recipients, [AMINA, CARO, BO])


@tagged("post_install", "-at_install")
class TestKilledWithCopies(OutgoingCase):
    """A letter to several is uncertain for those whom the server knew."""

    def test_X1_who_was_put_off_gets_it_once_the_worker_is_dead(self):
        sink, port = self.sink(deferred=[BO])
        self.outgoing("Main", port)
        mail = self.mail(email_to=AMINA, email_cc=BO)
        with patch.object(SmtpSession, "finish", side_effect=RuntimeError("killed")):
            self.run_queue()

        sink.deferred.clear()
        self.run_queue()

        self.assertEqual(mail.state, "uncertain")
        self.assertEqual(sink.recipients, [BO])
        self.assertEqual(mail.failure_reason.count("@"), 1)
