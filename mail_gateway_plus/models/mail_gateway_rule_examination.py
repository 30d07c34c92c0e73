import time

import pytz

from odoo import api, fields, models

from ..core.policy.directive import Halt
from ..core.policy.outcome import State
from ..core.policy.rules.pattern import Allowance
from ..core.policy.rules.plan import Plan
from ..core.policy.rules.rule import Action, concerns, weigh
from ..core.policy.rules.situation import Situation, Standing
from ..rule_texts import condition_text

ADDING = frozenset({Action.ATTACH, Action.FIND})
# What is told on a message about rules that did not hold: the first ones.
MAX_TOLD = 20
NOTE_LENGTH = 400


class MailGatewayRuleExamination(models.AbstractModel):
    """The last station before Odoo's routing: what the rules want with a message."""

    _inherit = "mail.gateway.examination"

    @api.model
    def _stations(self):
        return [*super()._stations(), self._apply_rules]

    @api.model
    def _apply_rules(self, trace, message, message_dict):
        rules = trace.rules
        if rules is None:
            rules = self.env["mail.gateway.rule"]._compiled()
        if not rules:
            return None
        situation = self._situation(trace, message_dict)
        plan = self._plan(rules, trace, situation)
        trace.rules_held = plan.matched
        led = self._target(trace, message_dict)
        halt = self._carry_out(plan, trace, situation)
        if plan.record_id and plan.destination.action in ADDING:
            # sudo: as the gateway, which writes to any record
            record = self.env[plan.destination.model].sudo().browse(plan.record_id)
            if record != led:
                trace.is_weakly_led = plan.destination.action is Action.FIND
            self._heed_closing(trace, message_dict, record)
        return halt

    # ------------------------------------------------------------- what is looked at

    @api.model
    def _situation(self, trace, message_dict):
        facts = trace.facts
        received = trace.received_at or fields.Datetime.now()
        zone = pytz.timezone(self.env.company.partner_id.tz or "UTC")
        mailbox = self.env["fetchmail.server"].sudo().browse(trace.mailbox_id)
        machine = trace.machine
        return Situation(
            facts=facts,
            received=pytz.utc.localize(received).astimezone(zone),
            mailbox_id=mailbox.id or 0,
            mailbox=mailbox.name or "",
            company_id=self.env.company.id,
            is_reply=self._is_reply(trace, message_dict),
            verdict=trace.verdict.level.value if trace.verdict else "",
            machine="" if machine.is_person else machine.kind.value,
            ask_standing=lambda: self._standing(trace),
        )

    @api.model
    def _is_reply(self, trace, message_dict):
        """Say whether the message belongs to a record already."""
        if trace.directive.model:
            return True
        # sudo: as Odoo's gateway, which looks for the parent everywhere
        parent = self.env["mail.message"].sudo().browse(message_dict.get("parent_id"))
        return bool(parent.model and parent.res_id)

    @api.model
    def _standing(self, trace):
        """Find out who a sender is, with what the batch has looked up already.

        Whoever only writes a known address into From is not known by it.
        """
        sender = trace.facts.sender
        if trace.is_stranger:
            return Standing.UNKNOWN
        # sudo: the gateway knows every contact
        partners = self.env["res.partner"].sudo()
        partners = (
            partners.search([("email_normalized", "=", sender)]) if sender else []
        )
        if not partners:
            return Standing.UNKNOWN
        is_user = not all(partners.mapped("partner_share"))
        return Standing.USER if is_user else Standing.PARTNER

    # ------------------------------------------------------------- what comes of it

    @api.model
    def _plan(self, rules, trace, situation):
        """Weigh rule by rule, until one stops, and note why each holds or not."""
        plan, allowance, untold = Plan(), Allowance(time.process_time), 0
        for number, rule in enumerate(rules, 1):
            if not concerns(rule, situation):
                continue
            weighing, record = weigh(rule, situation, allowance), None
            if weighing.is_late:
                trace.rules_failed.append(rule.id)
            if weighing.holds and rule.action in ADDING:
                record = self._record_to_join(trace, weighing, situation)
            holds = weighing.holds and (record is None or bool(record))
            if holds or weighing.is_late or len(trace.notes) < MAX_TOLD:
                note = self._weighing_note(number, weighing, holds)
                trace.notes.append(note[:NOTE_LENGTH])
            else:
                untold += 1
            if holds and not plan.add(weighing, record.id if record else 0):
                break
        if untold:
            trace.notes.append(self.env._("%s more rules did not hold.", untold))
        return plan

    @api.model
    def _record_to_join(self, trace, weighing, situation):
        """Return the record that a rule adds the message to, empty for none.

        A reference is weak evidence: everybody can guess one.
        """
        rule = weighing.rule
        found = self.env["mail.gateway.rule"]._target_of(weighing, situation)
        if not found or rule.action is Action.ATTACH:
            return found
        is_right = self._is_in_reach(trace, found)
        if rule.is_for_parties:
            is_right = (
                is_right
                and not self._is_nobody(trace)
                and found._mail_gateway_is_correspondent(situation.facts.sender)
                and not any(
                    each._mail_gateway_is_sealed()
                    for each in (found, *self._merged_into(found))
                )
            )
        return found if is_right else found.browse()

    @api.model
    def _weighing_note(self, number, weighing, holds):
        """Return in words why a rule held, or why not."""
        told = {"number": number, "name": weighing.rule.name}
        reasons = [
            condition_text(self.env, condition)
            + (f" ({finding.found})" if finding.found else "")
            for condition, finding in weighing.decisive
        ]
        told["why"] = "; ".join(reasons)
        if weighing.is_late:
            return self.env._(
                "Rule %(number)s “%(name)s” counts as not fulfilled, as it took too "
                "long to find out: %(why)s",
                **told,
            )
        if holds and not reasons:
            return self.env._("Rule %(number)s “%(name)s” holds for every one.", **told)
        if holds:
            return self.env._("Rule %(number)s “%(name)s” holds: %(why)s", **told)
        if weighing.holds:
            return self.env._(
                "Rule %(number)s “%(name)s” would hold, but there is no record for "
                "it, or the sender has nothing to do with that.",
                **told,
            )
        if not reasons:
            return self.env._("Rule %(number)s “%(name)s” does not hold.", **told)
        return self.env._(
            "Rule %(number)s “%(name)s” does not hold, as this fails: %(why)s", **told
        )

    @api.model
    def _carry_out(self, plan, trace, situation):
        """Put what the rules want into the directive; return a halt, or ``None``."""
        if not plan.matched:
            return None
        rules = self.env["mail.gateway.rule"]
        directive, company = trace.directive, plan.company_id
        if company:
            directive.company_id = company
            rules = rules.with_company(company)
        values, unfulfilled = rules._values_of(plan, situation)
        for model, wanted in values.items():
            directive.values_of[model] = {
                **directive.values_of.get(model, {}),
                **wanted,
            }
        for wish in unfulfilled:
            trace.notes.append(
                self.env._(
                    "Rule “%(rule)s” could not set “%(field)s”.",
                    rule=wish.rule.name,
                    field=wish.value.field,
                )
            )
        rules._send_forwards(plan, trace, situation)
        trace.acknowledging = plan.acknowledging
        destination = plan.destination
        if destination is None:
            return None
        if destination.action in (Action.PARK, Action.IGNORE):
            return self._halt(destination)
        directive.model, directive.record_id = destination.model, plan.record_id
        return None

    @api.model
    def _halt(self, rule):
        if rule.action is Action.IGNORE:
            return Halt(
                State.IGNORED.value,
                self.env._(
                    "Rule “%(rule)s”: %(reason)s", rule=rule.name, reason=rule.reason
                ),
            )
        reason = rule.reason or self.env._("A person is to decide.")
        return Halt(
            State.QUARANTINED.value,
            self.env._("Rule “%(rule)s”: %(reason)s", rule=rule.name, reason=reason),
        )
