from odoo import api, models
from odoo.tools import SQL, email_normalize

from ..core.policy.directive import Halt
from ..core.policy.outcome import State
from ..core.trust.judge import judge_unasked
from ..core.trust.stance import Stance, stance_towards
from ..core.trust.verdict import Level, Verdict
from . import mail_gateway_memo

OURS = "mail_gateway_plus.ours"


class MailGatewayExaminationTrust(models.AbstractModel):
    """What a sender may do, given the verdict on it."""

    _inherit = "mail.gateway.examination"

    @api.model
    def _observe(self, trace, message, message_dict):
        result = super()._observe(trace, message, message_dict)
        server = self.env["fetchmail.server"].browse(trace.mailbox_id or ())
        own, failed = server._stances()
        own = trace.stance or own  # no mailbox says: what an MTA handed over
        sender = email_normalize(message_dict.get("email_from") or "") or ""
        trace.verdict = self._verdict_on(trace, sender, server)
        is_cared_for = own is not Stance.ODOO and not trace.verdict.is_authentic
        is_ours = is_cared_for and self._is_ours(sender)
        trace.is_unproven = is_cared_for
        trace.stance = stance_towards(trace.verdict, is_ours, own, failed)
        if is_cared_for and trace.stance is not Stance.ACCEPT:
            trace.is_stranger = True
            message_dict["author_id"] = False
        return result

    @api.model
    def _stations(self):
        return [self._judge_sender, *super()._stations()]

    @api.model
    def _judge_sender(self, trace, message, message_dict):
        """Keep a message from becoming a record if its mailbox wants that."""
        states = {Stance.PARK: State.QUARANTINED, Stance.REFUSE: State.IGNORED}
        if trace.stance not in states:
            return None
        return Halt(states[trace.stance].value, self._tell_unproven(trace))

    @api.model
    def _verdict_on(self, trace, sender, server):
        """Return the verdict on the sender that Odoo has read out of the message.

        Whoever makes us and Odoo read two different senders gets nowhere.
        """
        verdict = trace.verdict
        if verdict is None:  # a rehearsal: nothing was journaled
            verdict = judge_unasked(trace.raw, server._trust_settings())
        if verdict is None or verdict.sender != sender:
            level = Level.UNVERIFIED
            if verdict and not verdict.is_authentic:
                level = verdict.level
            return Verdict(level, sender)
        return verdict

    @api.model
    def _tell_unproven(self, trace):
        if trace.verdict.level is Level.FAILED:
            return self.env._(
                "The sender failed the check: %s did not send it, or it was changed on "
                "the way.",
                trace.verdict.sender,
            )
        return self.env._(
            "The sender is not verified: nothing shows that %s sent it.",
            trace.verdict.sender or self.env._("the address in From"),
        )

    # ------------------------------------------------------------------------ ours

    @api.model
    def _know_ours(self, addresses):
        """Find out with one search which of a batch's senders are of ours."""
        mail_gateway_memo.memo_of(self.env)[OURS] = set(self._find_ours(addresses))

    @api.model
    def _is_ours(self, address):
        """Say whether an address is a user's of ours, or in one of our mail domains."""
        memo = mail_gateway_memo.memo_of(self.env) or {}
        ours = memo.get(OURS)
        if ours is None:
            ours = self._find_ours([address])
        return address in ours

    @api.model
    def _find_ours(self, addresses):
        """Return those of these addresses that are of ours.

        An archived user's too: that somebody has left gives the address to nobody.
        """
        self.env["res.users"].flush_model(["login", "partner_id", "share"])
        self.env["res.partner"].flush_model(["email_normalized"])
        self.env["mail.alias.domain"].flush_model(["name"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT address FROM unnest(%s::text[]) AS address
                 WHERE split_part(address, '@', 2) IN (
                        SELECT lower(name) FROM mail_alias_domain)
                    OR EXISTS (
                        SELECT FROM res_users JOIN res_partner
                            ON res_partner.id = res_users.partner_id
                         WHERE res_users.share IS NOT TRUE
                           AND res_partner.email_normalized = address)
                    OR EXISTS (
                        SELECT FROM res_users
                         WHERE share IS NOT TRUE AND login = address)
                """,
                list(addresses),
            )
        )
        return {address for (address,) in rows}
