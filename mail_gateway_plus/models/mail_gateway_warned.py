from odoo import fields, models

from ..core.protocols.endpoint import Security
from .mail_gateway_warning import EGRESS_TOPICS


class MailGatewayWarned(models.AbstractModel):
    """A server whose form says what calls for a person while all still works."""

    _name = "mail.gateway.warned"
    _description = "Mail Server with Warnings"

    standing_warnings = fields.Text(
        string="Warnings",
        compute="_compute_standing_warnings",
        groups="base.group_system",
        help="What will be in the way of mail unless somebody does something.",
    )
    is_egress_news = fields.Boolean(
        compute="_compute_standing_warnings",
        groups="base.group_system",
        help="Whether an address is used that nobody has noted.",
    )

    def _compute_standing_warnings(self):
        warnings = self.env["mail.gateway.warning"]._about(self._origin)
        by_server = {}
        for warning in warnings:
            by_server.setdefault(warning._server().id, []).append(warning)
        for server in self:
            own = by_server.get(server._origin.id, [])
            server.standing_warnings = "\n".join(warning.text for warning in own)
            server.is_egress_news = any(
                warning.topic in EGRESS_TOPICS for warning in own
            )

    def _certificate_target(self):
        """Return where the server's certificate is to be seen.

        :returns: a :class:`~..core.diagnosis.steps.Target`, or ``None`` where there is
            no certificate that counts
        """
        raise NotImplementedError

    @staticmethod
    def _with_certificate(target):
        endpoint = target.endpoint
        counts = endpoint.verify and endpoint.security is not Security.NONE
        return target if counts else None
