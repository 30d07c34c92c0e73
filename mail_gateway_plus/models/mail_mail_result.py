import logging
from dataclasses import replace

from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..core.policy.errand import Errand
from ..core.policy.fate import Fate, Outcome, fate_of
from ..core.policy.lanes import Lane
from ..core.policy.retry import is_transient
from ..core.policy.verdict import Cause, Kind, Scope, Verdict

_logger = logging.getLogger(__name__)

# System parameter, with the lane's word appended: what becomes of mail of which nobody
# knows whether it arrived. "hold": a person decides; "resend": it may arrive twice.
UNCERTAIN_POLICY = "mail_gateway_plus.uncertain_policy_"
UNCLAIMED = {
    "gateway_claim": 0,
    "gateway_claimed_until": False,
    "gateway_phase": False,
}
# What is wrong is wrong here, and may be gone with the next try.
OURS = Verdict(Kind.TEMPORARY, Scope.MESSAGE, None, Cause.OTHER.value)
# Uncertain, and to be sent once more all the same.
UNANSWERED = replace(OURS, cause=Cause.NO_ANSWER.value)


class MailMailResult(models.Model):
    """What became of a mail: sent, tried again, uncertain or given up."""

    _inherit = "mail.mail"

    def _gateway_conclude(self, errand, ready, desk):
        """Write down what became of a mail that a server was asked to take.

        :param self: the mail, held (mail_mail_together.py)
        :returns: whom it has reached, if it was sent and there is nothing else to tell:
            that is written down along with others; else None
        """
        answers = self._gateway_all_answers(errand, ready.settled)
        failures = [parcel.failure for parcel in ready.parcels if parcel.failure]
        reached = self._gateway_reached(ready.parcels, errand.answers, ready.settled)
        detour = self._gateway_detour(errand, desk.server)
        fate = fate_of(answers)
        if fate is Fate.SENT and not answers:
            kind, reason = failures[0] if failures else self._gateway_nobody()
            self._gateway_give_up(kind, reason, kind, reached)
        elif fate is Fate.SENT and not failures and not detour:
            return reached
        elif fate is Fate.SENT:
            self._gateway_note_sent(reached, failures, detour)
        elif fate is Fate.UNCERTAIN and not self._gateway_resends_uncertain():
            self._gateway_note_uncertain(tell(answers), reached)
        elif fate is Fate.UNCERTAIN:
            self._gateway_reopen_recipients(Outcome.UNCERTAIN)
            self._gateway_try_again(errand, UNANSWERED, tell(answers), reached)
        elif fate is Fate.DEAD:
            self._gateway_give_up_refused(answers, reached, self.gateway_tries + 1)
        else:
            self._gateway_try_again(errand, worst(answers), tell(answers), reached)
        return None

    def _gateway_conclude_failed(self, errand, turn, error):
        """Write down that a mail could not be made ready, no server has heard of it."""
        mail = self.browse(errand.mail_id)
        if not mail._gateway_hold(turn.token) or mail.gateway_phase == "dot":
            return  # what may have been sent is for the next run to find
        if is_transient(error) or isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            mail._gateway_try_again(errand, OURS, str(error), ([], []))
        else:
            _logger.warning("Mail %s cannot be sent", mail.id, exc_info=error)
            mail._gateway_give_up_unsent(error)

    # ----------------------------------------------------------------------- fates

    def _gateway_note_sent(self, reached, failures=(), detour=False):
        """Note mails as sent, all of them alike, and tell others."""
        values = {
            "state": "sent",
            "failure_type": False,
            "failure_reason": False,
            "gateway_cause": False,
            "dead_letter_at": False,
        }
        if detour:
            values["gateway_detour"] = detour
        # Until it is deleted it is ours: who finds it without us deletes it.
        deleted = self.filtered("auto_delete")
        deleted.write(values)
        (self - deleted).write({**UNCLAIMED, **values})
        kind, reason = failures[-1] if failures else (None, None)
        self._gateway_tell_others(reached, kind, reason)

    def _gateway_detour(self, errand, server):
        """Return what to say of a mail that went out by another server than meant."""
        causes = [
            f"{other.name} ({verdict.cause})"
            for other, verdict in errand.tried.values()
            if other != server
        ]
        if not causes:
            return False
        return self.env._(
            "Sent by %(server)s because of %(others)s",
            server=server.name,
            others=", ".join(causes),
        )

    def _gateway_try_again(self, errand, verdict, reason, reached):
        """Have the mail wait for its next try, or give it up."""
        tries = self.gateway_tries + 1
        since = self.gateway_since or errand.due_at
        wait = self._gateway_next_try(verdict, tries, since)
        if wait is None:
            kind = failure_type_of(verdict)
            self._gateway_give_up(kind, reason, verdict.cause, reached, tries=tries)
            return
        self.write(
            {
                **UNCLAIMED,
                "state": "outgoing",
                "scheduled_date": fields.Datetime.now() + wait,
                "failure_reason": reason,
                "gateway_tries": tries,
                "gateway_since": since,
                "gateway_cause": verdict.cause,
                "dead_letter_at": False,
            }
        )
        self._gateway_note_reached(*reached)

    def _gateway_give_up(self, failure_type, reason, cause, reached, tries=None):
        """Make it a dead letter: whoever was reached stays reached."""
        self.write(
            {
                **UNCLAIMED,
                "state": "exception",
                "failure_type": failure_type,
                "failure_reason": reason,
                "gateway_cause": cause,
                "gateway_tries": self.gateway_tries if tries is None else tries,
                "dead_letter_at": fields.Datetime.now(),
            }
        )
        self._gateway_tell_failure(reached, failure_type, reason)

    def _gateway_give_up_refused(self, answers, reached, tries=None):
        """Make it a dead letter now that nobody is left to ask for, and some refused.

        Whenever they did: a later try knows of it by the row only.
        """
        verdict = worst(answers)
        kind = failure_type_of(verdict)
        self._gateway_give_up(kind, tell(answers), verdict.cause, reached, tries)

    def _gateway_give_up_unsent(self, error):
        """Make a dead letter of a mail that cannot even be made ready."""
        kind, reason = self._gateway_explain_unsent(error)
        self._gateway_give_up(kind, reason, kind, ([], []))

    def _gateway_refuse_sender(self, server, smtp_from):
        """Make dead letters of mails whose sender no server may send for."""
        reason = server._told_other_senders(smtp_from)
        cause = Cause.SENDER_REFUSED.value
        for mail in self:
            mail._gateway_give_up("mail_from_invalid", reason, cause, ([], []))

    def _gateway_note_uncertain(self, reason, reached):
        """Hold a mail that may have arrived, for a person to decide."""
        self.write(
            {
                **UNCLAIMED,
                "state": "uncertain",
                "failure_type": "unknown",
                "failure_reason": reason,
                "gateway_cause": Cause.NO_ANSWER.value,
            }
        )
        self._gateway_tell_failure(reached, "unknown", reason)

    def _gateway_resends_uncertain(self):
        lane = Lane(self.gateway_lane or Lane.NOTIFICATION.value).name.lower()
        get_param = self.env["ir.config_parameter"].sudo().get_param
        return get_param(UNCERTAIN_POLICY + lane, "hold") == "resend"

    def _gateway_nobody(self):
        """Return failure type and reason of a mail without any recipient."""
        servers = self.env["ir.mail_server"]
        return "mail_email_missing", servers.NO_VALID_RECIPIENT

    # ------------------------------------------------------------- telling others

    def _gateway_tell_others(self, reached, failure_type, failure_reason):
        """Have Odoo and other addons act on the result (notifications, mailings)."""
        if self.env.context.get("mail_gateway_quietly"):
            return
        partners, emails = reached
        self._postprocess_sent_message(
            success_pids=partners,
            success_emails=emails,
            failure_type=failure_type,
            failure_reason=failure_reason,
        )

    def _gateway_tell_failure(self, reached, failure_type, failure_reason):
        """Tell others of a failure; the mail is listed whatever they make of it."""
        if self._gateway_sends_in_caller():
            self._gateway_tell_others(reached, failure_type, failure_reason)
            return
        try:
            with self.env.cr.savepoint():
                self._gateway_tell_others(reached, failure_type, failure_reason)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            _logger.exception("The failure of mail %s was not told", self.id)

    def _gateway_note_reached(self, partners, emails):
        """Note at once whom a mail has reached that others still wait for."""
        if not self.is_notification or not (partners or emails):
            return
        ids = [partner.id for partner in partners]
        notifications = self.env["mail.notification"].sudo()
        notifications.search(
            [
                ("mail_mail_id", "=", self.id),
                ("notification_type", "=", "email"),
                ("notification_status", "not in", ("sent", "canceled", "bounce")),
                "|",
                ("res_partner_id", "in", ids),
                ("mail_email_address", "in", emails),
            ]
        ).write({"notification_status": "sent"})

    def _gateway_all_answers(self, errand, settled):
        """Return the latest answer for each recipient, of earlier tries as well."""
        answers = list(errand.answers.values())
        hashes = self.env["mail.gateway.recipient"]
        now = {hashes._hash(address) for address in errand.answers} if settled else ()
        for key, row in settled.items():
            if key not in now:
                answers.append(row._as_answer())
        return answers

    def _gateway_conclude_arrived(self):
        """Note what became of a mail now that none of its recipients is uncertain.

        Who was never asked for, such as a contact whose address was mended meanwhile,
        gets it now.
        """
        settled = self.env["mail.gateway.recipient"].sudo()._settled(self)
        addressees = self._gateway_addressees()
        reached = self._gateway_reached(addressees, {}, settled)
        answers = self._gateway_all_answers(Errand(self.id, None), settled)
        if settled and self._gateway_is_left(addressees, settled):
            self._gateway_note_reached(*reached)
            self.write(
                {
                    "state": "outgoing",
                    "scheduled_date": False,
                    "failure_type": False,
                    "failure_reason": False,
                }
            )
        elif fate_of(answers) is Fate.DEAD:
            self._gateway_give_up_refused(answers, reached)
        else:
            self._gateway_note_sent((self.recipient_ids, []))

    # -------------------------------------------------------------------- clearing up

    def unlink(self):
        """Leave what a run of the queue has sent to the run, to be deleted together."""
        turn = self.env.context.get("mail_gateway_turn")
        if turn is None:
            return super().unlink()
        turn.bin.extend(self.ids)
        return True

    def _gateway_empty_bin(self, turn):
        """Delete what was sent and is not to be kept; commits."""
        mail_ids, turn.bin = turn.bin, []
        if not mail_ids:
            return
        try:
            self._gateway_surely(lambda: self.browse(mail_ids).exists()._gateway_drop())
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            _logger.info("The next run deletes what this one has sent", exc_info=True)

    def _gateway_drop(self):
        """Delete what was sent; what another addon keeps from that stays as it is."""
        try:
            with self.env.cr.savepoint():
                self.sudo().unlink()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            if len(self) > 1:
                for mail in self:
                    mail._gateway_drop()
                return
            _logger.exception("Mail %s was sent and cannot be deleted", self.id)
            self.write(UNCLAIMED)


def worst(answers):
    """Return the verdict that decides about the next try: the most hopeful one."""
    verdicts = [answer.verdict for answer in answers if answer.verdict is not None]
    hopeful = [v for v in verdicts if not v.is_final and v.kind is not Kind.UNCERTAIN]
    return (hopeful or verdicts or [OURS])[0]


def tell(answers):
    """Return what those said who did not take it, an address a line."""
    return "\n".join(
        str(answer) for answer in answers if answer.outcome is not Outcome.ACCEPTED
    )


def failure_type_of(verdict):
    """Return Odoo's word for why a mail was given up."""
    if verdict.cause == Cause.SPAM.value:
        return "mail_spam"
    return "mail_smtp" if verdict.is_fault_of_server else "unknown"
