"""What the tests of the gateway share: letters, a mailbox in memory, an SMTP sink."""

import smtplib
from contextlib import contextmanager
from email.message import EmailMessage
from unittest.mock import patch

from aiosmtpd.controller import Controller

from odoo.tests import TransactionCase

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from tests.rig.processes import free_port


def letter(subject="Broken street light", message_id="<1@home.example>", **headers):
    """Return the bytes of a plain letter; ``body=`` is its text."""
    message = EmailMessage()
    message["From"] = headers.pop("sender", "Amina <amina@home.example>")
    message["To"] = "grievances@city.example"
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message.set_content(headers.pop("body", "It has been dark for weeks.\n"))
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message.as_bytes()


class FourMethodConnection:
    """A mailbox in memory with the four methods of Odoo's own connection.

    ``when_handled`` is called before a message leaves the mailbox, so that a test can
    look at the world in that very moment.
    """

    def __init__(self, *messages):
        self.messages = dict(enumerate(messages, start=1))
        self.when_handled = lambda: None

    def check_unread_messages(self):
        return len(self.messages)

    def retrieve_unread_messages(self):
        yield from list(self.messages.items())

    def handled_message(self, number):
        self.when_handled()
        del self.messages[number]

    def disconnect(self):
        pass


class SmtpSink:
    """An SMTP server that takes everything but mail for ``refused`` addresses.

    Those that are ``deferred`` shall come back later; mail for one that is ``lost``
    is taken, and the connection dropped instead of saying so.
    """

    def __init__(self, refused=(), deferred=(), lost=()):
        self.refused = set(refused)
        self.deferred = set(deferred)
        self.lost = set(lost)
        self.recipients = []
        self.contents = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 No such user"
        if address in self.deferred:
            return "451 4.7.1 Greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        self.recipients += envelope.rcpt_tos
        self.contents.append(envelope.content)
        if self.lost & set(envelope.rcpt_tos):
            server.transport.abort()
        return "250 2.0.0 Ok: queued as 4TEST1"


class GatewayCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["fetchmail.server"].search([]).action_archive()
        cls.env["ir.mail_server"].search([]).action_archive()
        cls.journal = cls.env["mail.gateway.inbound"]
        cls.attempts = cls.env["mail.gateway.attempt"]

    def mailbox(self, connection=None, **values):
        """Return a confirmed mailbox that creates grievances.

        :param connection: stands in for the server's, as another addon's would
        """
        server = self.env["fetchmail.server"].create(
            {
                "name": "Grievances",
                "server_type": "imap",
                "server": "127.0.0.1",
                "port": 1,
                "user": "grievances@city.example",
                "password": "secret",
                "object_id": self.env["ir.model"]._get_id("grievance.ticket"),
                "state": "done",
                **values,
            }
        )
        if connection:
            patcher = patch.object(
                self.registry["fetchmail.server"],
                "_connect__",
                lambda server, allow_archived=False: connection,
            )
            patcher.start()
            self.addCleanup(patcher.stop)
        return server

    def fetch(self, server):
        """Fetch as the cron does, with commits that are savepoints of the test."""
        with self.committing(server) as server:
            return server._fetch_mail()

    def process(self):
        """Process the journal as the cron does."""
        with self.committing(self.journal) as journal:
            journal._process_queue()

    def journal_letters(self, server, *raws):
        """Journal messages as a connection hands them out; return the rows."""
        connection = FourMethodConnection(*raws)
        with patch.object(
            self.registry["fetchmail.server"],
            "_connect__",
            lambda server, allow_archived=False: connection,
        ):
            self.fetch(server)
        return self.rows(server)

    def receive(self, server, *raws):
        """Journal and process messages; return the mailbox's rows."""
        self.journal_letters(server, *raws)
        self.process()
        return self.rows(server)

    @contextmanager
    def committing(self, records):
        """Yield ``records`` with a cursor that may commit inside the test."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield records.with_env(records.env(cr=cr))
        self.env.invalidate_all()

    def rows(self, server):
        return self.journal.search([("server_id", "=", server.id)], order="id")

    # --------------------------------------------------------------------- outgoing

    def sink(self, **options):
        """Return a running :class:`SmtpSink` and its port."""
        sink = SmtpSink(**options)
        controller = Controller(sink, hostname="127.0.0.1", port=free_port())
        controller.start()
        self.addCleanup(controller.stop)
        return sink, controller.port

    def outgoing(self, name, port, **values):
        return self.env["ir.mail_server"].create(
            {
                "name": name,
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_encryption": "none",
                **values,
            }
        )

    def mail(self, **values):
        return self.env["mail.mail"].create(
            {
                "email_from": "odoo@city.example",
                "email_to": "amina@home.example",
                "subject": "Your grievance",
                "body_html": "<p>We look into it.</p>",
                "auto_delete": False,
                **values,
            }
        )

    @contextmanager
    def really_sending(self):
        """Let mail out, to servers of this test only."""
        with patch.object(IrMail_Server, "_disable_send", return_value=False):
            yield


def closed_port():
    """Return a port of 127.0.0.1 on which nothing listens."""
    port = free_port()
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=1)
    except OSError:
        return port
    raise AssertionError(f"something listens on port {port}")
