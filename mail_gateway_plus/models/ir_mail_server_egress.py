import ipaddress

from odoo import fields, models
from odoo.exceptions import UserError

from ..core.deliverability.egress import as_network, is_news, networks_in
from ..core.diagnosis.steps import Protocol, Target
from .mail_gateway_warning import EGRESS_TOPICS

# So many mails before it say which addresses are usual.
MOST_TRIPS = 50


class IrMailServerEgress(models.Model):
    """The addresses that mail leaves from: lists of allowed ones and SPF name them."""

    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.warned"]

    def write(self, vals):
        """Warn no longer of addresses that the notes name now."""
        result = super().write(vals)
        if "egress_note" in vals:
            for server in self:
                server._settle_noted()
        return result

    def action_note_egress(self):
        """Enter the new addresses among those that are known."""
        self.ensure_one().check_access("write")
        warnings = self.env["mail.gateway.warning"]._about(self, *EGRESS_TOPICS)
        if not warnings:
            raise UserError(self.env._("No address is new any more."))
        today = fields.Date.context_today(self)
        lines = [
            self.env._("%(address)s, noted on %(day)s", address=address, day=today)
            for address in dict.fromkeys(warnings.mapped("subject"))
        ]
        self.egress_note = "\n".join(filter(None, [self.egress_note, *lines]))
        return True

    def _settle_noted(self):
        networks = networks_in(self.egress_note)
        for warning in self.env["mail.gateway.warning"]._about(self, *EGRESS_TOPICS):
            address = ipaddress.ip_network(warning.subject).network_address
            if any(address in network for network in networks):
                warning._settle()

    def _certificate_target(self):
        if self.smtp_authentication == "cli" or self._is_connected_by_another_addon():
            return None
        return self._with_certificate(Target(Protocol.SMTP, self._endpoint()))

    # -------------------------------------------------------------- after a round trip

    def _note_egress(self, trip):
        """Warn where a round trip shows an address that nobody reckons with."""
        self._note_address(trip, "egress", trip.egress_address)
        # A provider sends from many, and takes care of them.
        if not self.preset_id or self.preset_id.kind == "own":
            self._note_address(trip, "sending", trip.sending_address)

    def _note_address(self, trip, topic, told):
        if not told:
            return
        address = ipaddress.ip_network(told).network_address
        warnings = self.env["mail.gateway.warning"]
        known = warnings._about(self, topic)
        usual = self._usual_addresses(trip, f"{topic}_address", known)
        if not is_news(address, networks_in(self.egress_note), usual):
            known._settle()
            return
        title = self.env._("Mail through %s leaves from a new address", self.name)
        subject = as_network(address)
        warnings._warn(self, topic, subject, title, self._told_egress(topic, subject))

    def _usual_addresses(self, trip, name, known):
        """Return the addresses of the mails before, and before the one warned of."""
        domain = [
            ("server_id", "=", self.id),
            ("id", "<", trip.id),
            (name, "!=", False),
        ]
        if known:
            domain.append(("create_date", "<", known.create_date))
        told = trip.search(domain, limit=MOST_TRIPS).mapped(name)
        networks = {ipaddress.ip_network(each) for each in told}
        if known:  # it came with the mail that was warned of
            networks.discard(ipaddress.ip_network(known.subject))
        return [network.network_address for network in networks]

    def _told_egress(self, topic, address):
        if topic == "egress":
            return self.env._(
                "The server “%(server)s” now sees Odoo under the address %(address)s. "
                "Where it, or its provider, lets known addresses in only, enter the "
                "new one there, else it will refuse mail. Then note it here.",
                server=self.name,
                address=address,
            )
        return self.env._(
            "Mail through “%(server)s” now leaves from the address %(address)s. The "
            "SPF records of its domains have to allow that address, and its name has "
            "to lead back to it: Check Deliverability says both. Then note it here.",
            server=self.name,
            address=address,
        )
