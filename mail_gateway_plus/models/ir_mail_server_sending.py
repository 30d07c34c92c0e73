from datetime import timedelta

from odoo import fields, models

from ..core.policy.replies import judge
from ..core.policy.verdict import Cause, Kind, Scope, Verdict

SESSION_LIMIT = 4
# System parameter: whether a server sends for those whom its From filter leaves out.
SEND_FOR_OTHERS = "mail_gateway_plus.send_for_other_senders"
# The rule of those verdicts that no server has spoken: a quota of ours is spent.
OWN_QUOTA = "quota"


class IrMailServerSending(models.Model):
    """What the sending of the queue wants of a server."""

    _inherit = "ir.mail_server"

    session_limit = fields.Integer(
        string="Sessions at Once",
        default=SESSION_LIMIT,
        help="How many connections one worker may have to this server at a time. "
        "Some providers count them.",
    )

    def _sending_order(self, smtp_from, mails, is_forced):
        """Return the servers to ask, best first, as a list.

        :param self: the one that Odoo found; empty for the command line's server
        :param mails: those that are to be sent, for what they may use
        """
        candidates = self._gateway_candidates(smtp_from, mails, is_forced)
        if not candidates and not self:
            return [self]
        return [server.with_prefetch() for server in candidates]

    def _is_for_other_senders(self, smtp_from):
        """Say whether Odoo found this server only for want of one for the sender.

        Its provider would refuse such mail, or receivers take it for forged (SPF,
        DMARC). A database in which that was the custom before goes on as it did.
        """
        if not self or self.sudo().owner_user_id:
            return False
        if self._match_from_filter(smtp_from, self.sudo().from_filter):
            return False
        get_param = self.env["ir.config_parameter"].sudo().get_param
        return get_param(SEND_FOR_OTHERS, "False") != "True"

    def _told_other_senders(self, smtp_from):
        """Return why mail of this sender does not go by this server, and what to do."""
        return self.env._(
            "No outgoing mail server may send for %(sender)s: %(server)s is for "
            "%(filter)s only. Add the sender to a server's From filter, or choose a "
            "server for the mail.",
            sender=smtp_from,
            server=self.name,
            filter=self.sudo().from_filter,
        )

    def _dial(self, route):
        """Return how to reach this server, or another addon's open connection."""
        return (
            self.env["ir.mail_server"]
            .with_context(mail_gateway_dial_only=True)
            ._connect__(mail_server_id=self.id or None, smtp_from=route.smtp_from)
        )

    def _reply_judge(self):
        """Return ``judge(phase, reply, error=None)`` as it holds for this server.

        The administrator's rules are read but once.
        """
        rules = self.env["mail.gateway.reply.rule"].sudo()._rules()
        host = self.smtp_host or ""

        def judge_here(phase, reply, error=None):
            return judge(phase, reply, rules=rules, error=error, host=host)

        return judge_here

    def _size_limit(self):
        """Return how many bytes a mail may have, 0 where nobody has entered it."""
        return int(self.max_email_size * 1024**2) if self else 0

    def _note_sending_fault(self, verdict, text=""):
        """Note what speaks against using the server for other mail as well."""
        if self:
            self.env["mail.gateway.breaker"]._note_fault(self, verdict, text)

    def _note_sending_success(self):
        """Note that the server did its part."""
        if self:
            self.env["mail.gateway.breaker"]._note_success(self)

    def _reserve_sending(self, recipients):
        """Count a mail against the server's quotas.

        :returns: None when it may be sent, else the verdict that says how long to wait
        """
        quotas = self.env["mail.gateway.quota"]
        granted, next_at = quotas._reserve(self, 1, [recipients])
        if granted:
            return None
        if next_at is None:  # never: it has more recipients than the quota
            cause = Cause.TOO_MANY_RECIPIENTS.value
            return Verdict(Kind.PERMANENT, Scope.SENDER, None, cause)
        return _spent_until(next_at)

    def _spent_quota(self):
        """Return the verdict that says how long its quotas are spent, None if not."""
        if not self:
            return None
        next_at = self.env["mail.gateway.quota"]._next_free(self)[self.id]
        return next_at and _spent_until(next_at)


def is_own_quota(verdict):
    """Say whether a quota of ours kept a mail back, and no server was asked."""
    return verdict.rule == OWN_QUOTA


def _spent_until(moment):
    wait = max(moment - fields.Datetime.now(), timedelta(seconds=1))
    cause = Cause.SENDING_QUOTA.value
    return Verdict(Kind.QUOTA, Scope.RATE, wait, cause, rule=OWN_QUOTA)
