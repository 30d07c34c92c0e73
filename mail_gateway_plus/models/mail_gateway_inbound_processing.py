import traceback

from odoo import fields, models

from ..advice import REASON_TEXT
from ..core.policy.outcome import Reason, State, Trace, conclude, has_no_route
from ..core.policy.retry import is_transient, next_wait


class MailGatewayInboundProcessing(models.Model):
    """Turning what is written down into records."""

    _inherit = "mail.gateway.inbound"

    def _process(self):
        """Turn one claimed message into a record, or note why not."""
        trace = Trace()
        self._note(self._attempt(trace), trace)

    def _attempt(self, trace, raw=None):
        """Hand one message to Odoo's gateway, in a savepoint.

        :param raw: its bytes, where they are at hand
        :returns: the exception, or ``None``
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._hand_over(trace, raw)
        except Exception as error:
            return error
        return None

    def _hand_over(self, trace, raw):
        server = self.server_id
        thread = self.env["mail.thread"].with_context(
            mail_gateway_trace=trace,
            default_fetchmail_server_id=server.id,
            # What the new record makes Odoo send waits in its queue: a mail must not
            # leave before the record that it speaks of is committed.
            mail_notify_force_send=False,
        )
        if self.company_id:
            thread = thread.with_company(self.company_id)
        thread.message_process(
            server.object_id.model,
            raw or self.env["mail.gateway.raw"]._read(self.id),
            save_original=server.original,
            strip_attachments=bool(server) and not server.attach,
        )

    def _note(self, error, trace):
        if error is None:
            self._note_outcome(conclude(trace), trace)
        else:
            self._note_failure(error, trace)

    def _note_outcome(self, outcome, trace):
        self.write(
            {
                "state": outcome.state.value,
                "reason": outcome.reason and self.env._(REASON_TEXT[outcome.reason]),
                "error_trace": False,
                "tries": self.tries + 1,
                "retry_at": False,
                "settled_at": (
                    outcome.state is not State.QUARANTINED and fields.Datetime.now()
                ),
                "res_model": trace.model or False,
                "res_id": trace.record_id or False,
            }
        )

    def _note_failure(self, error, trace):
        tries = self.tries + 1
        wait = next_wait(tries) if is_transient(error) else None
        values = {
            "state": (State.RETRY if wait else State.QUARANTINED).value,
            "reason": self._failure_reason(error, trace),
            "error_trace": "".join(traceback.format_exception(error)),
            "tries": tries,
            "retry_at": wait and fields.Datetime.now() + wait,
        }
        self.write(values)
        if wait:
            self._wake_processing(values["retry_at"])

    def _failure_reason(self, error, trace):
        if has_no_route(trace, error):
            return self.env._(REASON_TEXT[Reason.NO_ROUTE])
        words = str(error).strip() or type(error).__name__
        return self.env._(
            "Odoo could not process it: %(error)s (%(kind)s)",
            error=words,
            kind=type(error).__name__,
        )
