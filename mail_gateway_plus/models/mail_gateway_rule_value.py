from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.policy.rules.convert import KINDS, LINKS
from ..core.policy.rules.rule import Value
from ..core.policy.rules.template import TemplateError, names_in

USABLE = sorted(KINDS | LINKS)


class MailGatewayRuleValue(models.Model):
    """What a field of a record becomes that a rule has a message make."""

    _name = "mail.gateway.rule.value"
    _inherit = "mail.gateway.cached"
    _description = "Field Value of a Rule for Inbound Mail"
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one(
        "mail.gateway.rule",
        required=True,
        index=True,
        ondelete="cascade",
        help="The rule that it belongs to.",
    )
    sequence = fields.Integer(default=10, help="The order in which they are told.")
    field_id = fields.Many2one(
        "ir.model.fields",
        required=True,
        ondelete="cascade",
        help="The field of the new record.",
    )
    kind = fields.Selection(related="field_id.ttype", help="The field's type.")
    related_model_id = fields.Many2one(
        "ir.model",
        compute="_compute_related_model_id",
        help="What the field links to.",
    )
    record = fields.Reference(
        selection="_linked_types",
        help="What a field that links is set to. For tags, enter one line for each.",
    )
    template = fields.Text(
        string="Value",
        help="The text, number or choice, with placeholders such as {{ subject }}; for "
        "a field that links, the exact name of a record.",
    )

    @api.model
    def _linked_types(self):
        # sudo: what models there are is no secret, but only administrators read it
        return [(m.model, m.name) for m in self.env["ir.model"].sudo().search([])]

    @api.depends("field_id")
    def _compute_related_model_id(self):
        for value in self:
            relation = value.field_id.relation
            value.related_model_id = relation and self.env["ir.model"]._get(relation)

    @api.onchange("field_id")
    def _onchange_field_id(self):
        self.record = False

    @api.constrains("field_id", "template", "record", "rule_id")
    def _check_value(self):
        for value in self:
            if mistake := value._mistake():
                raise ValidationError(
                    self.env._(
                        "Field “%(field)s”: %(mistake)s",
                        field=value.field_id.field_description,
                        mistake=mistake,
                    )
                )

    def _mistake(self):
        """Return what is wrong with it, or nothing."""
        rule, field = self.rule_id, self.field_id
        if field.model != rule.record_type:
            return self.env._("it is no field of the rule's record type.")
        if field.ttype not in USABLE or not field.store or field.readonly:
            return self.env._("a rule cannot set it.")
        if self.record:
            if self.record._name != field.relation:
                return self.env._("the chosen record is of another type.")
            return self._project_mistake()
        try:
            names = names_in(self.template or "")
            rule._check_groups(names)
        except TemplateError as error:
            return self.env._("“%s” is no placeholder.", error)
        if not names:
            try:
                rule._field_value(field.model, self._as_value(), self.template)
            except ValueError:
                return self.env._("“%s” is no value for it.", self.template or "")
        return None

    def _project_mistake(self):
        """Return what keeps Odoo from making tasks of a project by mail, or nothing.

        It takes for granted that the project has an address (project/models/
        project_task.py, ``_find_internal_users_from_address_mail``), and raises.
        """
        if self.record._name != "project.project" or self.field_id.name != "project_id":
            return None
        # sudo: an alias is for who may see the project's settings
        if self.record.sudo().alias_name:
            return None
        return self.env._(
            "Odoo makes tasks by mail only of projects that have an e-mail alias; "
            "enter one on the project."
        )

    def _as_value(self):
        return Value(
            self.field_id.name,
            self.field_id.ttype,
            self.template or "",
            self.record.id if self.record else 0,
        )

    @api.depends("field_id", "template", "record")
    def _compute_display_name(self):
        for value in self:
            name = value.record.display_name if value.record else value.template
            value.display_name = f"{value.field_id.field_description}: {name or ''}"
