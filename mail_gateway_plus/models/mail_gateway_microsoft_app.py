from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.oauth.registration import AppRegistration, Cloud, is_tenant
from ..core.oauth.store import TokenSource

# The authentication of both kinds of server.
MICROSOFT_APP = "microsoft_app"

# As the environment of Odoo's process may name them.
APP_SETTINGS = {
    "APP_CLOUD": "app_cloud",
    "APP_TENANT": "app_tenant",
    "APP_CLIENT_ID": "app_client_id",
    "APP_CLIENT_SECRET": "app_client_secret",
}
# A change of any of them is a change of the login, which has to be proven anew.
APP_FIELDS = set(APP_SETTINGS.values())


class MailGatewayMicrosoftApp(models.AbstractModel):
    """A server of Microsoft 365 at which Odoo logs in as an app, without a user.

    The token is had by the thread that logs in, and kept in memory
    (core/oauth/store.py): no row is written for it.

    To be named before the server's model in ``_inherit``, as ``mail.gateway.proxied``.
    """

    _name = "mail.gateway.microsoft.app"
    _description = "Mail Server with a Login as a Microsoft 365 App"

    app_cloud = fields.Selection(
        [
            (Cloud.GLOBAL.value, "Worldwide"),
            (Cloud.US_GOVERNMENT.value, "US Government (GCC High)"),
            (Cloud.CHINA.value, "China (21Vianet)"),
        ],
        string="Cloud",
        default=Cloud.GLOBAL.value,
        help="Microsoft's cloud that your organisation is in. It decides who is asked "
        "for tokens.",
    )
    app_tenant = fields.Char(
        string="Tenant",
        help="The Directory (tenant) ID on the overview page of the app registration, "
        "or a domain of the organisation.",
    )
    app_client_id = fields.Char(
        string="Client ID",
        help="The Application (client) ID on the overview page of the app "
        "registration.",
    )
    app_client_secret = fields.Char(
        string="Client Secret",
        groups="base.group_system",
        copy=False,
        help="The value of a client secret of the app. Microsoft shows it only once, "
        "and lets it expire after two years at most.",
    )
    app_guide = fields.Html(
        string="At Microsoft",
        compute="_compute_app_guide",
        sanitize=False,
        help="What an administrator of Microsoft 365 does first.",
    )

    # ------------------------------------------------- what the inheriting model says

    def _is_microsoft_app(self):
        """Say whether the server is logged in to as an app."""
        raise NotImplementedError

    def _app_mailbox(self):
        """Return the address of the mailbox that the app uses."""
        raise NotImplementedError

    @api.model
    def _app_role(self):
        """Return the right that the app needs in Exchange Online."""
        raise NotImplementedError

    def _is_in_clear(self):
        """Say whether the connection is not encrypted."""
        raise NotImplementedError

    # ------------------------------------------------------ what it says of any server

    def _connection_fields(self):
        return super()._connection_fields() | APP_FIELDS

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | APP_SETTINGS

    @api.model
    def _environment_secrets(self):
        return super()._environment_secrets() | {"APP_CLIENT_SECRET"}

    # -------------------------------------------------------------------------- the app

    @api.depends(lambda self: self._app_guide_fields())
    def _compute_app_guide(self):
        for server in self:
            server.app_guide = server._is_microsoft_app() and self.env[
                "ir.qweb"
            ]._render(
                "mail_gateway_plus.microsoft_app_guide",
                {"role": self._app_role(), "commands": server._app_commands()},
            )

    def _app_commands(self):
        """Return what lets the app into its mailbox, as lines for PowerShell."""
        client_id = self.app_client_id or "CLIENT_ID"
        # Whoever sees the guide, but not the server's user, is told no more by it.
        mailbox = self._app_mailbox() if self.env.user._is_system() else ""
        mailbox = mailbox or "desk@city.example"
        lines = [
            "Connect-ExchangeOnline",
            f"New-ServicePrincipal -AppId {client_id} -ObjectId OBJECT_ID",
            f"Add-MailboxPermission -Identity {mailbox} -User OBJECT_ID"
            " -AccessRights FullAccess",
            *self._more_app_commands(mailbox),
        ]
        return "\n".join(lines)

    def _more_app_commands(self, mailbox):
        """Return the lines that only this kind of server needs."""
        return []

    @api.model
    def _app_guide_fields(self):
        return ("app_client_id",)

    def _check_microsoft_app(self):
        """Raise unless everything is there that a token is asked for with."""
        for server in self.filtered(lambda server: server._is_microsoft_app()):
            app = server.sudo()
            if not app.app_tenant or not is_tenant(app.app_tenant):
                raise ValidationError(
                    self.env._(
                        "%s: enter the tenant as Microsoft's ID of your directory, or "
                        "as a domain of yours.",
                        server.name,
                    )
                )
            if not app.app_client_id or not app._app_mailbox():
                raise ValidationError(
                    self.env._(
                        "%s: enter the client ID of the app, and the address of the "
                        "mailbox as user name.",
                        server.name,
                    )
                )
            if server._is_in_clear():
                raise ValidationError(
                    self.env._(
                        "%s: a token is worth as much as a password. Choose an "
                        "encryption.",
                        server.name,
                    )
                )

    def _app_source(self):
        """Return the :class:`~..core.oauth.store.TokenSource`; nothing is asked yet."""
        # Whoever may have mail sent or fetched may have it done in the app's name.
        server = self.sudo()
        server._check_microsoft_app()  # the environment may have named only a part
        secret = server._secret("APP_CLIENT_SECRET")
        if not secret:
            raise UserError(
                self.env._("%s: enter the client secret of the app.", self.name)
            )
        network = self.env["mail.gateway.network"]
        host, web = network._token_service()
        registration = AppRegistration(
            server.app_tenant,
            server.app_client_id,
            secret,
            Cloud(server.app_cloud or Cloud.GLOBAL.value),
            host,
        )
        return TokenSource(registration, web)

    def copy_data(self, default=None):
        """Have a copy proven anew that lacks the secret of the original."""
        copies = super().copy_data(default)
        for server, values in zip(self, copies, strict=True):
            if server._is_microsoft_app() and not values.get("app_client_secret"):
                values["state"] = "draft"
        return copies
