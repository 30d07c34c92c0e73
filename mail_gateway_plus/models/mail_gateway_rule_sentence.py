from odoo import api, fields, models

from ..core.policy.rules.rule import Action


class MailGatewayRuleSentence(models.Model):
    """A rule in one readable sentence, and how often it held."""

    _inherit = "mail.gateway.rule"

    sentence = fields.Text(
        compute="_compute_sentence",
        compute_sudo=False,
        help="What the rule does, in words.",
    )
    hit_count = fields.Integer(
        string="Held",
        compute="_compute_hits",
        help="For how many messages it has held so far.",
    )
    last_hit_at = fields.Datetime(
        string="Last Held",
        compute="_compute_hits",
        help="When it last held for a message. Never: is it still needed?",
    )
    error_count = fields.Integer(
        string="Out of Time",
        compute="_compute_hits",
        help="For how many messages a pattern took too long, so that the rule counted "
        "as not fulfilled. Simplify the pattern: no repetition within another.",
    )
    last_error_at = fields.Datetime(
        compute="_compute_hits", help="When a pattern of it last took too long."
    )

    def _compute_hits(self):
        # sudo: the counters' table has no access rights of its own
        totals = self.env["mail.gateway.rule.hit"].sudo()._totals(self.ids)
        for rule in self:
            hits, errors, last, failed = totals.get(rule.id, (0, 0, False, False))
            rule.hit_count, rule.error_count = hits, errors
            rule.last_hit_at, rule.last_error_at = last, failed

    def action_reset_counters(self):
        """Begin to count anew, as after a change of the rule."""
        self.check_access("write")
        # sudo: the counters' table has no access rights of its own
        hits = self.env["mail.gateway.rule.hit"].sudo()
        hits.search([("rule_id", "in", self.ids)]).unlink()
        self.invalidate_recordset()
        return True

    def action_open_messages(self):
        """List the messages in the journal that the rule held for."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mail_gateway_plus.action_inbound"
        )
        return {**action, "domain": [("rules_held", "like", f",{self.id},")]}

    # --------------------------------------------------------------------- in words

    @api.depends_context("uid", "lang")
    @api.depends(
        "action",
        "condition_ids.display_name",
        "find_field_id",
        "find_value",
        "forward_to",
        "match",
        "reason",
        "record",
        "record_type",
        "scope",
        "stops",
        "target_company_id",
        "template_id",
        "value_ids.display_name",
    )
    def _compute_sentence(self):
        types = dict(self.env["mail.gateway.inbound"]._record_types())
        for rule in self:
            what = "; ".join(rule._tell_what(types)) or self.env._("nothing")
            rule.sentence = f"{rule._tell_when()} → {what}"

    def _tell_when(self):
        names = self.condition_ids.mapped("display_name")
        if not names:
            when = self.env._("Every message")
        elif self.match == "any":
            when = self.env._(" or ").join(names)
        else:
            when = self.env._(" and ").join(names)
        if self.scope == "reply":
            return self.env._("Of answers: %s", when)
        return when

    def _tell_what(self, types):
        """Yield what the rule has done, thing by thing."""
        action = Action(self.action or "go_on")
        told = {"type": types.get(self.record_type, "…"), "reason": self.reason or ""}
        if action is Action.CREATE:
            yield self.env._("create %(type)s", **told)
        elif action is Action.ATTACH:
            yield self.env._("add to “%s”", self._visible_name(self.record))
        elif action is Action.FIND:
            told["field"] = self.sudo().find_field_id.field_description or ""
            told["value"] = self.find_value or ""
            yield self.env._("add to the %(type)s whose %(field)s is %(value)s", **told)
        elif action is Action.PARK:
            yield self.env._("park") + (f": {self.reason}" if self.reason else "")
        elif action is Action.IGNORE:
            yield self.env._("ignore: %(reason)s", **told)
        yield from self._tell_more()

    def _tell_more(self):
        if self.target_company_id:
            yield self.env._("in company %s", self.target_company_id.display_name)
        if lines := self._wanted_lines():
            yield self.env._("set %s", ", ".join(map(self._tell_value, lines)))
        if self.forward_to:
            yield self.env._("forward to %s", self.forward_to)
        if self.template_id:
            yield self.env._("acknowledge with “%s”", self.sudo().template_id.name)
        if self.stops:
            yield self.env._("stop")

    def _tell_value(self, line):
        # sudo: only administrators read what fields there are
        label = line.sudo().field_id.field_description or "…"
        if line.record:
            return f"{label}: {self._visible_name(line.record)}"
        text = " ".join((line.template or "").split())
        return f"{label}: {text if len(text) <= 60 else text[:59] + '…'}"

    def _visible_name(self, record):
        """Return a record's name for who may see it: it may be a sealed one's."""
        visible = record and record.exists()._filtered_access("read")
        return visible.display_name if visible else self.env._("a record")
