from odoo import models

from ..core.policy.errand import Errand
from ..core.policy.fate import Outcome
from .mail_mail_result import OURS, UNCLAIMED

# After that many tries a mail whose worker was killed waits as others do that fail: it
# may be what kills it.
DEATHS_FORGIVEN = 3


class MailMailRecovery(models.Model):
    """What becomes of the mail that a worker held when it was killed."""

    _inherit = "mail.mail"

    def _gateway_recover_claims(self):
        """Take care of what workers held that were killed; commits.

        Mail that no server can have is queued anew; where the final dot was due, nobody
        knows. A mail that costs its worker's life again and again is given up as others
        are: each death counts as a try.
        """
        self._gateway_surely(self._gateway_recover_once)

    def _gateway_recover_once(self):
        for mail_id, phase in self._gateway_claims_of_the_dead():
            mail = self.browse(mail_id)
            if mail.state == "sent" and mail.auto_delete:
                mail._gateway_drop()
            elif mail.state != "outgoing":
                mail.write(UNCLAIMED)
            elif phase != "dot":
                mail._gateway_recover_unsent()
            elif mail._gateway_resends_uncertain():
                mail._gateway_reopen_recipients(Outcome.UNCERTAIN)
                mail._gateway_recover_unsent()
            else:
                mail._gateway_recover_at_dot()

    def _gateway_recover_at_dot(self):
        """Hold it for those who may have it; the contacts after them get it at once.

        Once nobody is left to reach, the mail is uncertain for the others.
        """
        reason = self.env._(
            "Odoo was stopped when the server had the mail: whether it was accepted is "
            "not known."
        )
        recipients = self.env["mail.gateway.recipient"].sudo()
        recipients._note_stopped(self, reason)
        settled = recipients._settled(self)
        addressees = self._gateway_addressees()
        is_left = settled and self._gateway_is_left(addressees, settled)
        if is_left and self._gateway_has_another_try():
            self._gateway_recover_unsent()
            return
        reached = self._gateway_reached(addressees, {}, settled)
        self._gateway_note_uncertain(reason, reached)

    def _gateway_has_another_try(self):
        """Say whether it is not given up yet, for its age."""
        if self.gateway_tries < DEATHS_FORGIVEN:
            return True
        since = self.gateway_since or self.scheduled_date or self.create_date
        wait = self._gateway_next_try(OURS, self.gateway_tries + 1, since)
        return wait is not None

    def _gateway_recover_unsent(self):
        """Queue it anew: at once, but in due course if its workers keep dying."""
        errand = Errand(self.id, self.scheduled_date or self.create_date)
        if self.gateway_tries >= DEATHS_FORGIVEN:
            reason = self.env._("Odoo was stopped while the mail was being sent.")
            settled = self.env["mail.gateway.recipient"].sudo()._settled(self)
            addressees = self._gateway_addressees() if settled else []
            reached = self._gateway_reached(addressees, {}, settled)
            self._gateway_try_again(errand, OURS, reason, reached)
            return
        self.write({**UNCLAIMED, "gateway_tries": self.gateway_tries + 1})
