"""Each recipient is reached once, or the mail is on a list that says why."""

from unittest.mock import patch

from gateway_case import closed_port
from outgoing_case import NOISY, OutgoingCase

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail_gateway_plus.models import mail_mail_queue

AMINA, BO = "amina@home.example", "bo@home.example"
NOBODY = "nobody@home.example"


@tagged("post_install", "-at_install")
class TestResults(OutgoingCase):
    def partners(self, *addresses):
        return self.env["res.partner"].create(
            [{"name": address, "email": address} for address in addresses]
        )

    def test_O1_next_server_takes_it_when_the_first_is_down(self):
        sink, port = self.sink()
        self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Backup", port, sequence=2)
        mails = self.mail() + self.mail(email_to=BO)

        self.run_queue()

        self.assertEqual(mails.mapped("state"), ["sent", "sent"])
        self.assertEqual(sorted(sink.recipients), [AMINA, BO])
        down, backup = self.attempts_of(mails[0])
        self.assertEqual((down.server_name, down.outcome), ("Down", "failed"))
        self.assertEqual((backup.server_name, backup.outcome), ("Backup", "accepted"))
        self.assertIn("Sent by Backup because of Down", mails[0].gateway_detour)

    def test_O1_mail_is_tried_again_when_no_server_is_up(self):
        self.outgoing("Down", closed_port())
        mail = self.mail()

        self.run_queue()

        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.gateway_tries, 1)
        self.assertGreater(mail.scheduled_date, mail.create_date)
        self.assertIn("Down", mail.failure_reason)
        self.assertFalse(mail.dead_letter_at)

    def test_O2_greylisted_mail_is_tried_again(self):
        sink, port = self.sink(deferred=[AMINA])
        self.outgoing("Main", port)
        mail = self.mail()

        self.run_queue()
        self.assertEqual((mail.state, mail.gateway_tries), ("outgoing", 1))
        self.assertEqual(mail.gateway_cause, "greylisted")
        self.assertIn("451", mail.failure_reason)
        self.run_queue()
        self.assertEqual(mail.gateway_tries, 1, "it is not due")

        sink.deferred.clear()
        self.make_due(mail)
        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertFalse(mail.failure_reason)
        self.assertEqual(sink.recipients, [AMINA])
        self.assertEqual(self.outcomes_of(mail), ["deferred", "accepted"])

    def test_mail_is_given_up_when_its_time_is_over(self):
        _sink, port = self.sink(deferred=[AMINA])
        self.outgoing("Main", port)
        mail = self.mail(gateway_tries=9, gateway_since="2026-01-01 00:00:00")

        self.run_queue()

        self.assertEqual((mail.state, mail.gateway_cause), ("exception", "greylisted"))
        self.assertTrue(mail.dead_letter_at)

    def test_O8_refused_copy_is_not_sent(self):
        sink, port = self.sink(refused=[NOBODY])
        self.outgoing("Main", port)
        mail = self.mail(email_to=AMINA, email_cc=NOBODY)

        self.run_queue()

        self.assertEqual(mail.state, "exception")
        self.assertEqual(mail.gateway_cause, "recipient_unknown")
        self.assertIn(NOBODY, mail.failure_reason)
        self.assertNotIn(AMINA, mail.failure_reason)
        self.assertEqual(sink.recipients, [AMINA])
        self.assertEqual(self.outcomes_of(mail), ["accepted", "refused"])
        self.assertEqual(self.attempts_of(mail).outcome, "partial")

    def test_O9_refused_contact_does_not_stop_those_after_it(self):
        sink, port = self.sink(refused=[NOBODY])
        self.outgoing("Main", port)
        partners = self.partners(AMINA, NOBODY, BO)
        mail = self.mail(email_to=False, recipient_ids=partners.ids)

        self.run_queue()

        self.assertEqual(sorted(sink.recipients), [AMINA, BO])
        self.assertEqual(mail.state, "exception")
        self.assertIn(NOBODY, mail.failure_reason)

    def test_notifications_tell_who_was_reached(self):
        _sink, port = self.sink(refused=[NOBODY])
        self.outgoing("Main", port)
        partners = self.partners(AMINA, NOBODY)
        message = self.env["mail.message"].create({"body": "Hello"})
        mail = self.mail(
            email_to=False, recipient_ids=partners.ids, mail_message_id=message.id
        )
        notifications = self.env["mail.notification"].create(
            [
                {
                    "mail_message_id": message.id,
                    "mail_mail_id": mail.id,
                    "notification_type": "email",
                    "notification_status": "ready",
                    "res_partner_id": partner.id,
                }
                for partner in partners
            ]
        )

        self.run_queue()

        self.assertEqual(
            notifications.mapped("notification_status"), ["sent", "exception"]
        )
        self.assertIn("550", notifications[1].failure_reason)

    def test_X4_retry_reaches_only_those_still_open(self):
        sink, port = self.sink(deferred=[BO])
        self.outgoing("Main", port)
        partners = self.partners(AMINA, BO)
        mail = self.mail(
            email_to="to@home.example", email_cc=BO, recipient_ids=partners.ids
        )
        self.run_queue()
        self.assertEqual(sorted(sink.recipients), [AMINA, "to@home.example"])
        self.assertEqual(mail.state, "outgoing")

        sink.deferred.clear()
        sink.recipients.clear()
        self.make_due(mail)
        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, [BO, BO], "as a copy and as a contact")

    def test_X4_retry_by_hand_spares_those_who_have_it(self):
        sink, port = self.sink(refused=[BO])
        self.outgoing("Main", port)
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()
        self.assertEqual(mail.state, "exception")

        sink.refused.clear()
        mail.action_retry()
        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, [AMINA, BO])

    def test_lost_connection_after_the_dot_is_uncertain(self):
        sink, port = self.sink(lost=[AMINA])
        self.outgoing("Main", port)
        mail, other = self.mail(), self.mail(email_to=BO)

        self.run_queue()
        self.run_queue()

        self.assertEqual((mail.state, other.state), ("uncertain", "sent"))
        self.assertEqual(sorted(sink.recipients), [AMINA, BO])
        self.assertEqual(self.attempts_of(mail).outcome, "uncertain")
        self.assertEqual(self.outcomes_of(mail), ["uncertain"])

    def test_uncertain_mail_is_sent_again_where_that_is_set(self):
        sink, port = self.sink(lost=[AMINA])
        self.outgoing("Main", port)
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.uncertain_policy_interactive", "resend"
        )
        mail = self.mail()
        self.run_queue()
        self.assertEqual(mail.state, "outgoing")

        sink.lost.clear()
        self.make_due(mail)
        self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, [AMINA, AMINA])

    def test_person_decides_about_uncertain_mail(self):
        sink, port = self.sink(lost=[AMINA, BO])
        self.outgoing("Main", port)
        arrived, lost = self.mail(), self.mail(email_to=BO)
        self.run_queue()
        sink.lost.clear()
        sink.recipients.clear()

        arrived.action_it_arrived()
        lost.action_send_again()
        self.run_queue()

        self.assertEqual((arrived.state, lost.state), ("sent", "sent"))
        self.assertEqual(sink.recipients, [BO])

    def test_refused_recipient_is_told_when_the_uncertain_one_has_it(self):
        sink, port = self.sink(lost=[AMINA], refused=[BO])
        self.outgoing("Main", port)
        mail = self.mail(email_to=AMINA, email_cc=BO)
        self.run_queue()
        self.assertEqual(mail.state, "uncertain")

        mail.action_it_arrived()

        self.assertEqual(mail.state, "exception")
        self.assertTrue(mail.dead_letter_at)
        self.assertIn("…@home.example: 550", mail.failure_reason)
        self.assertNotIn(BO, mail.failure_reason)

    def quoting_server(self):
        """Return a server that is busy, and says for whom."""
        sink, port = self.sink()

        async def limited(_server, _session, _envelope, address, _options):
            return f"450 4.7.1 <{address}> rate limit exceeded"

        sink.handle_RCPT = limited
        return self.outgoing("Main", port)

    def assert_fault_names_nobody(self, server):
        breakers = self.env["mail.gateway.breaker"]
        text = breakers.search([("server_id", "=", server.id)]).fault_text
        self.assertIn("<…@home.example> rate limit", text)
        self.assertNotIn(AMINA, text)

    def test_server_s_fault_does_not_keep_the_recipient_whom_it_quotes(self):
        server = self.quoting_server()
        self.mail()

        self.run_queue()

        self.assert_fault_names_nobody(server)

    def test_server_s_fault_in_a_caller_s_session_does_not_keep_the_recipient(self):
        server = self.quoting_server()
        mail = self.mail()

        with self.really_sending(), mute_logger(*NOISY):
            mail.send()

        self.assert_fault_names_nobody(server)

    def test_O3_session_that_breaks_costs_no_mail(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        mails = self.mails.concat(*(self.mail(email_to=f"p{n}@x") for n in range(6)))
        take = sink.handle_RCPT

        async def drop_once(server, session, envelope, address, options):
            if address == "p2@x" and not hasattr(sink, "dropped"):
                sink.dropped = True
                server.transport.abort()
            return await take(server, session, envelope, address, options)

        sink.handle_RCPT = drop_once
        self.run_queue()

        self.assertEqual(set(mails.mapped("state")), {"sent"})
        self.assertEqual(len(sink.recipients), 6)

    def test_O4_too_many_mails_for_a_session_costs_no_mail(self):
        sink, port = self.sink()
        self.outgoing("Main", port, session_limit=1)
        mails = self.mails.concat(*(self.mail(email_to=f"p{n}@x") for n in range(6)))
        take, seen = sink.handle_RCPT, set()

        async def limited(server, session, envelope, address, options):
            if len(seen) == 2:
                seen.clear()
                return "421 4.7.0 Too many messages in this session"
            seen.add(address)
            return await take(server, session, envelope, address, options)

        sink.handle_RCPT = limited
        self.run_queue()

        self.assertEqual(set(mails.mapped("state")), {"sent"})
        self.assertEqual(len(sink.recipients), 6)

    def test_accepted_mail_is_sent_whatever_others_make_of_it(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail()

        with patch.object(
            self.registry["mail.mail"],
            "_postprocess_sent_message",
            side_effect=ValueError("an addon's fault"),
        ):
            self.run_queue()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, [AMINA])

    def test_result_in_conflict_is_written_once_more(self):
        sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail()
        mail_class = self.registry["mail.mail"]
        postprocess, conflicts = mail_class._postprocess_sent_message, []

        def in_conflict(mail, *args, **kwargs):
            if not conflicts:
                conflicts.append(
                    mail_mail_queue.PG_CONCURRENCY_EXCEPTIONS_TO_RETRY[0]()
                )
                raise conflicts[0]
            return postprocess(mail, *args, **kwargs)

        with patch.object(mail_class, "_postprocess_sent_message", in_conflict):
            self.run_queue()

        self.assertTrue(conflicts)
        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, [AMINA])
        self.assertEqual(self.attempts_of(mail).outcome, "accepted")


@tagged("post_install", "-at_install")
class TestRedrive(OutgoingCase):
    def test_dead_letters_go_out_when_their_server_is_back(self):
        sink, port = self.sink()
        server = self.outgoing("Main", port)
        dead = self.mail()
        dead.write(
            {
                "state": "exception",
                "dead_letter_at": "2026-01-01",
                "gateway_cause": "login_refused",
            }
        )
        other = self.mail(email_to=BO)
        other.write(
            {
                "state": "exception",
                "dead_letter_at": "2026-01-01",
                "gateway_cause": "recipient_unknown",
            }
        )

        with self.as_in_production():
            server.action_test_and_confirm()
        self.run_queue()

        self.assertEqual((dead.state, other.state), ("sent", "exception"))
        self.assertEqual(sink.recipients, [AMINA])

    def test_delayed_mail_goes_out_when_the_breaker_closes(self):
        sink, port = self.sink()
        server = self.outgoing("Main", port)
        self.env["mail.gateway.breaker"]._force_open(server)
        mail = self.mail()
        self.run_queue()
        self.assertEqual(mail.state, "outgoing")
        self.assertFalse(mail.gateway_tries, "no server was asked")

        server.action_put_into_use()
        self.run_queue()

        self.assertEqual(mail.state, "sent")
