"""The queue is sent to its end, oldest first, and nobody waits for a server."""

from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from gateway_case import closed_port
from outgoing_case import OutgoingCase

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.models import mail_mail_queue, mail_mail_session

QUEUE_CRON = "mail.ir_cron_mail_scheduler_action"


@tagged("post_install", "-at_install")
class TestQueue(OutgoingCase):
    def test_queued_mail_is_sent(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail()

        self.run_queue()

        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertEqual(sink.recipients, ["amina@home.example"])
        attempt = self.attempts_of(mail)
        self.assertEqual((attempt.outcome, attempt.phase), ("accepted", "accepted"))
        self.assertEqual(attempt.queue_id, "4TEST1")
        self.assertEqual(self.outcomes_of(mail), ["accepted"])
        self.assertFalse(mail.gateway_claim)

    def test_O5_queue_is_sent_to_its_end_in_one_run(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        for number in range(45):
            self.mail(email_to=f"p{number}@home.example")

        with patch.object(mail_mail_queue, "CLAIMED_AHEAD", 10):
            self.run_queue()

        self.assertEqual(len(sink.recipients), 45)
        self.assertEqual(len(set(sink.recipients)), 45)

    def test_O6_oldest_goes_first(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        names = [f"p{number}@home.example" for number in range(6)]
        for name in names:
            self.mail(email_to=name)

        self.run_queue()

        self.assertEqual(sink.recipients, names)

    def test_urgent_mail_overtakes(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        bulk = self.mail(email_to="bulk@home.example", gateway_lane="3_bulk")
        note = self.mail(email_to="n@home.example", gateway_lane="2_notification")
        self.mail(email_to="reset@home.example", gateway_lane="1_interactive")

        self.run_queue()

        self.assertEqual(
            sink.recipients, ["reset@home.example", note.email_to, bulk.email_to]
        )

    def test_mailing_is_not_starved_by_urgent_mail(self):
        self.mail(gateway_lane="3_bulk")
        for _mail in range(40):
            self.mail(gateway_lane="1_interactive")
        self.env.flush_all()

        lanes = [lane for _id, lane, *_rest in self.mails._gateway_claim(7, 20)]

        self.assertEqual(lanes.count("3_bulk"), 1)
        self.assertEqual(lanes.count("1_interactive"), 19)

    def test_only_what_the_caller_names_is_sent(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        named, other = self.mail(email_to="a@home.example"), self.mail()

        self.run_queue(named.ids)
        self.assertEqual((named.state, other.state), ("sent", "outgoing"))

        self.run_queue(filters=[("email_to", "=", "b@home.example")])
        self.assertEqual(other.state, "outgoing")
        self.assertEqual(sink.recipients, ["a@home.example"])

    def test_mail_of_tomorrow_waits(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        mail = self.mail(scheduled_date=tomorrow)

        self.run_queue()

        self.assertEqual(mail.state, "outgoing")

    def test_several_sessions_share_the_work(self):
        sink, port = self.sink()
        server = self.outgoing("Main", port, session_limit=3)
        for number in range(30):
            self.mail(email_to=f"p{number}@home.example")
        dialled = []
        dial = type(server)._dial

        def noting(server, route):
            dialled.append(server.id)
            return dial(server, route)

        with patch.object(type(server), "_dial", noting):
            self.run_queue()

        self.assertEqual(len(sink.recipients), 30)
        self.assertEqual(len(dialled), 3)

    def test_session_is_renewed_after_so_many_mails(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        for number in range(7):
            self.mail(email_to=f"p{number}@home.example")

        with patch.object(mail_mail_session, "MAILS_PER_SESSION", 3):
            self.run_queue()

        self.assertEqual(len(sink.recipients), 7)

    def test_mail_that_cannot_be_made_holds_up_nobody(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        bad = self.mail(email_from="nobody", email_to="x@home.example")
        good = self.mail()
        with patch.object(
            type(self.env["ir.mail_server"]),
            "_get_default_bounce_address",
            return_value=None,
        ):
            self.run_queue()

        self.assertEqual(bad.state, "exception")
        self.assertEqual(bad.failure_type, "mail_from_invalid")
        self.assertTrue(bad.dead_letter_at)
        self.assertEqual(good.state, "sent")
        self.assertEqual(len(sink.recipients), 1)

    def test_mail_without_recipients_is_given_up(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail(email_to=False)

        self.run_queue()

        self.assertEqual(mail.state, "exception")
        self.assertEqual(mail.failure_type, "mail_email_missing")

    def test_deleted_after_sending_but_attempts_stay(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail(auto_delete=True)
        message_id = mail.message_id

        self.run_queue()

        self.assertFalse(mail.exists())
        attempt = self.attempts.search([("message_id", "=", message_id)])
        self.assertEqual(attempt.recipient_ids.outcome, "accepted")

    def test_attempt_is_found_by_the_address(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail(email_to="Amina <Amina@Home.example>")
        self.run_queue()

        find = self.attempts.search
        self.assertEqual(
            find([("recipient_address", "=", "AMINA@home.example")]),
            self.attempts_of(mail),
        )
        self.assertFalse(find([("recipient_address", "=", "bo@home.example")]))
        row = self.attempts_of(mail).recipient_ids
        self.assertNotIn("amina", row.address_hash)
        self.assertEqual(row.domain, "home.example")


@tagged("post_install", "-at_install")
class TestIntoTheQueue(OutgoingCase):
    """Creating and sending, as users and other addons do it."""

    def triggers(self):
        cron = self.env.ref(QUEUE_CRON)
        return self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])

    def test_O11_sending_does_not_wait_for_a_server(self):
        self.outgoing("Dead", closed_port())
        mail = self.mail()

        with self.as_in_production():
            mail.send()
            mail.send_after_commit()

        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.gateway_lane, "1_interactive")
        self.assertFalse(self.attempts_of(mail))

    def test_many_at_once_have_no_right_of_way(self):
        mails = self.mails.concat(
            *(self.mail(gateway_lane="2_notification") for _n in range(11))
        )

        with self.as_in_production():
            mails.send()

        self.assertEqual(set(mails.mapped("gateway_lane")), {"2_notification"})

    def test_mailing_stays_in_its_lane(self):
        mail = self.mail(gateway_lane="3_bulk")

        with self.as_in_production():
            mail.send()

        self.assertEqual(mail.gateway_lane, "3_bulk")

    def test_notification_is_known_by_its_message(self):
        message = self.env["mail.message"].create({"body": "Hello"})

        self.assertEqual(
            self.mail(mail_message_id=message.id).gateway_lane, "2_notification"
        )
        self.assertEqual(self.mail().gateway_lane, "1_interactive")

    def test_letters_to_many_at_once_do_not_go_before_what_somebody_waits_for(self):
        values = {"email_to": "amina@home.example", "is_notification": True}
        few, many = self.mails.create([values] * 10), self.mails.create([values] * 11)
        message = self.env["mail.message"].create({"body": "Hello"})
        told = self.mails.create([{**values, "mail_message_id": message.id}] * 11)

        self.assertEqual(set(few.mapped("gateway_lane")), {"2_notification"})
        self.assertEqual(set(many.mapped("gateway_lane")), {"3_bulk"})
        self.assertEqual(set(told.mapped("gateway_lane")), {"2_notification"})

    def test_O10_queue_is_woken_once_a_transaction(self):
        before = self.triggers()
        self.env.cr.precommit.clear()
        with self.as_in_production():
            self.mail()
            self.mail().send()
        self.env.cr.precommit.run()

        woken = self.triggers() - before
        self.assertEqual(len(woken), 1)
        self.assertLessEqual(woken.call_at, fields.Datetime.now())

    def test_O10_queue_is_woken_when_a_mail_comes_due(self):
        before = self.triggers()
        self.env.cr.precommit.clear()
        due = fields.Datetime.now().replace(second=30) + timedelta(hours=3)
        with self.as_in_production():
            self.mail(scheduled_date=due)
        self.env.cr.precommit.run()

        woken = self.triggers() - before
        self.assertEqual(woken.call_at, due.replace(second=0) + timedelta(minutes=1))

    def test_O10_queue_is_woken_although_a_savepoint_was_rolled_back_since(self):
        before = self.triggers()
        self.env.cr.precommit.clear()
        with self.as_in_production():
            self.mail()
            with suppress(ZeroDivisionError), self.env.cr.savepoint():
                self.mail()
                raise ZeroDivisionError
        self.env.cr.precommit.run()

        self.assertEqual(len(self.triggers() - before), 1)
