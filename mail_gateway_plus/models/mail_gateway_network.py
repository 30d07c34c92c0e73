from odoo import api, models
from odoo.tools import str2bool

from ..core.discovery.discover import Network
from ..core.discovery.https import HttpsFetcher
from ..core.discovery.names import DnsNames, SystemNames, is_dns_available
from ..core.discovery.probe import Prober

# For a whole request; Microsoft answers within one.
TOKEN_SECONDS = 10.0
HTTPS_PORT = 443


class MailGatewayNetwork(models.AbstractModel):
    """What the gateway looks servers up with, as the system parameters say.

    - ``mail_gateway_plus.dns_server``: the name server to ask instead of the system's,
      as ``address`` or ``address:port``
    - ``mail_gateway_plus.discovery_allow_private``: whether looking servers up for an
      address may reach into this machine's own network; whoever owns the address's
      domain decides what is looked at
    - ``mail_gateway_plus.microsoft_login_host``: for tests, which host hands out tokens
      in Microsoft's place; it counts only where the private network is allowed
    """

    _name = "mail.gateway.network"
    _description = "Looking Mail Servers Up"

    @api.model
    def _names(self):
        """Return what resolves names; without dnspython it knows no records."""
        if not is_dns_available:
            return SystemNames()
        return DnsNames(self._parameter("dns_server"))

    @api.model
    def _network(self):
        """Return the :class:`~..core.discovery.discover.Network`; nothing is asked."""
        names = self._names()
        allowed = str2bool(self._parameter("discovery_allow_private"), False)
        return Network(names, HttpsFetcher(names, allowed), Prober(names, allowed))

    @api.model
    def _token_service(self):
        """Return who asks for tokens, and the host that stands in for Microsoft's.

        Microsoft's hosts are ours to choose, so they may be anywhere, as where a
        network has them resolved to a gateway of its own. Another host is a test's.
        """
        place = self._parameter("microsoft_login_host")
        if not str2bool(self._parameter("discovery_allow_private"), False):
            place = ""
        host, _colon, port = place.partition(":")
        web = HttpsFetcher(
            SystemNames(),
            allow_private=True,
            timeout=TOKEN_SECONDS,
            port=int(port or HTTPS_PORT),
        )
        return host, web

    def _parameter(self, name):
        # Only administrators read parameters; none of these is a secret.
        parameters = self.env["ir.config_parameter"].sudo()
        return parameters.get_param(f"mail_gateway_plus.{name}") or ""
