from datetime import timedelta

from odoo import fields, models

from ..core.policy.errand import Errand
from ..core.policy.sending_retry import look_again
from ..core.policy.verdict import Cause


class MailMailAwaiting(models.Model):
    """Mails wait where servers are there, but none may be used for the moment.

    No server was asked, so there is no attempt and no try is counted; only the time
    runs. Whoever makes the server usable has them sent at once (``_gateway_redrive``).
    """

    _inherit = "mail.mail"

    def _gateway_await(self, server, smtp_from, errands, turn):
        """Have those mails wait whose server is not confirmed; the caller commits.

        :param server: the one that Odoo found for them instead, if any
        :returns: the errands of the others
        """
        mails = self.browse(errand.mail_id for errand in errands)
        awaited = dict(server._awaited(smtp_from, mails))
        waits, others = [], []
        for errand, mail in zip(errands, mails, strict=True):
            if mail not in awaited:
                others.append(errand)
                continue
            told = self.env._("Waits: %s", awaited[mail]._told_unconfirmed())
            cause = Cause.NOT_CONFIRMED
            wait = mail._gateway_wait_unasked(errand, None, told, cause)
            if wait is None:
                mail._gateway_give_up("mail_smtp", told, cause.value, ([], []))
            else:
                waits.append((mail.id, *wait))
        if waits:
            self._gateway_write_waits(turn.token, waits)
        return others

    def _gateway_wait_unasked(self, errand: Errand, chance_at, told, cause):
        """Return how a mail waits for which no server was asked; None: give it up.

        :param chance_at: when a server may be back, None where nobody knows
        """
        now = fields.Datetime.now()
        since = self.gateway_since or None
        if cause is Cause.SENDING_QUOTA:  # its turn comes, however long the queue is
            return chance_at, self.gateway_tries, since, told, cause.value
        since = since or errand.due_at
        left = self.env["ir.mail_server"]._patience().give_up_after - (now - since)
        if left <= timedelta():
            return None
        due_at = min(chance_at or now + look_again(now - since), now + left)
        return due_at, self.gateway_tries, since, told, cause.value

    def _gateway_told_unasked(self, why):
        """Return the cause and the words for mail that no server was asked about."""
        cause, told = why
        heading = self.env._("No outgoing mail server can be used at this time.")
        return cause, "\n".join([heading, *told])
