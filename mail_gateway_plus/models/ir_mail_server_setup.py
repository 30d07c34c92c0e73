"""Providers and findings on the form of an outgoing server."""

from odoo import api, fields, models
from odoo.fields import Command

from ..core.protocols.endpoint import Security
from ..core.setup.preset import UserForm
from ..core.setup.settings import Login, Protocol, Settings
from .ir_mail_server_connect import VERIFIED_AUTHENTICATIONS
from .mail_gateway_preset import strict

_LOGINS = {"login": Login.PASSWORD, "certificate": Login.CERTIFICATE}


class IrMailServer(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.assisted"]

    # What code creates stays as in stock Odoo.
    smtp_encryption = fields.Selection(
        default=lambda self: "starttls_strict" if self._entered_on_screen() else "none"
    )
    smtp_port = fields.Integer(
        default=lambda self: 587 if self._entered_on_screen() else 25
    )

    @api.model
    def _setup_fields(self):
        return (
            "preset_id",
            "preset_region_id",
            "state",
            "smtp_host",
            "smtp_port",
            "smtp_encryption",
            "smtp_authentication",
            "smtp_user",
            "smtp_pass",
        )

    def _settings(self):
        if self.smtp_authentication == "cli":
            return None
        encryption = self.smtp_encryption or "none"
        is_always_verified = self.smtp_authentication in VERIFIED_AUTHENTICATIONS
        return Settings(
            protocol=Protocol.SMTP,
            host=self.smtp_host or "",
            port=self.smtp_port,
            security=Security(encryption.removesuffix("_strict")),
            verify=is_always_verified or encryption.endswith("_strict"),
            login=_LOGINS.get(self.smtp_authentication, Login.OAUTH),
            user=self.smtp_user or "",
            password="" if "PASSWORD" in self._environment() else self.smtp_pass or "",
        )

    def _values_of(self, remedy):
        names = {
            "host": "smtp_host",
            "port": "smtp_port",
            "user": "smtp_user",
            "password": "smtp_pass",
        }
        values = {names[name]: remedy[name] for name in names.keys() & remedy.keys()}
        if "security" in remedy or "verify" in remedy:
            security = remedy.get("security", self._settings().security)
            values["smtp_encryption"] = strict(security)
        return values

    def _customer_domain(self):
        allowed = self._parse_from_filter(self.from_filter)
        domains = [entry.rpartition("@")[2] for entry in allowed]
        return super()._customer_domain() or next(iter(domains), "")

    @api.onchange("preset_id")
    def _onchange_preset(self):
        """Fill in what the provider needs; what it does not know stays."""
        self._match_region()
        half = self.preset_id._ways_of(Protocol.SMTP)
        if not half:
            return
        self.name = self.name or self.preset_id.name
        self._set_limits()
        types = self._fields["smtp_authentication"].get_values(self.env)
        oauth = self.preset_id._oauth_type(types)
        if oauth:
            self.smtp_authentication, self.smtp_pass = oauth, False
        elif self.smtp_authentication not in _LOGINS:
            self.smtp_authentication = "login"
        if half.user_form is UserForm.LITERAL:
            self.smtp_user = self.preset_id.smtp_user_literal
        self.smtp_host = self._preset_host(half) or self.smtp_host
        if half.ways:
            self.smtp_encryption = strict(half.ways[0].security)
            self.smtp_port = half.ways[0].port
        if oauth:
            # Odoo's OAuth servers insist on this very encryption.
            self.smtp_encryption, self.smtp_port = "starttls", 587

    def _set_limits(self):
        """Take over the provider's limits; those entered by hand stay instead."""
        gone = self.quota_ids.filtered("is_from_preset")
        self.quota_ids -= gone
        if not self.quota_ids:
            values = self.preset_id._quota_values()
            self.quota_ids = [Command.create(each) for each in values]
        most = self.preset_id.connections
        if most:
            self.session_limit = min(self.session_limit or most, most)

    @api.onchange("preset_region_id")
    def _onchange_preset_region(self):
        half = self.preset_id._ways_of(Protocol.SMTP)
        if half and "{region}" in half.host:
            self.smtp_host = self._preset_host(half) or self.smtp_host

    @api.onchange("smtp_encryption")
    def _onchange_encryption(self):
        """Set the registered port; Odoo knows 465 for one variant and else 25."""
        port = self.smtp_port
        result = super()._onchange_encryption()
        security = self.smtp_encryption.removesuffix("_strict")
        self.smtp_port = self._port_for(Protocol.SMTP, Security(security), port)
        return result
