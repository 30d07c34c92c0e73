from lxml import etree

from odoo import models

from .mail_gateway_rule_export import add_field, clean_text


class MailGatewayRuleValueExport(models.Model):
    """A field's value as a data record, below that of its rule."""

    _inherit = "mail.gateway.rule.value"

    def _as_data(self, data_id):
        node = etree.Element("record", id=data_id, model=self._name)
        add_field(node, "sequence", eval=str(self.sequence))
        add_field(
            node, "field_id", ref=self.field_id.get_external_id()[self.field_id.id]
        )
        xmlid = self.record and self.record.get_external_id()[self.record.id]
        if xmlid:
            add_field(node, "record", ref=xmlid)
        else:
            record = self.record
            name = record[record._rec_name or "name"] if record else self.template
            add_field(node, "template", text=clean_text(name or ""))
        return node
