from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import config

from ..core.policy.outage import Outage, outage
from ..outage_texts import AFFECTED, REASON_TEXT, REMEDY_TEXT

# For so long a mail that went out without a server of ours speaks for localhost.
DELIVERED_SINCE = timedelta(days=7)
MOST_SERVERS = 5


class IrMailServerOutage(models.Model):
    """What is said while no mail goes out; asked by the screens that say it only."""

    _inherit = "ir.mail_server"

    @api.model
    def get_mail_outage(self):
        """Return what the banner says, an empty dictionary where mail goes out.

        :raises AccessError: if whoever asks neither runs nor watches the gateway
        """
        if not self.env.user.has_group("mail_gateway_plus.group_operator"):
            raise AccessError(self.env._("Only operators see how mail fares."))
        servers = self.sudo().search(self._find_mail_server_allowed_domain())
        why = servers._outage()
        if why is None:
            return {}
        installed = self.env["ir.module.module"].sudo()._installed()
        mails = self.env["mail.mail"].sudo()
        return {
            "reason": self.env._(REASON_TEXT[why]),
            "remedy": self.env._(REMEDY_TEXT[why]),
            "servers": [server._told_outage() for server in servers[:MOST_SERVERS]],
            "affected": [
                self.env._(text) for name, text in AFFECTED if name in installed
            ],
            "waiting": mails.search_count([("state", "=", "outgoing")]),
            "can_mend": self.env.user.has_group("base.group_system"),
            "is_new": why is Outage.NOTHING_SET_UP,
        }

    def _outage(self):
        """Return the :class:`Outage` of all servers, None where mail goes out."""
        confirmed = self._confirmed()
        usable = confirmed.filtered(lambda server: server.breaker_state != "open")
        return outage(
            len(self),
            len(confirmed),
            len(usable),
            self._is_command_line_named(),
            has_delivered=bool(not self and self._has_delivered_without_servers()),
        )

    @api.model
    def _is_command_line_named(self):
        """Say whether Odoo's configuration names a server; else it is localhost."""
        return config.get("smtp_server") not in ("localhost", "", False, None)

    @api.model
    def _has_delivered_without_servers(self):
        attempts = self.env["mail.gateway.attempt"].sudo()
        since = fields.Datetime.now() - DELIVERED_SINCE
        delivered = [
            ("create_date", ">", since),
            ("server_id", "=", False),
            ("outcome", "in", ["accepted", "partial"]),
        ]
        return attempts.search_count(delivered, limit=1)

    def _told_outage(self):
        """Return the server's name and what keeps it from being used."""
        problems = self._environment_problems()
        if problems:
            why = problems[0]
        elif self.breaker_state == "open" and self.state != "draft":
            why = self.breaker_cause or self.env._("put out of use by hand")
        else:
            why = self.env._("not confirmed")
        return {"id": self.id, "name": self.name, "why": why}
