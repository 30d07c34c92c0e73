from datetime import timedelta
from email.utils import formatdate
from types import SimpleNamespace

import psycopg2

from odoo import api, fields, models
from odoo.tools import consteq, hmac

from ..core.deliverability.egress import addresses_in, as_network
from ..core.policy.errand import Route
from ..core.protocols.smtp_dial import SmtpDial
from ..core.round_trip.mark import Letter, Mark, compose
from ..core.round_trip.phase import OFFERED_FOR, State, next_look
from ..core.round_trip.sending import Parcel
from .ir_mail_server_identity import SESSION_IDENTITY

SCOPE = "mail_gateway_plus.round_trip"
MAX_WORDS = 2000
# Somebody, or the scheduler, waits; where the reply to the dot takes longer, the
# mailbox tells whether the mail was taken.
ANSWER_SECONDS = 60


class MailGatewayRoundTripSending(models.Model):
    """Marking a round-trip mail and handing it over."""

    _inherit = "mail.gateway.round.trip"

    def _take_parcel(self):
        """Return the mail to be sent, ``None`` where there is nothing to send now.

        Whoever takes it sends it: a second one finds that it is on its way. If that one
        is killed meanwhile, nobody knows whether it was sent, and the mailbox tells.
        """
        if self.state != State.SENDING.value or self.sent_at:
            return None
        if self.server_id._disable_send():
            return None
        quota = self.server_id._reserve_sending(1)
        if quota is not None:
            self._put_off(self.env._("The sending limit of the server is reached."))
            return None
        try:
            parcel = self._parcel()
        except psycopg2.Error:
            raise
        except Exception as error:
            self._fail(str(error))
            return None
        self._write_sent(fields.Datetime.now())
        return parcel

    def _parcel(self):
        server = self.server_id
        message = compose(
            Letter(
                self.sender,
                self.recipient,
                self.env._("Round-trip mail of “%s”", server.name),
                self.env._(
                    "Odoo sent this mail to itself to see whether and when it arrives. "
                    "It may be deleted."
                ),
                self.message_id,
                formatdate(localtime=True),
                self._mark(),
            )
        )
        dial = server._dial(Route(server.id, 0, False, True))
        session = SimpleNamespace(
            from_filter=dial.from_filter,
            smtp_from=dial.smtp_from,
            **{SESSION_IDENTITY: server._identity()},
        )
        smtp_from, recipients, message = server._prepare_email_message__(
            message, session
        )
        is_ours = isinstance(dial, SmtpDial)
        connect = dial.within(ANSWER_SECONDS).connect if is_ours else lambda: dial
        return Parcel(connect, smtp_from, recipients[0], message.as_bytes())

    def _mark(self):
        """Return the mark that only this database can make."""
        # sudo: the key is read by nobody, and never leaves this method
        trip = self.sudo()
        signature = hmac(trip.env, SCOPE, f"{trip.id}.{trip.nonce}")
        return Mark(trip.id, trip.nonce, signature)

    @api.model
    def _of_mark(self, mark):
        """Return the round trip of a mark; none where the mark is not ours."""
        # sudo: mail is processed by whoever the scheduler is
        trip = self.sudo().browse(mark.trip_id).exists()
        is_ours = trip and consteq(str(trip._mark()), str(mark))
        return trip if is_ours else trip.browse()

    def _note_handed(self, handed):
        """Write down what the server made of it."""
        if handed.delivery is not None:
            attempts = self.env["mail.gateway.attempt"].sudo()
            attempts._record_delivery(
                self.server_id, None, handed.session, handed.delivery
            )
        words = (handed.words if handed.error or handed.delivery else "")[:MAX_WORDS]
        seen = [as_network(address) for address in addresses_in(handed.greeting)]
        self.write({"words": words, **({"egress_address": seen[0]} if seen else {})})
        # A server that lets known addresses in only refuses it perhaps for that reason.
        self.server_id._note_egress(self)
        if handed.error is None and handed.delivery is None:
            return  # another addon's connection took it and tells no more
        if handed.delivery is not None and (
            handed.delivery.accepted or handed.delivery.is_uncertain
        ):
            return
        if self.state == State.ARRIVED.value:
            return
        age = fields.Datetime.now() - self.create_date
        # Who watches reads at once that no session came about.
        is_patient = self.is_scheduled or handed.delivery is not None
        if handed.is_temporary and is_patient and age < OFFERED_FOR:
            self._put_off(words)
        else:
            self._fail(words)

    def _write_sent(self, moment):
        self.write(
            {
                "state": State.SENT.value,
                "sent_at": moment,
                "next_look_at": moment + next_look(timedelta()),
            }
        )

    def _put_off(self, words):
        self.write(
            {
                "state": State.SENDING.value,
                "sent_at": False,
                "words": words,
                "next_look_at": fields.Datetime.now() + next_look(timedelta()),
            }
        )

    def _fail(self, words):
        self.write(
            {
                "state": State.FAILED.value,
                "words": (words or "")[:MAX_WORDS],
                "next_look_at": False,
            }
        )
        if self.is_scheduled:
            self._alert_once()
