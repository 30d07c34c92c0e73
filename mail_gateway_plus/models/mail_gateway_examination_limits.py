from odoo import api, fields, models
from odoo.tools import email_normalize, plaintext2html

from ..core.policy.directive import Halt
from ..core.policy.loops import Excess, Limits
from ..core.policy.outcome import State
from ..parameters import whole_number

# Odoo's own parameters with its own defaults (mail/models/mail_thread.py,
# ``_detect_loop_sender``), and ours.
LOOP_MINUTES = ("mail.gateway.loop.minutes", 120)
LOOP_THRESHOLD = ("mail.gateway.loop.threshold", 20)
ANSWER_LIMIT = ("mail_gateway_plus.answer_limit", 2)
REOPEN_LIMIT = ("mail_gateway_plus.reopen_limit", 3)


class MailGatewayExaminationLimits(models.AbstractModel):
    """What comes too often is parked: it may be a loop of two machines.

    Odoo drops it and writes to the sender, which feeds the loop, and does not look at
    mailboxes that make records without an alias.
    """

    _inherit = "mail.gateway.examination"

    @api.model
    def _stations(self):
        return [*super()._stations(), self._limit]

    @api.model
    def _limits(self):
        threshold = whole_number(self.env, LOOP_THRESHOLD, 1)
        return Limits(
            minutes=whole_number(self.env, LOOP_MINUTES),
            records=threshold,
            replies=2 * threshold,
            answers=whole_number(self.env, ANSWER_LIMIT),
            reopenings=whole_number(self.env, REOPEN_LIMIT),
        )

    @api.model
    def _limit(self, trace, message, message_dict):
        """Park what is above a limit, and say whether automatic answers are wise."""
        trace.may_answer = trace.machine.is_person
        sender = email_normalize(message_dict.get("email_from") or "")
        if not sender or self._is_allowed(sender):
            return None
        limits, journal = self._limits(), self.env["mail.gateway.inbound"]
        moment = fields.Datetime.to_datetime(message_dict.get("date"))
        moment = moment or fields.Datetime.now()
        record = self._target(trace, message_dict)
        if record:
            on_record = journal._count_on_record(record, moment, limits)
            excess = limits.excess(on_record=on_record)
        else:
            subject = trace.facts.subject
            opened, alike = journal._count_opened(sender, subject, moment, limits)
            excess = limits.excess(opened=opened)
            trace.may_answer &= limits.may_answer(alike)
        if not excess or trace.is_released or trace.is_rehearsal:
            return None
        return self._park_excess(trace, excess, sender, limits)

    @api.model
    def _is_allowed(self, sender):
        # sudo: the list is for administrators
        allowed = self.env["mail.gateway.allowed"].sudo()
        return bool(allowed.search_count([("email_normalized", "=", sender)]))

    @api.model
    def _target(self, trace, message_dict):
        """Return the record that a message would be added to, or ``None``."""
        if trace.directive.model:
            if not trace.directive.record_id:
                return None
            model = self.env[trace.directive.model].sudo()
            return model.browse(trace.directive.record_id)
        parent = self.env["mail.message"].sudo().browse(message_dict.get("parent_id"))
        if not parent.res_id or parent.model not in self.env:
            return None
        return self.env[parent.model].sudo().browse(parent.res_id)

    @api.model
    def _park_excess(self, trace, excess, sender, limits):
        """Return the :class:`Halt` of what is above a limit; tell of the first one."""
        if excess is Excess.SENDER:
            reason = self.env._(
                "%(sender)s has opened %(count)s records within %(minutes)s minutes. "
                "This may be a loop of two machines. If it is not, release the "
                "messages with Retry, and add the sender to the allowed ones (Gateway "
                "Allowed Emails).",
                sender=sender,
                count=limits.records,
                minutes=limits.minutes,
            )
        else:
            reason = self.env._(
                "%(count)s messages came to one record within %(minutes)s minutes. "
                "This may be a loop of two machines. If it is not, release the "
                "messages with Retry.",
                count=limits.replies,
                minutes=limits.minutes,
            )
        mailbox = self.env["fetchmail.server"].browse(trace.mailbox_id)
        is_told = self.env["mail.gateway.inbound"]._is_parked_for_excess(sender)
        if not is_told and not mailbox.is_sealed:  # else who writes there is a secret
            self._alert_excess(sender, reason)
        trace.identity["excess"] = excess.value
        return Halt(State.QUARANTINED.value, reason)

    @api.model
    def _alert_excess(self, sender, reason):
        """Tell the administrators once, not with each message that follows."""
        for user in self.env["mail.gateway.alerting"]._administrators():
            contact = user.partner_id.with_context(mail_activity_quick_update=True)
            contact.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("Unusually much mail from %s", sender),
                note=plaintext2html(reason),
                user_id=user.id,
            )
