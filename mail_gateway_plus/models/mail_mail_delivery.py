import logging
import time
from dataclasses import dataclass, replace
from functools import partial

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import email_normalize

from ..core.parsing.wire_form import wire_form
from ..core.policy.fate import answers_of, fault_of
from ..core.protocols.foreign import ForeignSession
from ..core.protocols.smtp import phase_of
from ..core.protocols.smtp_delivery import NO_REPLY
from ..core.tasks import call, joint
from .mail_mail_together import OpenOffer, Result

_logger = logging.getLogger(__name__)

# Pauses in seconds before a result that came into conflict with another transaction is
# written once more. What a server has accepted must not be forgotten for that.
PAUSES = (0, 0.05, 0.2, 0.5, 1, 2)


@dataclass(eq=False)
class Desk:
    """A worker's open session with a server, and all that is read but once for it.

    ``server_values`` and ``judge``: each commit empties Odoo's caches, so what does
    not change from mail to mail is kept here.
    """

    server: object
    session: object
    route: object
    turn: object
    server_values: dict
    judge: object
    has_quota: bool = False
    is_probe: bool = False

    @property
    def ask(self):
        """``call`` for what the session does: in a thread, if it may be."""
        return partial(call, not isinstance(self.session, ForeignSession))


class MailMailDelivery(models.Model):
    """One mail to one server: offered, fenced, finished, written down."""

    _inherit = "mail.mail"

    def _gateway_desk(self, session, server, route, turn):
        attempts = self.env["mail.gateway.attempt"]
        return Desk(
            server=server,
            session=session,
            route=route,
            turn=turn,
            server_values=attempts._server_values(server),
            has_quota=bool(server and self.env["mail.gateway.quota"]._of(server)),
            is_probe=bool(server)
            and self.env["mail.gateway.breaker"]._is_probe(server),
            judge=server._reply_judge(),
        )

    def _gateway_deliver(self, errand, desk):
        """A task's part: hand one mail over in an open session, and settle it.

        :returns: None when the mail is done with, else the verdict because of which
            another session or server should be asked
        """
        try:
            return (yield from self._gateway_deliver_parcels(errand, desk))
        except Exception as error:
            # The mail cannot be made, say, or not be written: those behind it can.
            self.env.cr.rollback()
            self._gateway_surely(
                partial(self._gateway_conclude_failed, errand, desk.turn, error)
            )
            return None

    def _gateway_deliver_parcels(self, errand, desk):
        mail = self.browse(errand.mail_id)
        ready = self._gateway_ready(errand, desk)
        if ready.parcels is None:
            self._gateway_release(desk.turn.token, mail.ids)
            self._gateway_commit()
            return None
        waiting = [parcel for parcel in ready.parcels if parcel.recipients]
        if not waiting:
            yield from self._gateway_settle(Result(errand, ready, desk))
        for parcel in waiting:
            if desk.has_quota:
                spent = desk.server._reserve_sending(len(parcel.recipients))
                self._gateway_commit()
                if spent is not None:
                    return spent
            handed = yield from self._gateway_hand_over(mail, parcel, desk, ready)
            if handed is None:
                return None
            delivery, note = handed
            if desk.has_quota and not (delivery.accepted or delivery.is_uncertain):
                quotas = self.env["mail.gateway.quota"]
                quotas._give_back(desk.server, 1, len(parcel.recipients))
            answers = answers_of(delivery, desk.judge)
            note_answers(errand, answers)
            note = partial(note, answers)
            fault = fault_of(delivery, desk.judge)
            if fault is not None:
                self._gateway_surely(partial(mail._gateway_go_on, note, desk))
                desk.server._note_sending_fault(fault, delivery.told)
                self._gateway_commit()
                return fault
            if parcel is not waiting[-1]:
                self._gateway_surely(partial(mail._gateway_go_on, note, desk))
                continue
            yield from self._gateway_settle(Result(errand, ready, desk, note))
        return None

    def _gateway_settle(self, result):
        """A task's part: have it written down what became of a mail."""
        try:
            yield joint(self._gateway_conclude_together, result)
        except Exception:
            # Whatever others made of it, the server's answer is written down.
            mail_id = result.errand.mail_id
            _logger.exception("The result of mail %s was not told", mail_id)
            quiet = replace(result, is_quiet=True)
            self._gateway_surely(partial(self._gateway_conclude_all, [quiet]))

    def _gateway_hand_over(self, mail, parcel, desk, ready):
        """A task's part: say all of one message, and the final dot if it is still ours.

        What is about to happen is committed before: the attempt and its recipients
        stand as uncertain until the answer is written.

        :returns: the delivery, and what writes it down when called with the answers;
            None when the mail is no longer ours to send, or only in the next run
        """
        attempts = self.env["mail.gateway.attempt"].sudo()
        session, origin = desk.session, ready.origin
        delivery = yield desk.ask(
            session.offer, parcel.message, parcel.sender, list(parcel.recipients)
        )
        if not delivery.is_open:
            return delivery, partial(attempts._record, origin, session, delivery)
        offer = OpenOffer(mail.id, desk, origin, delivery)
        opened = None
        try:
            if desk.turn.has_time_for_dot:
                opened = yield joint(self._gateway_fence_together, offer)
        except BaseException:
            session.close()
            raise
        if opened is None:
            # Hanging up before the dot takes the mail back (RFC 5321, 4.1.1.4).
            yield desk.ask(session.close)
            self._gateway_surely(
                partial(self._gateway_release, desk.turn.token, mail.ids)
            )
            return None
        yield desk.ask(session.finish, delivery)
        return delivery, partial(attempts._record_answers, opened, delivery)

    def _gateway_go_on(self, note, desk):
        """Write down one message of several; the next one is not begun yet."""
        note()
        self._gateway_note_not_begun(desk.turn.token)

    # ------------------------------------------------------------------- no session

    def _gateway_note_unreachable(self, server, route, turn, error):
        """Write down, for each mail that waits, that no session came about."""
        _logger.info("Outgoing server %s is not reached", server.id, exc_info=error)
        verdict = server._reply_judge()(phase_of(error), NO_REPLY, error)
        left = set(self._gateway_existing(turn.waiting[route]).ids)
        waiting = [
            e
            for e in turn.waiting[route]
            if e.mail_id in left and server.id not in e.tried
        ]
        attempts = self.env["mail.gateway.attempt"].sudo()
        attempts._record_unreached(server, [e.mail_id for e in waiting], error)
        server._note_sending_fault(verdict, str(error))
        self._gateway_note_tried(server, route, turn, verdict)

    def _gateway_note_tried(self, server, route, turn, verdict):
        """Note that the server takes none of the mails that wait."""
        for errand in turn.waiting[route]:
            errand.tried.setdefault(server.id, (server, verdict))

    # --------------------------------------------------------------------- tools

    def _gateway_surely(self, action):
        """Do and commit ``action``, again and again while it is in conflict.

        :returns: what it returns
        """
        for pause in PAUSES:
            try:
                result = action()
                self._gateway_commit()
                return result
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.env.cr.rollback()
                conflict = error
                time.sleep(pause)
            except BaseException:
                self.env.cr.rollback()
                raise
        raise conflict


def note_answers(errand, answers):
    """Note what was said to a mail's recipients; the last word of each counts."""
    errand.answers.update({_key(each.address): each for each in answers})
    errand.has_history = True


def _key(address):
    return wire_form(email_normalize(address, strict=False) or address)
