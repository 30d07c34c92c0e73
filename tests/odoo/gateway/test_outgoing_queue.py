"""The queue is sent to its end, oldest first, and nobody waits for a server."""

from gateway_case import closed_port
from outgoing_case import OutgoingCase

from odoo.tests import tagged


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
