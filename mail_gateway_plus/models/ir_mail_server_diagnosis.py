from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules.registry import Registry

from ..core.diagnosis.steps import Protocol, Target
from ..core.protocols.dial import LoginStep
from ..core.protocols.endpoint import Security
from .ir_mail_server_connect import (
    KNOWN_AUTHENTICATIONS,
    VERIFIED_AUTHENTICATIONS,
    Wanted,
)


class IrMailServerDiagnosis(models.Model):
    """Examining an outgoing server step by step."""

    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.diagnosable"]

    test_recipient = fields.Char(
        help="Whom Test & Confirm offers a mail to, and sends one on request. Empty: "
        "the address of whoever tests."
    )

    def action_diagnose(self):
        """Test this server before the user's eyes; confirm it if all goes well.

        :returns: the client action that shows the test
        """
        return self._diagnose()

    def _diagnose(self, sends_mail=False):
        self.ensure_one().check_access("write")
        is_known = self.smtp_authentication in (KNOWN_AUTHENTICATIONS | {False})
        if not is_known or self._is_connected_by_another_addon():
            # How they connect is for them to know: their way is tested as a whole.
            return self.action_test_and_confirm()
        target = self._diagnosis_target(sends_mail)
        return self.env["mail.gateway.diagnosis"]._start(self, target)

    def _diagnosis_target(self, sends_mail=False):
        """Return all that a test needs as plain values.

        :raises UserError: when something is missing without which there is no test
        """
        sender = self._get_test_email_from()
        recipient = self._test_recipient()
        server = self.sudo().with_context(mail_gateway_dial_only=True)
        server._check_environment()
        login_error = ""
        try:
            wanted = Wanted(mail_server_id=self.id, allow_archived=True)
            dial, needs_connection = server._smtp_dial(wanted, sender)
            endpoint, context, steps = dial.endpoint, dial.context, dial.steps
        except UserError as error:
            if self.smtp_authentication not in VERIFIED_AUTHENTICATIONS:
                raise
            # Google or Microsoft handed out no token; the rest can be tested still.
            endpoint, context = server._endpoint(), None
            steps, needs_connection, login_error = (), False, str(error)
        if needs_connection:
            steps = (LoginStep("hook", (self._login_in_thread(),)),)
        return Target(
            Protocol.SMTP,
            endpoint,
            user=server.smtp_user or "",
            secrets=tuple(filter(None, (server._secret("PASSWORD"), *_tokens(steps)))),
            login=steps,
            login_error=login_error,
            context=context,
            sender=sender,
            recipient=recipient,
            content=self._test_mail(sender, recipient) if sends_mail else None,
        )

    def _own_test_recipient(self):
        """Return who wants a test mail, or an empty text."""
        return self.test_recipient or self.env.user.email_normalized or ""

    def _test_recipient(self):
        # Odoo's own stand-in is offered a mail, but never sent one.
        return self._own_test_recipient() or self._get_test_email_to()

    def _test_mail(self, sender, recipient):
        message = EmailMessage(policy=SMTP)
        message["From"] = sender
        message["To"] = recipient
        message["Subject"] = self.env._("Test mail of “%s”", self.name)
        message["Date"] = formatdate(localtime=True)
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            self.env._(
                "Odoo's outgoing mail server “%(server)s” works: this mail came "
                "through it. %(user)s asked for it.",
                server=self.name,
                user=self.env.user.name,
            )
        )
        return message.as_bytes()

    def _login_in_thread(self):
        """Return the login of an addon that needs the connection for it.

        It is called in the thread of the network, long after this transaction, and so
        opens one of its own.
        """
        database, user_id, server_id = self.env.cr.dbname, self.env.uid, self.id

        def log_in(smtp):
            with Registry(database).cursor() as cr:
                env = api.Environment(cr, user_id, {})
                server = env["ir.mail_server"].sudo().browse(server_id)
                user, password = server._own_login()
                server._smtp_login__(smtp, user, password or "")

        return log_in

    def _confirm_tested(self, _results):
        self._note_proven()

    def _door_values(self, door):
        """Return what to write to use another port and security.

        As strict about the certificate as the server was; the strictest, if it was not
        encrypted before.
        """
        is_lax = self.smtp_encryption in ("starttls", "ssl")
        suffix = "" if is_lax else "_strict"
        if Security(door["security"]) is Security.NONE:
            return {"smtp_port": door["port"], "smtp_encryption": "none"}
        return {
            "smtp_port": door["port"],
            "smtp_encryption": door["security"] + suffix,
        }


def _tokens(steps):
    return [a for step in steps for a in step.arguments[1:] if isinstance(a, str)]
