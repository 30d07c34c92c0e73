from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.protocols.proxy import Proxy, ProxyType

# As the environment of Odoo's process may name them.
PROXY_SETTINGS = {
    "PROXY_TYPE": "proxy_type",
    "PROXY_HOST": "proxy_host",
    "PROXY_PORT": "proxy_port",
    "PROXY_USER": "proxy_user",
    "PROXY_PASSWORD": "proxy_password",
}
# A change of any of them is a change of the connection, which has to be proven anew.
PROXY_FIELDS = set(PROXY_SETTINGS.values())
# Where proxies of either kind mostly listen: RFC 1928 section 3, and Squid.
PROXY_PORTS = {ProxyType.SOCKS5.value: 1080, ProxyType.HTTP.value: 3128}


class MailGatewayProxied(models.AbstractModel):
    """A server that may be reached through a proxy.

    To be named before the server's model in ``_inherit``: it goes on from that one's
    endpoint, connection fields and environment.
    """

    _name = "mail.gateway.proxied"
    _description = "Mail Server behind a Proxy"

    proxy_type = fields.Selection(
        [
            (ProxyType.SOCKS5.value, "SOCKS5"),
            (ProxyType.HTTP.value, "HTTP (CONNECT)"),
        ],
        string="Proxy",
        help="Reach this server through a proxy, which looks its name up as well. "
        "Empty: directly.\n"
        "Looking servers up for an address, and asking Google or Microsoft for a "
        "token, does not go through it.",
    )
    proxy_host = fields.Char(help="Host name or address of the proxy.")
    proxy_port = fields.Integer(
        help="The port on which the proxy listens; mostly 1080 for SOCKS5, and 3128 "
        "or 8080 for HTTP."
    )
    proxy_user = fields.Char(
        groups="base.group_system",
        help="The user that the proxy wants, if it wants a login. It is not that of "
        "the mailbox.",
    )
    proxy_password = fields.Char(
        groups="base.group_system",
        copy=False,
        help="The password that the proxy wants. Over HTTP, and over SOCKS5, it "
        "travels readable by everybody between this machine and the proxy.",
    )

    @api.constrains("proxy_type", "proxy_host", "proxy_port")
    def _check_proxy(self):
        for server in self.filtered("proxy_type"):
            if not server.proxy_host or not 0 < server.proxy_port < 65536:
                raise ValidationError(
                    self.env._(
                        "%s: enter the host and the port of the proxy.", server.name
                    )
                )

    @api.onchange("proxy_type")
    def _onchange_proxy_type(self):
        """Set the usual port of the kind, unless the port is one's own."""
        if self.proxy_port in {0, *PROXY_PORTS.values()}:
            self.proxy_port = PROXY_PORTS.get(self.proxy_type, 0)

    def copy_data(self, default=None):
        """Have a copy proven anew that lacks a password of the original."""
        copies = super().copy_data(default)
        for server, values in zip(self, copies, strict=True):
            if server.sudo().proxy_password and not values.get("proxy_password"):
                values["state"] = "draft"
        return copies

    def _connection_fields(self):
        return super()._connection_fields() | PROXY_FIELDS

    def _endpoint(self):
        return replace(super()._endpoint(), proxy=self._proxy())

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | PROXY_SETTINGS

    @api.model
    def _environment_secrets(self):
        return super()._environment_secrets() | {"PROXY_PASSWORD"}

    @api.model
    def _environment_bounds(self):
        return super()._environment_bounds() | {"PROXY_PORT": (1, 65535)}

    def _proxy(self):
        """Return the :class:`~..core.protocols.proxy.Proxy`, or ``None``."""
        # Whoever may have mail sent or fetched may have it done by this proxy.
        server = self.sudo()
        if not server.proxy_type:
            return None
        server._check_proxy()  # the environment may have named only a part
        return Proxy(
            ProxyType(server.proxy_type),
            server.proxy_host,
            server.proxy_port,
            server.proxy_user or "",
            server._secret("PROXY_PASSWORD") or "",
        )

    def _check_needs_no_proxy(self):
        """Raise where another addon connects, which would go past the proxy."""
        if self.proxy_type:
            raise UserError(
                self.env._(
                    "%s has a proxy, but another addon connects to it in its own way, "
                    "which goes past the proxy. Remove the proxy, or the addon.",
                    self.display_name,
                )
            )
