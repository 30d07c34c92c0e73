from dataclasses import dataclass

from odoo import models

# How many mails are made ready in one transaction. A commit empties Odoo's caches: one
# by one, each would have what it is made of read anew, in seven statements.
PORTION = 10
# Mails that are ready take memory: a portion has no more bytes than this, or one mail.
PORTION_BYTES = 4 * 1024 * 1024
# A mail may be changed while it waits for its session: it is made ready anew then.
READY_SECONDS = 10.0


@dataclass(frozen=True, eq=False)
class Readiness:
    """One mail as it is handed over to a server; ``since`` when it is ready.

    ``parcels`` is None where the mail is not to be sent any more. ``settled``: rows of
    recipients that need no further try. ``origin``: the values of its attempts.
    """

    server_id: int
    since: float
    parcels: list | None = None
    settled: dict | None = None
    origin: dict | None = None


class MailMailPortion(models.Model):
    """Making mails ready: the next ones along with the one that is taken."""

    _inherit = "mail.mail"

    def _gateway_ready(self, errand, desk):
        """Return the :class:`Readiness` of a mail; commits.

        :raises: whatever makes the mail impossible to send
        """
        ready = _take_ready(errand)
        now, server_id = desk.turn.clock(), desk.server.id
        if ready and ready.server_id == server_id and now - ready.since < READY_SECONDS:
            return ready
        portion = [errand]
        if not errand.is_single:
            portion += desk.turn.following(desk.route, server_id, PORTION - 1)
        try:
            self._gateway_make_ready(portion, desk)
            self._gateway_commit()
        except Exception:
            self.env.cr.rollback()
            if len(portion) == 1:
                raise
            for each in portion:
                # Which of them cannot be sent shows when each is made ready by itself.
                each.ready, each.is_single = None, True
            return self._gateway_ready(errand, desk)
        return _take_ready(errand)

    def _gateway_make_ready(self, portion, desk):
        now, server_id = desk.turn.clock(), desk.server.id
        recipients = self.env["mail.gateway.recipient"].sudo()
        attempts = self.env["mail.gateway.attempt"]
        mails = self.browse(errand.mail_id for errand in portion).exists()
        mails = mails.filtered(lambda mail: mail.state == "outgoing")
        few = {mail.id: mail for mail in mails._gateway_first_few()}
        followers = mails._gateway_followers_to_unsubscribe()
        for errand in portion:
            if errand.mail_id not in mails.ids:
                errand.ready = Readiness(server_id, now)
            elif mail := few.get(errand.mail_id):
                settled = recipients._settled(mail) if errand.has_history else {}
                parcels = mail._gateway_parcels(
                    desk.session,
                    desk.server,
                    desk.route.alias_domain_id,
                    settled,
                    followers,
                )
                origin = {**desk.server_values, **attempts._mail_values(mail.id)}
                errand.ready = Readiness(server_id, now, parcels, settled, origin)

    def _gateway_first_few(self):
        """Return as many of the first mails as may be in memory at a time.

        Their attachments are read together, so those of the others must not be known.
        """
        size = 0
        for number, mail in enumerate(self):
            size += len(mail.body_html or "")
            size += sum(mail.attachment_ids.sudo().mapped("file_size"))
            if number and size > PORTION_BYTES:
                return self.browse(self.ids[:number])
        return self


def _take_ready(errand):
    ready, errand.ready = errand.ready, None
    return ready
