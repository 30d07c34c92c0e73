"""Recipients of one mail of whom each fares differently, at one try or at several."""

from outgoing_case import OutgoingCase

from odoo import Command
from odoo.tests import tagged

AMINA, BO, CARO = "amina@home.example", "bo@home.example", "caro@home.example"
LONG_AGO = "2026-01-01 00:00:00"


@tagged("post_install", "-at_install")
class TestMixedRecipients(OutgoingCase):
    """What the first try leaves open is settled at the next one, and ends there."""

    def setUp(self):
        super().setUp()
        self.server, port = self.sink()
        self.outgoing("Main", port)

    def try_again(self, mail):
        self.make_due(mail)
        self.run_queue()

    def assert_dead(self, mail, cause, *refused):
        self.assertEqual((mail.state, mail.gateway_cause), ("exception", cause))
        self.assertTrue(mail.dead_letter_at)
        self.assertEqual(mail.failure_reason.count("@"), len(refused))
        for word in refused:
            self.assertIn(word, mail.failure_reason)

    def test_X4_one_refused_and_one_accepted_at_the_retry_ends_there(self):
        self.server.refused, self.server.deferred = {BO}, {AMINA}
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()
        self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 1))

        self.server.deferred.clear()
        self.try_again(mail)

        self.assert_dead(mail, "recipient_unknown", "…@home.example: 550")
        self.assertEqual(self.server.recipients, [AMINA])
        self.try_again(mail)
        self.assertEqual(self.server.recipients, [AMINA])
        self.assertEqual(len(self.attempts_of(mail)), 2)

    def test_X4_so_it_is_with_contacts_who_get_a_letter_each(self):
        self.server.refused, self.server.deferred = {BO}, {AMINA}
        contacts = self.env["res.partner"].create(
            [{"name": address, "email": address} for address in (AMINA, BO, CARO)]
        )
        mail = self.mail(email_to=False, recipient_ids=[Command.set(contacts.ids)])
        self.run_queue()
        self.assertEqual((mail.state, self.server.recipients), ("outgoing", [CARO]))

        self.server.deferred.clear()
        self.try_again(mail)

        self.assert_dead(mail, "recipient_unknown", "…@home.example: 550")
        self.assertEqual(self.server.recipients, [CARO, AMINA])

    def test_X4_one_accepted_and_one_refused_at_the_retry_ends_there(self):
        self.server.deferred = {BO}
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()

        self.server.deferred, self.server.refused = set(), {BO}
        self.try_again(mail)

        self.assert_dead(mail, "recipient_unknown", f"{BO}: 550")
        self.assertEqual(self.server.recipients, [AMINA])

    def test_X4_all_refused_one_after_the_other_ends_there(self):
        self.server.refused, self.server.deferred = {BO}, {AMINA}
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()

        self.server.deferred, self.server.refused = set(), {AMINA, BO}
        self.try_again(mail)

        self.assert_dead(mail, "recipient_unknown", f"{AMINA}: 550", "…@home")
        self.assertFalse(self.server.recipients)

    def test_one_refused_and_one_put_off_for_too_long_ends_with_both(self):
        self.server.refused, self.server.deferred = {BO}, {AMINA}
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()

        mail.gateway_since = LONG_AGO
        self.try_again(mail)

        self.assert_dead(mail, "greylisted", f"{AMINA}: 451", "…@home.example: 550")

    def test_one_that_bounces_while_another_is_put_off_ends_at_the_retry(self):
        self.server.deferred = {BO}
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()
        row = self.recipients.search(
            [("mail_id", "=", mail.id), ("outcome", "=", "accepted")]
        )
        row.write({"outcome": "refused", "code": 552, "reply": "5.2.2 Mailbox full"})

        self.server.deferred.clear()
        self.try_again(mail)

        self.assert_dead(mail, "mailbox_full", "…@home.example: 552")
        self.assertEqual(self.server.recipients, [AMINA, BO])

    def test_one_uncertain_and_one_put_off_waits_for_a_person_after_the_retry(self):
        self.server.lost, self.server.deferred = {AMINA}, {BO}
        contacts = self.env["res.partner"].create(
            [{"name": address, "email": address} for address in (AMINA, BO)]
        )
        mail = self.mail(email_to=False, recipient_ids=[Command.set(contacts.ids)])
        self.run_queue()
        self.assertEqual(mail.state, "outgoing")

        self.server.deferred.clear()
        self.try_again(mail)

        self.assertEqual((mail.state, mail.gateway_cause), ("uncertain", "no_answer"))
        self.assertEqual(self.server.recipients, [AMINA, BO])
        mail.action_it_arrived()
        self.assertEqual(mail.state, "sent")

    def test_refused_one_is_told_and_asked_again_by_hand(self):
        self.server.refused, self.server.deferred = {BO}, {AMINA}
        contacts = self.env["res.partner"].create(
            [{"name": address, "email": address} for address in (AMINA, BO)]
        )
        message = self.env["mail.message"].create({"body": "To two"})
        mail = self.mail(
            email_to=False,
            recipient_ids=[Command.set(contacts.ids)],
            mail_message_id=message.id,
        )
        notifications = self.env["mail.notification"].create(
            [
                {
                    "mail_message_id": message.id,
                    "mail_mail_id": mail.id,
                    "notification_type": "email",
                    "notification_status": "ready",
                    "res_partner_id": contact.id,
                }
                for contact in contacts
            ]
        )
        self.run_queue()
        self.server.deferred.clear()
        self.try_again(mail)
        self.assertEqual(
            notifications.mapped("notification_status"), ["sent", "exception"]
        )

        self.server.refused.clear()
        mail.action_retry()
        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(self.server.recipients, [AMINA, BO])
