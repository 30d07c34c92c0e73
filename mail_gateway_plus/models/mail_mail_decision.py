from odoo import api, models
from odoo.tools import SQL

from ..core.policy.fate import Outcome
from ..core.policy.verdict import SERVER_CAUSES
from .mail_mail_claim import NOW
from .own_transaction import own_transaction


class MailMailDecision(models.Model):
    """What persons decide about mail that was not sent, and what decides itself."""

    _inherit = "mail.mail"

    def action_retry(self):
        """Try again to reach those who refused it; who has it is spared."""
        failed = self.filtered(lambda mail: mail.state == "exception")
        failed._gateway_reopen_recipients(Outcome.REFUSED)
        failed.write({"scheduled_date": False})
        return super().action_retry()

    def action_it_arrived(self):
        """Take uncertain mail for arrived where nobody knew whether it had."""
        mails = self.filtered(lambda mail: mail.state == "uncertain")
        # sudo: whoever may decide about mail may not write what servers have said
        self.env["mail.gateway.recipient"].sudo()._note_arrived(mails)
        for mail in mails:
            mail._gateway_conclude_arrived()
        return True

    def action_send_again(self):
        """Send uncertain mail again to those who may not have it."""
        mails = self.filtered(lambda mail: mail.state == "uncertain")
        mails._gateway_reopen_recipients(Outcome.UNCERTAIN, Outcome.REFUSED)
        mails.write({"scheduled_date": False})
        return mails.mark_outgoing()

    def _gateway_reopen_recipients(self, *outcomes):
        self.env["mail.gateway.recipient"].sudo()._reopen(self, outcomes)

    def action_use_any_server(self):
        """Try dead letters again by whatever server may send them."""
        return self._gateway_retry_by(self.env["ir.mail_server"])

    def _gateway_retry_by(self, server):
        """Try dead letters again by this server; an empty one: by any that may."""
        dead = self.filtered(lambda mail: mail.state == "exception")
        dead.write({"mail_server_id": server.id})
        return dead.action_retry()

    def action_cancel_dead(self):
        """Cancel mail that is not to be sent any more."""
        mails = self.filtered(lambda mail: mail.state in ("exception", "uncertain"))
        mails.write({"dead_letter_at": False})
        return mails.cancel()

    @api.model
    def _gateway_redrive(self):
        """Send what waits for a server, or was given up for one, now that one is back.

        Dead letters first of all: their cause is gone. What was delayed comes due.
        """
        causes = [cause.value for cause in SERVER_CAUSES]
        dead = self.sudo().search(
            [
                ("state", "=", "exception"),
                ("dead_letter_at", "!=", False),
                ("gateway_cause", "in", causes),
            ]
        )
        dead.write({"scheduled_date": False})
        dead.mark_outgoing()
        self.env.flush_all()
        # SKIP LOCKED: a worker that has one of them at this moment decides about it.
        self.env.execute_query(
            SQL(
                "UPDATE mail_mail SET scheduled_date = date_trunc('second', %s)"
                " WHERE id = ANY(ARRAY("
                "SELECT id FROM mail_mail WHERE state = 'outgoing'"
                " AND gateway_cause = ANY(%s) AND scheduled_date > %s"
                " FOR NO KEY UPDATE SKIP LOCKED)) RETURNING id",
                NOW,
                causes,
                NOW,
            )
        )
        self.invalidate_model(["scheduled_date"], flush=False)
        if not self._gateway_sends_in_caller():
            self._gateway_wake_queue_at()


class MailGatewayBreaker(models.Model):
    _inherit = "mail.gateway.breaker"

    def _change(self, server, change, note=None):
        """Send what waits for the server once it is in use again."""
        before, after = super()._change(server, change, note)
        if after.is_closed() and not before.is_closed():
            with own_transaction(self.env) as env:
                env["mail.mail"]._gateway_redrive()
        return before, after


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _note_proven(self):
        """Send what waits for a server that has just been proven."""
        result = super()._note_proven()
        self.env["mail.mail"]._gateway_redrive()
        return result
