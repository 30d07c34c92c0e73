from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.policy.rules.condition import (
    Aspect,
    ConditionError,
    Operator,
    make_condition,
)
from ..rule_texts import ASPECT_TEXT, OPERATOR_TEXT, condition_text, mistake_text


class MailGatewayRuleCondition(models.Model):
    """What a rule looks at in a message."""

    _name = "mail.gateway.rule.condition"
    _inherit = "mail.gateway.cached"
    _description = "Condition of a Rule for Inbound Mail"
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one(
        "mail.gateway.rule",
        required=True,
        index=True,
        ondelete="cascade",
        help="The rule that it belongs to.",
    )
    sequence = fields.Integer(default=10, help="The order in which they are told.")
    aspect = fields.Selection(
        lambda self: [(a.value, self.env._(t)) for a, t in ASPECT_TEXT.items()],
        string="What",
        required=True,
        default=Aspect.SUBJECT.value,
        help="What is looked at. Where a message has several, such as recipients or "
        "attachments, one that fits is enough.",
    )
    header = fields.Char(help="The name of the header, such as X-Spam-Status.")
    operator = fields.Selection(
        lambda self: [(o.value, self.env._(t)) for o, t in OPERATOR_TEXT.items()],
        string="How",
        required=True,
        default=Operator.CONTAINS.value,
        help="How it is compared; capital letters make no difference. A pattern is a "
        "regular expression, which is given up when it takes too long.",
    )
    is_negated = fields.Boolean(string="Not", help="Whether the opposite is wanted.")
    value = fields.Text(
        help="What it is compared with. Lists: one entry a line, or with commas; "
        "@bank.example is any address of that domain. Sizes: 200 KB, 2 MB. Languages: "
        "en, fr, … The sender is known as: user, partner, unknown. Times: 17:30, in "
        "the time zone of the company's contact.",
    )

    @api.constrains("aspect", "header", "operator", "value")
    def _check_condition(self):
        for condition in self:
            try:
                condition._as_condition()
            except ConditionError as error:
                raise ValidationError(
                    self.env._(
                        "Condition on “%(what)s”: %(mistake)s.",
                        what=self.env._(ASPECT_TEXT[Aspect(condition.aspect)]),
                        mistake=mistake_text(self.env, error),
                    )
                ) from error

    def _as_condition(self):
        return make_condition(
            Aspect(self.aspect),
            Operator(self.operator),
            self.value or "",
            self.header or "",
            self.is_negated,
        )

    @api.depends("aspect", "header", "operator", "is_negated", "value")
    def _compute_display_name(self):
        for condition in self:
            try:
                made = condition._as_condition()
            except (ConditionError, ValueError):  # being written
                condition.display_name = "…"
            else:
                condition.display_name = condition_text(self.env, made)
