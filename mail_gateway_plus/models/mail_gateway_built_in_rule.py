from odoo import fields, models
from odoo.tools import SQL

from ..core.policy.reply_rules import BUILT_IN_RULES, LAST_RULE
from ..sending_advice import cause_selection
from .mail_gateway_reply_rule import ALL_KINDS, SCOPES


class MailGatewayBuiltInRule(models.Model):
    """The rules that hold for any server, for administrators to look up.

    They are code (core/policy/reply_rules.py), and this table is made of it.
    """

    _name = "mail.gateway.built.in.rule"
    _description = "Built-in Rule for Servers' Replies"
    _auto = False
    _order = "id"

    name = fields.Char(readonly=True, help="What it is about.")
    phases = fields.Char(
        string="Steps", readonly=True, help="When a server says it; empty: at any time."
    )
    codes = fields.Char(readonly=True, help="First and last reply code; empty: any.")
    enhanced_code = fields.Char(
        readonly=True, help="The status code after the reply code, x for any number."
    )
    text = fields.Char(
        string="Text Pattern",
        readonly=True,
        help="A regular expression that the reply's text contains.",
    )
    faults = fields.Char(
        string="Without a Reply",
        readonly=True,
        help="What went wrong before the server could say anything.",
    )
    kind = fields.Selection(
        ALL_KINDS, readonly=True, help="Whether a new try can help."
    )
    scope = fields.Selection(SCOPES, readonly=True, help="What it is about.")
    cause = fields.Selection(
        lambda self: cause_selection(self.env),
        readonly=True,
        help="Under which cause failed mails are grouped.",
    )
    wait_minutes = fields.Integer(
        string="Wait (minutes)",
        readonly=True,
        help="How long to wait where the reply names no time; 0: as usual.",
    )

    @property
    def _table_query(self):
        phases = dict(self._fields_of_phases())
        rows = [
            SQL("%s", (number, *_row(rule, phases)))
            for number, rule in enumerate((*BUILT_IN_RULES, LAST_RULE), start=1)
        ]
        return SQL(
            "SELECT * FROM (VALUES %s) AS rule (id, name, phases, codes,"
            " enhanced_code, text, faults, kind, scope, cause, wait_minutes)",
            SQL(", ").join(rows),
        )

    def _fields_of_phases(self):
        """Return the steps of the dialogue with their names on screen."""
        own_rules = self.env["mail.gateway.reply.rule"]
        return own_rules._fields["phase"]._description_selection(self.env)


def _row(rule, phases):
    return (
        rule.name,
        ", ".join(name for value, name in phases.items() if value in rule.phases),
        "–".join(map(str, rule.codes)),
        rule.enhanced,
        rule.text.pattern if rule.text else "",
        ", ".join(sorted(fault.value.replace("_", " ") for fault in rule.faults)),
        rule.kind.value,
        rule.scope.value,
        rule.cause,
        int(rule.wait.total_seconds() // 60) if rule.wait else 0,
    )
