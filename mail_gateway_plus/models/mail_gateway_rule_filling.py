from odoo import api, fields, models
from odoo.tools import plaintext2html

from ..core.policy.rules.convert import LINKS, convert
from ..core.policy.rules.template import fill


class MailGatewayRuleFilling(models.Model):
    """Which record a rule finds, and what it sets in a new one."""

    _inherit = "mail.gateway.rule"

    # ---------------------------------------------------------------------- finding

    @api.model
    def _target_of(self, weighing, situation):
        """Return the record that a rule names or that a message refers to."""
        rule = weighing.rule
        # sudo: the gateway's user, as in Odoo's own gateway, writes to any record
        model = self.env[rule.model].sudo()
        if rule.record_id:
            return model.browse(rule.record_id).exists()
        text = fill(rule.find_template, situation, weighing.groups)
        try:
            value = convert(model._fields[rule.find_field].type, text)
        except ValueError:
            value = False
        if not value:
            return model
        found = model.search([(rule.find_field, "=", value)], limit=2)
        return found if len(found) == 1 else model

    # ---------------------------------------------------------------------- setting

    @api.model
    def _values_of(self, plan, situation):
        """Return the values that rules want for new records, by model.

        :returns: a dict by model, and the wishes that could not be fulfilled
        """
        made, unfulfilled = {}, []
        for model, wishes in plan.wishes.items():
            values = made.setdefault(model, {})
            for wish in wishes:
                text = fill(wish.value.template, situation, wish.groups)
                try:
                    value = self._field_value(model, wish.value, text)
                except ValueError:
                    unfulfilled.append(wish)
                    continue
                if isinstance(value, list):
                    value = values.get(wish.value.field, []) + value
                values[wish.value.field] = value
        return made, unfulfilled

    @api.model
    def _field_value(self, model, value, text):
        """Return what a rule's :class:`~..core.policy.rules.rule.Value` is.

        :param text: its template, filled in
        :raises ValueError: when that means nothing for the field
        """
        field = self.env[model]._fields[value.field]
        if field.type in LINKS:
            record = self._linked(field, value.record_id, text)
            is_one = field.type == "many2one"
            return record.id if is_one else [fields.Command.link(record.id)]
        choices = ()
        if field.type == "selection":
            described = self.env[model].sudo().fields_get([field.name], ["selection"])
            choices = described[field.name]["selection"]
        made = convert(field.type, text or "", choices)
        return plaintext2html(made) if field.type == "html" and made else made

    @api.model
    def _linked(self, field, record_id, name):
        """Return the record that a field is to link to: chosen, or of that name."""
        # sudo: an administrator decided on it; the gateway's user need not see it
        model = self.env[field.comodel_name].sudo()
        if record_id:
            found = model.browse(record_id).exists()
        else:
            domain = [(model._rec_name or "name", "=", (name or "").strip())]
            if "company_id" in model._fields:
                domain.append(("company_id", "in", (self.env.company.id, False)))
            found = model.search(domain, limit=2) if (name or "").strip() else model
        if len(found) != 1:
            raise ValueError(name)
        return found
