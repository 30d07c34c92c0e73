import logging
import smtplib

import psycopg2

from odoo import models

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..core.policy.dispatch import Dispatch
from ..core.policy.errand import Errand
from ..core.policy.fate import Fate, Outcome, fate_of
from .mail_mail_result import tell, worst

_logger = logging.getLogger(__name__)

# After these the transaction or the session is of no use; the caller has to know.
FATAL = (MemoryError, psycopg2.Error, smtplib.SMTPServerDisconnected)


class MailMailSync(models.Model):
    """Sending in the caller's transaction, for who wants the exception, and for tests.

    Messages are made, answers judged and results written as the queue does it. Only
    the caller's transaction is not ours to commit: nothing is claimed.
    """

    _inherit = "mail.mail"

    def _send(
        self,
        auto_commit=False,
        raise_exception=False,
        smtp_session=None,
        alias_domain_id=False,
        mail_server=False,
        post_send_callback=None,
    ):
        if self.env["ir.mail_server"]._disable_send():
            return True
        if mail_server and not self._filter_mail_mail_servers(mail_server):
            # Odoo says so in its own words.
            return super()._send(mail_server=mail_server)
        followers = self._gateway_followers_to_unsubscribe()
        for mail_id in self.ids:
            # Alone: one that was deleted would be looked for with each of the others,
            # and a commit of the caller's frees the locks on all.
            mail = self.browse(mail_id)._gateway_lock_to_send()
            if not mail or mail.state != "outgoing":
                continue
            mail._gateway_send_now(
                smtp_session, mail_server, alias_domain_id, followers, raise_exception
            )
            if auto_commit is True:
                if post_send_callback:
                    post_send_callback(mail.ids)
                self.env.cr.commit()  # pylint: disable=invalid-commit
        if post_send_callback:
            post_send_callback(self.ids)
        return True

    def _gateway_lock_to_send(self):
        """Return those mails that no worker has, locked against all of them.

        What this transaction has created nobody else can see.
        """
        now = self.env.cr.now()
        old = self.filtered(lambda mail: mail.create_date and mail.create_date != now)
        if not old or self._gateway_sends_in_caller():
            return self
        free = old.sudo().filtered(lambda mail: not mail.gateway_claim)
        locked = free.try_lock_for_update(allow_referencing=True)
        return self - old + self.browse(locked.ids)

    def _gateway_send_now(
        self, session, server, alias_domain_id, followers, raise_exception
    ):
        """Send one mail and write down what became of it.

        :raises: what the caller asked for, and what makes it pointless to go on
        """
        dispatch = self.env.context.get("mail_gateway_dispatch") or Dispatch()
        self = self.with_context(mail_gateway_dispatch=dispatch)
        dispatch.answers.clear()
        self._gateway_lock_notifications()
        parcels, error = [], None
        try:
            for email in self._prepare_outgoing_list(
                mail_server=server or self.mail_server_id, doc_to_followers=followers
            ):
                parcels.append(
                    self._gateway_sent_parcel(email, session, alias_domain_id)
                )
        except FATAL:
            _logger.exception("Mail %s was not sent", self.id)
            raise
        except Exception as failure:
            error = failure
        self._gateway_conclude_now(parcels, error or _first_error(parcels), dispatch)
        if raise_exception and (error := error or _first_error(parcels)):
            raise _as_delivery_failure(error)

    def _gateway_sent_parcel(self, email, session, alias_domain_id):
        """Return the parcel that was sent, or that could not be: its ``error``."""
        partner, email_to = email.get("partner_id"), email.get("email_to") or []
        try:
            return self._gateway_parcel(
                email, session, alias_domain_id, {}, is_sent=True
            )
        except FATAL:
            raise
        except MailDeliveryException as error:
            # It says nothing about the contacts after this one.
            parcel = self._gateway_empty_parcel(partner, email_to)
            parcel.error = error
            return parcel

    def _gateway_lock_notifications(self):
        """Have whoever notes a bounce wait until the result is written.

        A bounce may be processed before the transaction that sent the mail ends.
        """
        if not self.is_notification:
            return
        notifications = self.env["mail.notification"].search(
            [
                ("notification_type", "=", "email"),
                ("mail_mail_id", "=", self.id),
                ("notification_status", "not in", ("sent", "canceled")),
            ]
        )
        if notifications:
            notifications.sudo().write(
                {
                    "notification_status": "exception",
                    "failure_type": "unknown",
                    "failure_reason": self.env._("The mail is being sent."),
                }
            )
            notifications.flush_recordset(
                ["notification_status", "failure_type", "failure_reason"]
            )

    def _gateway_conclude_now(self, parcels, error, dispatch):
        answers = list(dispatch.answers)
        sent = [parcel for parcel in parcels if parcel.message_id]
        failures = [parcel.failure for parcel in parcels if parcel.failure]
        refused = [a for a in answers if a.outcome is not Outcome.ACCEPTED]
        reached = (
            [parcel.partner for parcel in sent if parcel.partner],
            [a for parcel in sent if not parcel.partner for a in parcel.email_to],
        )
        if refused:
            open_again = fate_of(answers) is Fate.RETRY and error is None
            if open_again:
                errand = Errand(self.id, self.create_date)
                self._gateway_try_again(errand, worst(answers), tell(answers), reached)
                return
            cause = worst(answers).cause
            kind, reason = (
                self._gateway_explain_unsent(error) if error else ("unknown", "")
            )
            self._gateway_give_up(kind, reason or tell(answers), cause, reached)
        elif error is not None:
            kind, reason = self._gateway_explain_unsent(error)
            _logger.warning("Mail %s was not sent", self.id, exc_info=error)
            self._gateway_give_up(kind, reason, kind, reached)
        elif sent:
            values = {
                "state": "sent",
                "message_id": sent[-1].message_id,
                "failure_type": False,
                "failure_reason": False,
            }
            # Not as the user: who may send a mail need not be allowed to write the
            # message behind it, and it is sent.
            self.sudo().write(values)
            self._gateway_tell_others(
                reached, *(failures[-1] if failures else (None, None))
            )
        elif failures:
            kind, reason = failures[-1]
            self._gateway_give_up(kind, reason, kind, reached)
        else:
            # Nobody was to be reached: Odoo does not tell that as a failure.
            kind, reason = self._gateway_nobody()
            quiet = self.with_context(mail_gateway_quietly=True)
            quiet._gateway_give_up(kind, reason, kind, reached)
            self._gateway_tell_others(reached, None, None)


def _first_error(parcels):
    return next((parcel.error for parcel in parcels if parcel.error), None)


def _as_delivery_failure(error):
    """Return the exception as callers of ``send(raise_exception=True)`` expect it."""
    if isinstance(error, UnicodeEncodeError):
        return MailDeliveryException(f"Invalid text: {error.object}")
    if isinstance(error, AssertionError):
        return MailDeliveryException(". ".join(map(str, error.args)))
    return error
