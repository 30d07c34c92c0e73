import re
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..core.policy.patterns import PatternError, compile_pattern
from ..core.policy.reply_rule import Rule
from ..core.policy.verdict import Kind, Scope
from ..core.protocols.smtp import Phase
from ..sending_advice import cause_selection, known_cause

KINDS = [
    (Kind.TEMPORARY.value, "Temporary: try again"),
    (Kind.PERMANENT.value, "Permanent: do not try again"),
    (Kind.QUOTA.value, "Limit reached: try again much later"),
]
SCOPES = [
    (Scope.RECIPIENT.value, "This recipient"),
    (Scope.MESSAGE.value, "This mail"),
    (Scope.SENDER.value, "This sender at this server"),
    (Scope.ACCOUNT.value, "The server: its account"),
    (Scope.RATE.value, "The server: how much it takes"),
    (Scope.CONNECTION.value, "The server: the connection"),
]
ALL_KINDS = [
    (Kind.OK.value, "Taken"),
    *KINDS,
    (Kind.UNCERTAIN.value, "Uncertain: it may have been delivered"),
]
PHASES = [
    (Phase.GREET.value, "Greeting"),
    (Phase.TLS.value, "Encryption"),
    (Phase.AUTH.value, "Login"),
    (Phase.MAIL.value, "Sender"),
    (Phase.RCPT.value, "Recipients"),
    (Phase.DATA.value, "Content"),
    (Phase.DOT.value, "End of content"),
]

_ENHANCED = re.compile(r"[245xX]\.(\d{1,3}|[xX])\.(\d{1,3}|[xX])")


class MailGatewayReplyRule(models.Model):
    """What some answers of outgoing servers mean.

    Tried in their order, before the rules that hold for any server
    (core/policy/reply_rules.py).
    """

    _name = "mail.gateway.reply.rule"
    _inherit = "mail.gateway.cached"
    _description = "Rule for Servers' Replies"
    _order = "sequence, id"

    name = fields.Char(required=True, help="What it is about, in your words.")
    sequence = fields.Integer(default=10, help="The first rule that fits counts.")
    active = fields.Boolean(default=True, help="Archived rules are not tried.")
    host = fields.Char(
        string="Server's Host",
        help="The end of the host name, as in gmail.com, several with commas; empty: "
        "any server.",
    )
    phase = fields.Selection(
        PHASES, help="The step at which the server says it; empty: at any."
    )
    code_from = fields.Integer(help="The first reply code, as in 450; 0: any code.")
    code_to = fields.Integer(help="The last reply code; 0: the first one only.")
    enhanced_code = fields.Char(
        help="The status code after the reply code, x for any number; several with "
        "commas: 5.7.1, x.2.2",
    )
    text = fields.Char(
        string="Text Pattern",
        help="A regular expression that the reply's text contains, in any case. Only "
        "the first 500 characters are looked at.",
    )
    kind = fields.Selection(
        KINDS,
        required=True,
        default=Kind.TEMPORARY.value,
        help="Whether trying again can help.",
    )
    scope = fields.Selection(
        SCOPES,
        required=True,
        default=Scope.RECIPIENT.value,
        help="What it is about. Faults of the server count against the server, and "
        "another one is used.",
    )
    cause = fields.Selection(
        lambda self: cause_selection(self.env),
        required=True,
        default="other",
        help="Under which cause failed mails are grouped.",
    )
    wait_minutes = fields.Integer(
        string="Wait (minutes)",
        help="How long to wait for the next try; 0: as usual. A wait that the reply "
        "names counts more.",
    )
    note = fields.Text(string="Source", help="Where this is known from, and when.")

    @api.constrains("text")
    def _check_text(self):
        for rule in self.filtered("text"):
            try:
                compile_pattern(rule.text)
            except PatternError as error:
                raise ValidationError(rule._refusal(error)) from error

    def _refusal(self, error):
        if error.is_slow:
            return self.env._(
                "The pattern of %s could take very long to compare. Use fewer "
                "repetitions (* + ? {}), none within another.",
                self.name,
            )
        return self.env._(
            "The pattern of %(rule)s is no regular expression: %(error)s",
            rule=self.name,
            error=str(error),
        )

    @api.constrains("enhanced_code")
    def _check_enhanced_code(self):
        for rule in self.filtered("enhanced_code"):
            for part in rule.enhanced_code.split(","):
                if not _ENHANCED.fullmatch(part.strip()):
                    raise ValidationError(
                        self.env._(
                            "%s is no status code. Write three numbers with dots, x "
                            "for any number: 5.7.x",
                            part.strip(),
                        )
                    )

    @api.constrains("code_from", "code_to", "wait_minutes")
    def _check_numbers(self):
        for rule in self:
            last = rule.code_to or rule.code_from
            is_code = not last or 400 <= rule.code_from <= last <= 599
            if not is_code or rule.wait_minutes < 0:
                raise ValidationError(
                    self.env._(
                        "Codes are from 400 to 599, the first one before the last, "
                        "and a wait is not negative."
                    )
                )

    @api.model
    @tools.ormcache()
    def _rules(self):
        """Return the active rules for :func:`~..core.policy.replies.judge`."""
        return tuple(rule._as_rule() for rule in self.sudo().search([]))

    def _as_rule(self):
        codes = (self.code_from, self.code_to or self.code_from)
        wait = timedelta(minutes=self.wait_minutes) if self.wait_minutes else None
        return Rule(
            self.name,
            Kind(self.kind),
            Scope(self.scope),
            known_cause(self.cause).value,
            phases=frozenset({Phase(self.phase)}) if self.phase else frozenset(),
            codes=codes if self.code_from else (),
            enhanced=self.enhanced_code or "",
            text=compile_pattern(self.text) if self.text else None,
            host=self.host or "",
            wait=wait,
        )
