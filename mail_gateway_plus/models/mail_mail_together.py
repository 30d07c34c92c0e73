from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from odoo import models


@dataclass(frozen=True, eq=False)
class OpenOffer:
    """A message of which a server has all but the final dot."""

    mail_id: int
    desk: object
    origin: dict
    delivery: object


@dataclass(frozen=True, eq=False)
class Result:
    """A mail of which all messages were handed over.

    ``note`` writes the last answer down, in the same transaction; ``is_quiet``: nobody
    else is told.
    """

    errand: object
    ready: object
    desk: object
    note: Callable | None = None
    is_quiet: bool = False


class MailMailTogether(models.Model):
    """What is committed for several mails at once (core/tasks.py, Joint).

    Mails that stand at the same point share statements and a commit, those of one turn
    always. None waits for another.
    """

    _inherit = "mail.mail"

    def _gateway_fence_together(self, offers):
        """Commit that final dots are next: what is about to happen is written before.

        :returns: for each what completes its attempt (``_record_open``), None where the
            mail is no longer ours to send
        """
        return self._gateway_surely(partial(self._gateway_fence_and_record, offers))

    def _gateway_fence_and_record(self, offers):
        mails = self.browse(offer.mail_id for offer in offers)
        ours = set(mails._gateway_fence(offers[0].desk.turn.token).ids)
        rows = iter(
            self.env["mail.gateway.attempt"]
            .sudo()
            ._record_open(
                [
                    (offer.origin, offer.desk.session, offer.delivery)
                    for offer in offers
                    if offer.mail_id in ours
                ]
            )
        )
        return [next(rows) if offer.mail_id in ours else None for offer in offers]

    def _gateway_conclude_together(self, results):
        """Commit what became of mails that servers were asked to take."""
        self._gateway_surely(partial(self._gateway_conclude_all, results))
        return results

    def _gateway_conclude_all(self, results):
        turn = results[0].desk.turn
        for result in results:
            if result.note:
                result.note()
        mails = self.browse(result.errand.mail_id for result in results)
        held = mails._gateway_hold(turn.token).with_context(
            mail_gateway_turn=turn, mail_gateway_quietly=results[0].is_quiet
        )
        held.fetch(["auto_delete", "is_notification"])
        mail_of = {mail.id: mail for mail in held}
        sent, partners, emails = held.browse(), [], []
        for result in results:
            if mail := mail_of.get(result.errand.mail_id):
                reached = mail._gateway_conclude(
                    result.errand, result.ready, result.desk
                )
                if reached is not None:
                    sent += mail
                    partners += reached[0]
                    emails += reached[1]
        if sent:
            sent._gateway_note_sent((partners, emails))
