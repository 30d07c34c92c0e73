import logging
import re

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize

from ..core.policy.rules.condition import Aspect, ConditionError, Operator
from ..core.policy.rules.rule import Action, Rule, Scope
from ..core.policy.rules.template import GROUP, TemplateError, names_in
from ..rule_texts import ACTION_TEXT

_logger = logging.getLogger(__name__)

# Fields by which a record can be found: what a reference is.
REFERENCE_KINDS = ("char", "integer")


class MailGatewayRule(models.Model):
    """What is to become of inbound messages that fulfil conditions.

    The rules are tried in their order, each on every new message, until one stops.
    What one has decided stays; later ones add to it (core/policy/rules/plan.py).
    """

    _name = "mail.gateway.rule"
    _inherit = "mail.gateway.cached"
    _description = "Rule for Inbound Mail"
    _order = "sequence, id"

    name = fields.Char(required=True, help="What it is about, in your words.")
    sequence = fields.Integer(
        default=10, help="Rules are tried from the top; what one decided stays."
    )
    active = fields.Boolean(
        default=True,
        help="Archived rules are not tried. A dry run can try one all the same.",
    )
    note = fields.Text(help="Why the rule is there, and who wanted it.")
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Only messages that are processed for this company; empty: any.",
    )
    # restrict: a rule for one mailbox must not become one for all of them
    mailbox_ids = fields.Many2many(
        "fetchmail.server",
        string="Mailboxes",
        ondelete="restrict",
        groups="base.group_system",
        context={"active_test": False},
        help="The mailboxes whose messages it is about; none: all of them.",
    )
    scope = fields.Selection(
        [
            (Scope.NEW.value, "New messages"),
            (Scope.REPLY.value, "Messages that belong to a record"),
            (Scope.ANY.value, "Both"),
        ],
        string="Holds For",
        required=True,
        default=Scope.NEW.value,
        help="Answers go to the record that they answer, unless a rule for them says "
        "something else.",
    )
    match = fields.Selection(
        [("all", "all of these hold"), ("any", "any of these holds")],
        required=True,
        default="all",
        help="Whether every condition is needed or one is enough. Without conditions "
        "the rule holds for every message.",
    )
    condition_ids = fields.One2many(
        "mail.gateway.rule.condition",
        "rule_id",
        string="Conditions",
        copy=True,
        help="What a message must be like.",
    )
    action = fields.Selection(
        lambda self: [(a.value, self.env._(t)) for a, t in ACTION_TEXT.items()],
        required=True,
        default=Action.GO_ON.value,
        help="What the message becomes. If several rules say so, the first one counts. "
        "As usual: what aliases and the mailbox say.",
    )
    record_type = fields.Selection(
        lambda self: self.env["mail.gateway.inbound"]._record_types(),
        help="The kind of record that is made or looked for; where the rule only adds "
        "values, those are for new records of this type.",
    )
    target_company_id = fields.Many2one(
        "res.company",
        string="In Company",
        help="The company that a new record is made in; empty: that of the mailbox.",
    )
    record = fields.Reference(
        selection=lambda self: self.env["mail.gateway.inbound"]._record_types(),
        help="The record in whose conversation the messages are to stand.",
    )
    find_field_id = fields.Many2one(
        "ir.model.fields",
        string="Whose Field",
        ondelete="cascade",
        help="The field that holds the reference.",
    )
    find_value = fields.Char(
        string="Is",
        help="The reference as the message has it, with placeholders: of the pattern "
        "(?P<no>GRM-\\d+) that is {{ group.no }}.",
    )
    is_for_parties = fields.Boolean(
        string="Only for Its People",
        default=True,
        help="Add a message only where its sender is the record's customer, contact "
        "or follower. Otherwise everybody who guesses a reference could write into a "
        "record.",
    )
    value_ids = fields.One2many(
        "mail.gateway.rule.value",
        "rule_id",
        string="Field Values",
        copy=True,
        help="What fields of the new record are set to: user, team, stage, tags, …",
    )
    reason = fields.Char(help="Why; stays with the message in the journal.")
    forward_to = fields.Char(
        help="Addresses, with commas, that get the message as an attachment. Mail of "
        "machines is never forwarded."
    )
    template_id = fields.Many2one(
        "mail.template",
        string="Acknowledge With",
        help="What the sender of a message that made a new record is answered. "
        "Machines are never answered, and nobody more than a few times a day.",
    )
    stops = fields.Boolean(
        string="Stop",
        help="Try no further rules. Parking and ignoring stop in any case.",
    )

    has_header = fields.Boolean(
        compute="_compute_has_header", help="Whether a condition is on a header."
    )

    @api.depends("condition_ids.aspect")
    def _compute_has_header(self):
        for rule in self:
            rule.has_header = Aspect.HEADER.value in rule.condition_ids.mapped("aspect")

    # ----------------------------------------------------------------- what is wrong

    @api.constrains(
        "action",
        "condition_ids",
        "find_field_id",
        "find_value",
        "forward_to",
        "reason",
        "record",
        "record_type",
        "template_id",
        "value_ids",
    )
    def _check_whole(self):
        for rule in self:
            if mistake := rule._mistake():
                raise ValidationError(
                    self.env._(
                        "Rule “%(rule)s”: %(mistake)s", rule=rule.name, mistake=mistake
                    )
                )

    def _mistake(self):
        """Return what keeps the rule from being of use, or nothing."""
        types = dict(self.env["mail.gateway.inbound"]._record_types())
        action = Action(self.action)
        if self.record_type and self.record_type not in types:
            return self.env._("mail cannot become records of this type.")
        if action in (Action.CREATE, Action.FIND) and not self.record_type:
            return self.env._("choose the record type.")
        if action is Action.ATTACH and not self.record:
            return self.env._("choose the record.")
        if action is Action.ATTACH and self.record._name not in types:
            return self.env._("mail cannot be added to this record.")
        if action is Action.IGNORE and not (self.reason or "").strip():
            return self.env._("say why such messages are ignored.")
        return (
            (action is Action.FIND and self._finding_mistake())
            or self._forwarding_mistake()
            or self._acknowledging_mistake()
            or next(filter(None, (value._mistake() for value in self.value_ids)), None)
        )

    def _finding_mistake(self):
        field = self.find_field_id
        if not field or not (self.find_value or "").strip():
            return self.env._("say which field is to have which value.")
        if field.model != self.record_type or not field.store:
            return self.env._("this is no field of the record type.")
        if field.ttype not in REFERENCE_KINDS:
            return self.env._("records are found by a short text or a whole number.")
        try:
            names = names_in(self.find_value)
            self._check_groups(names)
        except TemplateError as error:
            return self.env._("“%s” is no placeholder.", error)
        if not names:
            return self.env._(
                "the reference needs a placeholder, such as {{ group.1 }}."
            )
        return None

    def _forwarding_mistake(self):
        for entry in self._forward_entries():
            address = email_normalize(entry)
            if not address:
                return self.env._("“%s” is no address.", entry)
            if self._is_own_address(address):
                return self.env._(
                    "%s is read by Odoo itself, so what is forwarded there would come "
                    "in again.",
                    address,
                )
        return None

    def _forward_entries(self):
        entries = re.split(r"[,;\n]", self.forward_to or "")
        return [entry.strip() for entry in entries if entry.strip()]

    def _is_own_address(self, address):
        # sudo: an administrator may not see the mailboxes of every company
        mailboxes = self.env["fetchmail.server"].sudo()
        mailboxes = mailboxes.search_count([("user", "=ilike", address)], limit=1)
        aliases = self.env["mail.alias.domain"].sudo()._find_aliases([address])
        return bool(mailboxes or aliases)

    def _acknowledging_mistake(self):
        if self.template_id and self.template_id.model != self.record_type:
            return self.env._("the template is for records of another type.")
        return None

    def _check_groups(self, names):
        """Raise for a placeholder of a group that no pattern of the rule has."""
        wanted = [n.removeprefix(GROUP) for n in names if n.startswith(GROUP)]
        if not wanted or not self.condition_ids:
            return
        known = set()
        for line in self.condition_ids:
            if line.operator != Operator.REGEX.value or line.is_negated:
                continue
            pattern = line._as_condition().wanted
            known.update(map(str, range(pattern.groups + 1)), pattern.groupindex)
        for name in wanted:
            if name not in known:
                raise TemplateError(GROUP + name)

    @api.onchange("record_type")
    def _onchange_record_type(self):
        """What was chosen for another type does not fit this one."""
        self.find_field_id = False
        self.template_id = False
        self.value_ids = False

    # -------------------------------------------------------------------- compiling

    @api.model
    @tools.ormcache()
    def _compiled(self):
        """Return the active rules, in their order, as plain values."""
        # sudo: the gateway's user need not be an administrator
        return tuple(self.sudo().search([("active", "=", True)])._as_rules())

    def _as_rules(self):
        """Yield these as :class:`~..core.policy.rules.rule.Rule`.

        One that is no longer of use, since a record type left with its addon, stops
        no mail: it is left out.
        """
        for rule in self:
            try:
                yield rule._as_rule()
            except (ConditionError, KeyError, ValueError) as error:
                _logger.warning(
                    "Rule %s (%s) is left out: %s", rule.id, rule.name, error
                )

    def _as_rule(self):
        model = self.record._name if self.action == "attach" else self.record_type
        if model and model not in self.env:
            raise KeyError(model)
        return Rule(
            id=self.id,
            name=self.name,
            conditions=tuple(line._as_condition() for line in self.condition_ids),
            needs_all=self.match == "all",
            scope=Scope(self.scope),
            mailbox_ids=frozenset(self.mailbox_ids.ids),
            company_id=self.company_id.id or 0,
            action=Action(self.action),
            model=model or "",
            record_id=self.record.id if self.action == "attach" else 0,
            find_field=self.find_field_id.name or "",
            find_template=self.find_value or "",
            is_for_parties=self.is_for_parties,
            values=tuple(line._as_value() for line in self._wanted_lines()),
            target_company_id=self.target_company_id.id or 0,
            reason=self.reason or "",
            forward_to=tuple(map(email_normalize, self._forward_entries())),
            template_id=self.template_id.id or 0,
            stops=self.stops,
        )

    def _wanted_lines(self):
        """Return the values for a new record; others were there before the message."""
        makes_new = self.action in (Action.GO_ON.value, Action.CREATE.value)
        return self.value_ids if makes_new else self.value_ids.browse()
