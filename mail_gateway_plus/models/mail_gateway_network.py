from odoo import api, models
from odoo.tools import str2bool

from ..core.discovery.discover import Network
from ..core.discovery.https import HttpsFetcher
from ..core.discovery.names import DnsNames, SystemNames, is_dns_available
from ..core.discovery.probe import Prober


class MailGatewayNetwork(models.AbstractModel):
    """What the gateway looks servers up with, as the system parameters say.

    - ``mail_gateway_plus.dns_server``: the name server to ask instead of the system's,
      as ``address`` or ``address:port``
    - ``mail_gateway_plus.discovery_allow_private``: whether looking servers up for an
      address may reach into this machine's own network; whoever owns the address's
      domain decides what is looked at
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

    def _parameter(self, name):
        # Only administrators read parameters; none of these is a secret.
        parameters = self.env["ir.config_parameter"].sudo()
        return parameters.get_param(f"mail_gateway_plus.{name}") or ""
