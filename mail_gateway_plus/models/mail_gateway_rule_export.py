import re
import unicodedata

from lxml import etree

from odoo import models
from odoo.exceptions import UserError

# Fields whose text or choice stands in the file as it is.
PLAIN = ("name", "note", "scope", "match", "action", "record_type", "find_value")
PLAIN_TOO = ("reason", "forward_to")
SWITCHES = ("active", "is_for_parties", "stops")
CONDITION = ("aspect", "header", "operator", "is_negated", "value")


class MailGatewayRuleExport(models.Model):
    """Rules as Odoo's data records, to go with an addon or into version control."""

    _inherit = "mail.gateway.rule"

    def action_export(self):
        """Download these rules, or all active ones, as a file of data records."""
        rules = self or self.search([("active", "=", True)])
        rules.check_access("write")
        if not rules:
            raise UserError(self.env._("There are no rules to export."))
        ids = ",".join(map(str, rules.ids))
        url = f"/mail_gateway/rules/mail_gateway_rule_data.xml?ids={ids}"
        return {"type": "ir.actions.act_url", "url": url, "target": "download"}

    def _export_data(self):
        """Return the bytes of a data file with these rules.

        What they refer to is named by its external id where it has one, else looked
        for by name when the file is loaded.
        """
        root = etree.Element("odoo", noupdate="1")
        for number, rule in enumerate(self.sorted(), 1):
            root.append(rule._as_data(number))
        etree.indent(root, space="    ")
        return etree.tostring(
            root, encoding="utf-8", xml_declaration=True, pretty_print=True
        )

    def _as_data(self, number):
        node = etree.Element("record", id=self._data_id(number), model=self._name)
        for name in (*PLAIN, *PLAIN_TOO):
            if self[name]:
                add_field(node, name, text=clean_text(self[name]))
        add_field(node, "sequence", eval=str(number * 10))
        for name in SWITCHES:
            add_field(node, name, eval=str(bool(self[name])))
        lines = ", ".join(
            f"Command.create({ {name: line[name] or False for name in CONDITION}!r})"
            for line in self.condition_ids
        )
        add_field(node, "condition_ids", eval=f"[Command.clear(), {lines}]")
        for name in ("company_id", "target_company_id", "template_id"):
            self._refer(node, name, self[name])
        if self.mailbox_ids:
            names = self.mailbox_ids.mapped("name")
            add_field(node, "mailbox_ids", search=repr([("name", "in", names)]))
        if self.find_field_id:
            self._refer(node, "find_field_id", self.find_field_id)
        if self.action == "attach":
            self._refer(node, "record", self.record)
        values = etree.SubElement(node, "field", name="value_ids")
        for place, line in enumerate(self.value_ids, 1):
            values.append(line._as_data(f"{self._data_id(number)}_value_{place}"))
        if not len(values):
            node.remove(values)
        return node

    def _data_id(self, number):
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore")
        words = re.sub(r"\W+", "_", plain.decode().lower()).strip("_")
        return f"mail_rule_{number}_{words[:40]}".rstrip("_")

    def _refer(self, node, name, record):
        """Add what a field refers to, by its external id or its name."""
        if not record:
            return
        if xmlid := record.get_external_id()[record.id]:
            add_field(node, name, ref=xmlid)
        elif self._fields[name].type == "reference":
            found = f"obj().search({_by_name(record)!r}, limit=1).id"
            text = f"'{record._name},%d' % {found}"
            add_field(node, name, model=record._name, eval=text)
        else:
            add_field(node, name, search=repr(_by_name(record)))


def add_field(node, name, text=None, **attributes):
    child = etree.SubElement(node, "field", name=name, **attributes)
    child.text = text


def clean_text(text):
    """Return text without what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _by_name(record):
    key = record._rec_name or "name"
    return [(key, "=", record[key])]
