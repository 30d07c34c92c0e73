"""Logging in to an incoming server as a Microsoft 365 app."""

from dataclasses import replace

from odoo import api, fields, models

from ..core.protocols.endpoint import Security
from .mail_gateway_microsoft_app import MICROSOFT_APP

HOST, PORT = "outlook.office365.com", 993


class FetchmailServerApp(models.Model):
    """By IMAP: Microsoft offers POP3 on the same mailboxes, which can do less."""

    _name = "fetchmail.server"
    _inherit = ["mail.gateway.microsoft.app", "fetchmail.server"]

    server_type = fields.Selection(
        selection_add=[(MICROSOFT_APP, "Microsoft 365 (App)")],
        ondelete={MICROSOFT_APP: "set default"},
    )

    def _is_microsoft_app(self):
        return self.server_type == MICROSOFT_APP

    def _is_in_clear(self):
        return self.connection_security == Security.NONE.value

    def _app_mailbox(self):
        return self.user

    @api.model
    def _app_role(self):
        return "IMAP.AccessAsApp"

    @api.model
    def _app_guide_fields(self):
        return (*super()._app_guide_fields(), "server_type", "user")

    def _compute_server_type_info(self):
        apps = self.filtered(lambda server: server._is_microsoft_app())
        apps.server_type_info = self.env._(
            "Read the mailbox by IMAP, as an app that your organisation has registered "
            "at Microsoft: no user has to be signed in."
        )
        return super(FetchmailServerApp, self - apps)._compute_server_type_info()

    @api.constrains(
        "server_type", "connection_security", "user", "app_tenant", "app_client_id"
    )
    def _check_app_login(self):
        self._check_microsoft_app()

    @api.onchange("server_type", "is_ssl", "object_id")
    def onchange_server_type(self):
        """Fill in Microsoft's server; the token takes the place of the password."""
        own_port = self._has_own_port() and self.port
        result = super().onchange_server_type()
        if self._is_microsoft_app():
            self.server = self.server or HOST
            self.connection_security = Security.SSL.value
            self.is_ssl, self.port = True, own_port or PORT
            self.verify_certificate, self.password = True, False
        return result

    def _get_connection_type(self):
        if self._is_microsoft_app():
            return "imap"
        return super()._get_connection_type()

    def _endpoint(self):
        endpoint = super()._endpoint()
        # A token is given to nobody who has not proven who he is.
        return replace(endpoint, verify=True) if self._is_microsoft_app() else endpoint

    def _imap_login__(self, connection):
        if not self._is_microsoft_app():
            return super()._imap_login__(connection)
        source = self._app_source()
        return connection.app(self.user, source)
