"""Logging in to an outgoing server as a Microsoft 365 app."""

from odoo import api, fields, models

from ..core.protocols.smtp_dial import SmtpLoginRecord, log_in_with_app
from .mail_gateway_microsoft_app import MICROSOFT_APP

HOST, PORT = "smtp.office365.com", 587


class IrMailServerApp(models.Model):
    _name = "ir.mail_server"
    _inherit = ["mail.gateway.microsoft.app", "ir.mail_server"]

    smtp_authentication = fields.Selection(
        selection_add=[(MICROSOFT_APP, "Microsoft 365 (App)")],
        ondelete={MICROSOFT_APP: "set default"},
    )

    def _is_microsoft_app(self):
        return self.smtp_authentication == MICROSOFT_APP

    def _is_in_clear(self):
        return self.smtp_encryption == "none"

    def _app_mailbox(self):
        return self.smtp_user

    @api.model
    def _app_role(self):
        return "SMTP.SendAsApp"

    @api.model
    def _app_guide_fields(self):
        fields_of_app = super()._app_guide_fields()
        return (*fields_of_app, "smtp_authentication", "smtp_user")

    def _more_app_commands(self, mailbox):
        return [
            f"Set-CASMailbox -Identity {mailbox}"
            " -SmtpClientAuthenticationDisabled $false"
        ]

    def _compute_smtp_authentication_info(self):
        # Odoo takes away an authentication that reaches it and that it does not know.
        apps = self.filtered(lambda server: server._is_microsoft_app())
        apps.smtp_authentication_info = self.env._(
            "Log in as an app that your organisation has registered at Microsoft: no "
            "user has to be signed in, and no password expires but the app's secret."
        )
        return super(IrMailServerApp, self - apps)._compute_smtp_authentication_info()

    @api.constrains(
        "smtp_authentication",
        "smtp_encryption",
        "smtp_user",
        "app_tenant",
        "app_client_id",
    )
    def _check_app_login(self):
        self._check_microsoft_app()

    @api.onchange("smtp_authentication")
    def _onchange_microsoft_app(self):
        """Fill in Microsoft's server; the token takes the place of the password."""
        if self._is_microsoft_app():
            self.smtp_host = self.smtp_host or HOST
            self.smtp_encryption, self.smtp_port = "starttls_strict", PORT
            self.smtp_pass = False

    def _smtp_login__(self, connection, smtp_user, smtp_password):
        if len(self) != 1 or not self._is_microsoft_app():
            return super()._smtp_login__(connection, smtp_user, smtp_password)
        source = self._app_source()
        if isinstance(connection, SmtpLoginRecord):
            return connection.app(smtp_user, source)
        return log_in_with_app(connection, smtp_user, source)
