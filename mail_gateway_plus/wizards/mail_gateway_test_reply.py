from odoo import api, fields, models

from ..core.policy.replies import judge, read_reply
from ..core.protocols.smtp import Phase
from ..models.mail_gateway_reply_rule import ALL_KINDS, PHASES, SCOPES
from ..sending_advice import CAUSE_ADVICE, CAUSE_TITLE, known_cause


class MailGatewayTestReply(models.TransientModel):
    """Shows what the rules make of a reply."""

    _name = "mail.gateway.test.reply"
    _description = "Test a Reply"

    phase = fields.Selection(
        PHASES,
        required=True,
        default=Phase.RCPT.value,
        help="The step at which the server said it.",
    )
    host = fields.Char(
        string="Server's Host", help="For rules that are about one provider."
    )
    reply = fields.Text(
        required=True,
        default="",
        help="The reply with its code, as it stands in an attempt or in a log.",
    )
    kind = fields.Selection(
        ALL_KINDS,
        string="What It Means",
        compute="_compute_verdict",
        help="Whether trying again can help.",
    )
    scope = fields.Selection(
        SCOPES, string="What It Is About", compute="_compute_verdict", help="Its scope."
    )
    wait_minutes = fields.Float(
        string="Wait (minutes)",
        compute="_compute_verdict",
        help="How long the reply or the rule has us wait; 0: as usual.",
    )
    cause = fields.Char(compute="_compute_verdict", help="The cause in short.")
    advice = fields.Char(
        string="What to Do", compute="_compute_verdict", help="What it calls for."
    )
    rule = fields.Char(compute="_compute_verdict", help="The rule that decided.")

    @api.depends("phase", "host", "reply")
    def _compute_verdict(self):
        rules = self.env["mail.gateway.reply.rule"]._rules()
        for test in self:
            reply = read_reply(test.reply or "")
            verdict = judge(Phase(test.phase), reply, rules, host=test.host or "")
            cause = known_cause(verdict.cause)
            test.kind = verdict.kind.value
            test.scope = verdict.scope.value
            test.wait_minutes = verdict.wait.total_seconds() / 60 if verdict.wait else 0
            test.cause = self.env._(CAUSE_TITLE[cause])
            test.advice = self.env._(CAUSE_ADVICE[cause])
            test.rule = verdict.rule
