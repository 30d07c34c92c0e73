"""What the tests of grievance tickets share: a mailbox and mails to it."""

from email.message import EmailMessage
from email.utils import make_msgid

from odoo.addons.mail.tests.common import MailCommon

MAILBOX = "grievances@gateway.example.com"
COMPLAINANT = "Amina Diallo <amina@complainant.example.org>"


def letter(headers=None, body="The water point is locked.", **named):
    """Return the bytes of a mail of the complainant, with other headers if given.

    A header given as ``None`` is left out; ``in_reply_to`` names In-Reply-To.
    """
    values = {
        "From": COMPLAINANT,
        "To": MAILBOX,
        "Subject": "Water point",
        "Date": "Mon, 02 Mar 2026 10:00:00 +0200",
        "Message-ID": make_msgid(domain="complainant.example.org"),
        **{name.replace("_", "-"): value for name, value in named.items()},
        **(headers or {}),
    }
    message = EmailMessage()
    lowered = {name.lower(): name for name in values}
    for name in lowered.values():
        if values[name] is not None:
            message[name] = values[name]
    message.set_content(body)
    return message.as_bytes()


class GrievanceCase(MailCommon):
    """A mailbox whose mails become grievance tickets, as Odoo reads it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailbox = cls.env["fetchmail.server"].create(
            {
                "name": "Grievances",
                "server_type": "imap",
                "server": "mail.gateway.example.com",
                "user": MAILBOX,
                "password": "secret",
                "object_id": cls.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        cls.tickets = cls.env["grievance.ticket"]

    def receive(self, raw):
        """Hand a mail to Odoo as ``fetchmail.server`` does, and return its ticket."""
        gateway = self.env["mail.thread"].with_context(
            default_fetchmail_server_id=self.mailbox.id
        )
        ticket_id = gateway.message_process("grievance.ticket", raw)
        return self.tickets.browse(ticket_id or [])

    def acknowledgements(self, ticket):
        """Return the mails that wait to be sent to the complainant of a ticket."""
        return (
            self.env["mail.mail"]
            .sudo()
            .search(
                [
                    ("model", "=", "grievance.ticket"),
                    ("res_id", "=", ticket.id),
                    ("headers", "like", "auto-replied"),
                ]
            )
        )
