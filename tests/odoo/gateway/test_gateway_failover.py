"""A server that cannot be reached is stood in for; every attempt is written down."""

from unittest.mock import patch

from gateway_case import GatewayCase, closed_port

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

MAIL_LOGGER = "odoo.addons.mail.models.mail_mail"


@tagged("post_install", "-at_install")
class TestFailover(GatewayCase):
    def send(self, mail):
        with self.really_sending(), mute_logger(MAIL_LOGGER):
            mail.send()

    def attempts_of(self, mail):
        return self.attempts.search([("mail_id", "=", mail.id)], order="id")

    def test_next_confirmed_server_stands_in(self):
        sink, port = self.sink()
        self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Not confirmed", port, sequence=2, state="draft")
        self.outgoing("Backup", port, sequence=3)
        mail = self.mail()

        self.send(mail)

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, ["amina@home.example"])
        down, backup = self.attempts_of(mail)
        self.assertEqual((down.server_name, down.outcome), ("Down", "failed"))
        self.assertEqual(down.phase, "connect")
        self.assertEqual((backup.server_name, backup.outcome), ("Backup", "accepted"))

    def test_server_for_another_sender_does_not_stand_in(self):
        sink, port = self.sink()
        self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Other", port, sequence=2, from_filter="other.example")
        mail = self.mail()

        self.send(mail)

        self.assertEqual(mail.state, "exception")
        self.assertFalse(sink.recipients)

    def test_server_chosen_by_hand_is_not_stood_in_for(self):
        sink, port = self.sink()
        down = self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Backup", port, sequence=2)
        chosen, free = self.mail(mail_server_id=down.id), self.mail()

        self.send(chosen + free)

        self.assertEqual(chosen.state, "exception")
        self.assertEqual(free.state, "sent")
        self.assertEqual(len(sink.recipients), 1)

    def test_failure_of_all_is_told_server_by_server(self):
        self.outgoing("First", closed_port(), sequence=1)
        self.outgoing("Second", closed_port(), sequence=2)
        mail = self.mail()

        self.send(mail)

        self.assertEqual(mail.state, "exception")
        self.assertIn("First: Nothing listens on that port", mail.failure_reason)
        self.assertIn("Second: Nothing listens on that port", mail.failure_reason)

    def test_mail_does_not_go_to_localhost_while_servers_wait_to_be_confirmed(self):
        self.outgoing("Not confirmed", closed_port(), state="draft")
        mail = self.mail()

        self.send(mail)

        self.assertEqual(mail.state, "exception")
        self.assertIn("No outgoing mail server is confirmed", mail.failure_reason)

    def test_attempt_tells_what_the_server_said(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        ticket = self.env["grievance.ticket"].create({"subject": "Dark street"})
        mail = self.mail(model=ticket._name, res_id=ticket.id)

        self.send(mail)

        attempt = self.attempts_of(mail)
        self.assertEqual(attempt.phase, "accepted")
        self.assertEqual((attempt.code, attempt.enhanced_code), (250, "2.0.0"))
        self.assertEqual(attempt.queue_id, "4TEST1")
        self.assertEqual(attempt.recipient_domains, "home.example")
        self.assertEqual((attempt.res_model, attempt.res_id), (ticket._name, ticket.id))
        self.assertEqual(attempt.message_id, mail.message_id)

    def test_refused_recipient_shows_in_the_attempt(self):
        _sink, port = self.sink(refused=["nobody@home.example"])
        self.outgoing("Main", port)
        mail = self.mail(email_to="amina@home.example", email_cc="nobody@home.example")

        self.send(mail)

        attempt = self.attempts_of(mail)
        self.assertEqual(attempt.outcome, "partial")
        self.assertEqual((attempt.recipient_count, attempt.refused_count), (2, 1))

    def test_refused_mail_shows_in_the_attempt(self):
        _sink, port = self.sink(refused=["amina@home.example"])
        self.outgoing("Main", port)
        mail = self.mail()

        self.send(mail)

        attempt = self.attempts_of(mail)
        self.assertEqual((attempt.outcome, attempt.phase), ("failed", "rcpt"))
        self.assertEqual((attempt.code, attempt.enhanced_code), (550, "5.1.1"))

    def test_direct_send_of_another_addon_goes_the_same_way(self):
        sink, port = self.sink()
        self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Backup", port, sequence=2)
        servers = self.env["ir.mail_server"]
        message = servers._build_email__(
            "odoo@city.example", ["amina@home.example"], "Hello", "World"
        )

        with self.really_sending():
            servers.send_email(message)

        self.assertEqual(sink.recipients, ["amina@home.example"])
        attempts = self.attempts.search([("message_id", "=", message["Message-Id"])])
        self.assertEqual(attempts.server_name, "Backup")

    def test_accepted_mail_is_sent_even_if_the_attempt_cannot_be_written_down(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        mail = self.mail()

        with (
            patch.object(
                self.registry["mail.gateway.attempt"],
                "_record_delivery",
                side_effect=ValueError("the disk is full"),
            ),
            mute_logger("odoo.addons.mail_gateway_plus.models.ir_mail_server"),
        ):
            self.send(mail)

        self.assertEqual(mail.state, "sent")

    def test_attempts_are_forgotten_after_their_retention(self):
        old, recent = self.attempts.create(
            [{"phase": "accepted", "outcome": "accepted"}] * 2
        )
        self.env.cr.execute(
            "UPDATE mail_gateway_attempt SET create_date = '2026-01-01' WHERE id = %s",
            [old.id],
        )
        self.env.invalidate_all()

        self.attempts._gc_attempts()

        self.assertFalse(old.exists())
        self.assertTrue(recent.exists())


@tagged("post_install", "-at_install")
class TestDirectSend(GatewayCase):
    """What sends in its own transaction chooses servers as the queue does."""

    def send(self):
        servers = self.env["ir.mail_server"]
        message = servers._build_email__(
            "odoo@city.example", ["amina@home.example"], "Hello", "World"
        )
        with (
            self.really_sending(),
            mute_logger("odoo.addons.base.models.ir_mail_server"),
        ):
            servers.send_email(message)

    def names(self):
        return self.attempts.search([], order="id").mapped("server_name")

    def quota(self, server, messages=1):
        return self.env["mail.gateway.quota"].create(
            {"server_id": server.id, "max_messages": messages}
        )

    def test_server_out_of_use_is_not_asked(self):
        _sink, port = self.sink()
        down = self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Backup", port, sequence=2)
        self.env["mail.gateway.breaker"]._force_open(down)

        self.send()

        self.assertEqual(self.names(), ["Backup"])

    def test_server_that_keeps_failing_is_put_out_of_use(self):
        _sink, port = self.sink()
        down = self.outgoing("Down", closed_port(), sequence=1)
        self.outgoing("Backup", port, sequence=2)

        for _mail in range(4):
            self.send()

        self.assertEqual(down.breaker_state, "open")
        self.assertEqual(self.names(), ["Down", "Backup"] * 3 + ["Backup"])

    def test_server_that_is_only_tried_is_back_after_two_good_mails(self):
        _sink, port = self.sink()
        server = self.outgoing("Main", port)
        self.env["mail.gateway.breaker"].create(
            {"server_id": server.id, "state": "open", "open_until": "2026-01-01"}
        )

        self.send()
        self.assertEqual(server.breaker_state, "half_open")
        self.send()
        self.assertEqual(server.breaker_state, "closed")

    def test_mail_counts_against_the_quota_and_then_takes_the_next_server(self):
        _sink, port = self.sink()
        quota = self.quota(self.outgoing("Small", port, sequence=1))
        self.outgoing("Large", port, sequence=2)

        self.send()
        self.assertEqual(quota.used_messages, 1)
        self.send()

        self.assertEqual(self.names(), ["Small", "Large"])

    def test_mail_beyond_the_quota_is_refused_in_plain_words(self):
        sink, port = self.sink()
        self.quota(self.outgoing("Small", port, when_spent="wait"))
        self.send()

        with self.assertRaisesRegex(MailDeliveryException, "limit of Small is reached"):
            self.send()

        self.assertEqual(len(sink.recipients), 1)

    def test_mail_that_the_server_refused_does_not_count(self):
        _sink, port = self.sink(refused=["amina@home.example"])
        quota = self.quota(self.outgoing("Main", port))

        with self.assertRaises(MailDeliveryException):
            self.send()

        self.assertEqual(quota.used_messages, 0)

    def test_caller_is_told_when_no_server_can_be_used(self):
        _sink, port = self.sink()
        self.outgoing("Main", port).action_put_out_of_use()

        with self.assertRaisesRegex(MailDeliveryException, "can be used at this time"):
            self.send()
