"""What the tests of the outgoing queue share."""

from contextlib import contextmanager
from unittest.mock import patch

from gateway_case import GatewayCase

from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server

NOISY = (
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.base.models.ir_mail_server",
)


class OutgoingCase(GatewayCase):
    """The queue as it is outside of tests: callers do not send, workers do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mails = cls.env["mail.mail"]
        cls.mails.search([("state", "=", "outgoing")]).write({"state": "cancel"})
        cls.recipients = cls.env["mail.gateway.recipient"]

    @contextmanager
    def as_in_production(self):
        mail_class = self.registry["mail.mail"]
        with (
            patch.object(mail_class, "_gateway_sends_in_caller", lambda mails: False),
            patch.object(IrMail_Server, "_disable_send", return_value=False),
        ):
            yield

    def run_queue(self, email_ids=(), **context):
        """Send what is due as the cron does, with commits that are savepoints."""
        self.env.flush_all()
        with (
            self.as_in_production(),
            mute_logger(*NOISY),
            self.committing(self.mails.with_context(**context)) as mails,
        ):
            mails.process_email_queue(email_ids)

    def attempts_of(self, mail):
        return self.attempts.search([("mail_id", "=", mail.id)], order="id")

    def outcomes_of(self, mail):
        rows = self.recipients.search([("mail_id", "=", mail.id)], order="id")
        return rows.mapped("outcome")

    def make_due(self, *mails):
        """Have the next try of these mails be due now."""
        for mail in mails:
            mail.scheduled_date = "2026-01-01 00:00:00"
        self.env.flush_all()
