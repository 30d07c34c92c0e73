from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.tools import groupby
from odoo.tools.misc import format_datetime

from ..core.policy.rehearsal import rehearse

MOST_MAILS = 100_000
MOST_RECIPIENTS = 10_000
# Hours that are shown; a longer rehearsal says when it would be over.
MOST_ROWS = 48


class MailGatewayRehearseLimits(models.TransientModel):
    """Shows when many mails would go out under a server's quotas; sends none."""

    _name = "mail.gateway.rehearse.limits"
    _description = "Rehearse Limits"

    server_id = fields.Many2one(
        "ir.mail_server",
        string="Outgoing Server",
        required=True,
        ondelete="cascade",
        help="The server whose quotas are asked.",
    )
    mails = fields.Integer(
        required=True, default=1000, help="How many mails would wait now."
    )
    recipients = fields.Integer(
        string="Recipients Each",
        required=True,
        default=1,
        help="How many recipients each of them has.",
    )
    outcome = fields.Html(
        compute="_compute_outcome",
        sanitize=False,
        help="When they would go out, by the quotas and what was sent already.",
    )

    @api.depends("server_id", "mails", "recipients")
    def _compute_outcome(self):
        for wizard in self:
            wizard.outcome = self.env["ir.qweb"]._render(
                "mail_gateway_plus.rehearsal", wizard._told()
            )

    def _told(self):
        mails = min(max(self.mails, 1), MOST_MAILS)
        recipients = min(max(self.recipients, 1), MOST_RECIPIENTS)
        quotas = self.env["mail.gateway.quota"]._of(self.server_id)
        now, uses = quotas._uses()
        limits = [(quota._limit(), uses.get(quota.id, [])) for quota in quotas]
        rehearsal = rehearse(limits, now, mails, recipients)
        portions = rehearsal.portions
        hours = groupby(portions, lambda portion: int(portion.at // 3600))
        rows = [self._row(group) for _hour, group in hours]
        last = self._moment(portions[-1].at) if portions else ""
        return {
            "is_unlimited": not quotas,
            "rehearsal": rehearsal,
            "is_at_once": len(portions) == 1 and not rehearsal.left,
            "rows": rows[:MOST_ROWS],
            "rows_left": len(rows) > MOST_ROWS,
            "last": last,
        }

    def _row(self, portions):
        count = sum(portion.messages for portion in portions)
        return {"at": self._moment(portions[0].at), "mails": count}

    def _moment(self, seconds):
        moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
        return format_datetime(self.env, moment, dt_format="short")
