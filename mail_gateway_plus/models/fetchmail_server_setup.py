"""Providers and findings on the form of an incoming server."""

from odoo import api, models

from ..core.protocols.endpoint import Security
from ..core.setup.settings import Login, Protocol, Settings

_PROTOCOLS = {"imap": Protocol.IMAP, "pop": Protocol.POP}


class FetchmailServer(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.assisted"]

    @api.model
    def _setup_fields(self):
        return (
            "preset_id",
            "preset_region_id",
            "state",
            "server_type",
            "server",
            "port",
            "connection_security",
            "verify_certificate",
            "user",
            "password",
        )

    def _settings(self):
        if self.server_type == "local" or not self.server_type:
            return None
        is_password = self.server_type in _PROTOCOLS
        return Settings(
            protocol=_PROTOCOLS.get(self.server_type, Protocol.IMAP),
            host=self.server or "",
            port=self.port,
            security=Security(self.connection_security or "none"),
            verify=self.verify_certificate,
            login=Login.PASSWORD if is_password else Login.OAUTH,
            user=self.user or "",
            password="" if "PASSWORD" in self._environment() else self.password or "",
        )

    def _values_of(self, remedy):
        names = {
            "host": "server",
            "port": "port",
            "user": "user",
            "password": "password",
            "verify": "verify_certificate",
        }
        values = {names[name]: remedy[name] for name in names.keys() & remedy.keys()}
        if "security" in remedy:
            values["connection_security"] = remedy["security"].value
        return values

    @api.onchange("preset_id")
    def _onchange_preset(self):
        """Fill in what the provider needs; what it does not know stays."""
        self._match_region()
        preset = self.preset_id
        protocol = Protocol.IMAP if preset._ways_of(Protocol.IMAP) else Protocol.POP
        half = preset._ways_of(protocol)
        if not half:
            return
        self.name = self.name or preset.name
        oauth = preset._oauth_type(self._fields["server_type"].get_values(self.env))
        self.server_type = oauth or protocol.value
        if oauth:
            self.password = False
        self._fill_half(half)

    def _fill_half(self, half):
        self.server = self._preset_host(half) or self.server
        if half.ways:
            way = half.ways[0]
            self.connection_security = way.security.value
            self.is_ssl = way.security is Security.SSL
            self.port = way.port

    @api.onchange("preset_region_id")
    def _onchange_preset_region(self):
        settings = self._settings()
        half = settings and self.preset_id._ways_of(settings.protocol)
        if half and "{region}" in half.host:
            self.server = self._preset_host(half) or self.server

    @api.onchange("server_type")
    def _onchange_server_type_of_preset(self):
        """Go over to the provider's other protocol along with the type."""
        settings = self._settings()
        half = settings and self.preset_id._ways_of(settings.protocol)
        if half:
            self._fill_half(half)
