"""A server that cannot be reached is stood in for; every attempt is written down."""

from unittest.mock import patch

from gateway_case import GatewayCase, closed_port

from odoo.tests import tagged
from odoo.tools import mute_logger

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
