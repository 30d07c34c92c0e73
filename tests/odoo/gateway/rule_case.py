"""What the tests of rules share: rules in one line, and mail for them."""

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.fields import Command


class RuleCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["mail.gateway.rule"]
        cls.rules.search([]).unlink()
        cls.tickets = cls.env["grievance.ticket"]

    def rule(self, name, *conditions, values=(), **options):
        """Return a new rule.

        :param conditions: aspect, operator, value, and whether it is negated
        :param values: pairs of a field of the grievance and its value
        """
        if values or options.get("action") in ("create", "find"):
            options.setdefault("record_type", "grievance.ticket")
        return self.rules.create(
            {
                "name": name,
                "condition_ids": [
                    Command.create(self.condition(*each)) for each in conditions
                ],
                "value_ids": [
                    Command.create(self.value(*each, options["record_type"]))
                    for each in values
                ],
                **options,
            }
        )

    def condition(self, aspect, operator, value="", is_negated=False, header=False):
        return {
            "aspect": aspect,
            "operator": operator,
            "value": value,
            "is_negated": is_negated,
            "header": header,
        }

    def value(self, name, wanted, model):
        field = self.env["ir.model.fields"]._get(model, name)
        if isinstance(wanted, str):
            return {"field_id": field.id, "template": wanted}
        return {"field_id": field.id, "record": f"{wanted._name},{wanted.id}"}

    def receive(self, *messages, **mailbox):
        """Have messages fetched and processed; return their journal rows."""
        server = self.mailbox(FourMethodConnection(*messages), **mailbox)
        self.fetch(server)
        self.process()
        return self.rows(server)

    def record_of(self, row):
        return self.env[row.res_model].browse(row.res_id).exists()


__all__ = ["RuleCase", "letter"]
