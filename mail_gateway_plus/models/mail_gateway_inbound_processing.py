import traceback

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..advice import REASON_TEXT
from ..core.policy.outcome import Reason, State, Trace, conclude, has_no_route
from ..core.policy.retry import is_transient, next_wait
from .mail_gateway_inbound_identity import StaleSnapshot

PROCESS_CRON = "mail_gateway_plus.ir_cron_process_inbound"


class MailGatewayInboundProcessing(models.Model):
    """Turning what is written down into records."""

    _inherit = "mail.gateway.inbound"

    @api.model
    def _wake_processing(self, at=None):
        """Have the scheduler process the journal now, or at the given time."""
        self.env.ref(PROCESS_CRON).sudo()._trigger(at)

    @api.model
    def _process_queue(self, server=None):
        """Process every message that is due, a transaction each.

        :param server: only those of this mailbox, as *Fetch Now* does
        """
        cron = self.env["ir.cron"]
        if not server:
            self._replay_after_update()
        time_left = cron._commit_progress(remaining=self._count_due(server))
        while time_left:
            try:
                row = self._claim(server)
                if not row:
                    break
                row._process()
                time_left = cron._commit_progress(1)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Another worker was quicker with this row: its work stands.
                self.env.cr.rollback()

    def _due_condition(self, server):
        """Return the SQL condition of the rows that may be processed now."""
        condition = SQL(
            "state IN ('pending', 'retry') AND retry_at <= %s", fields.Datetime.now()
        )
        if server:
            condition = SQL("%s AND server_id = %s", condition, server.id)
        return condition

    def _count_due(self, server):
        rows = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM mail_gateway_inbound WHERE %s",
                self._due_condition(server),
            )
        )
        return rows[0][0]

    def _claim(self, server):
        """Lock and return the oldest due row that no other worker has, or none.

        The lock lasts until the commit that settles the row, so a killed worker
        leaves its row to the others.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM mail_gateway_inbound WHERE %s ORDER BY retry_at, id"
                " LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
                self._due_condition(server),
            )
        )
        return self.browse(row_id for (row_id,) in rows)

    def _process(self, target=None):
        """Turn one claimed message into a record, or note why not.

        :param target: what a person chose: the record to add it to, or an empty
            recordset of the model to make one of
        """
        self.ensure_one()
        raw = self.env["mail.gateway.raw"]._read(self.id)
        trace = Trace(raw=raw, is_chosen=target is not None)
        self._settle(trace, lambda: self._hand_over(trace, target))

    def _hand_over(self, trace, target):
        """Give the message to Odoo's gateway."""
        server = self.server_id
        thread = self._in_its_company("mail.thread").with_context(
            mail_gateway_trace=trace,
            default_fetchmail_server_id=server.id,
            # What the new record makes Odoo send waits in its queue: a mail must not
            # leave before the record that it speaks of is committed.
            mail_notify_force_send=False,
        )
        thread.message_process(
            server.object_id.model if target is None else target._name,
            self._prepare_message(trace.raw),
            save_original=server.original,
            strip_attachments=bool(server) and not server.attach,
            thread_id=target.id if target else None,
        )

    def _in_its_company(self, model):
        records = self.env[model]
        return records.with_company(self.company_id) if self.company_id else records

    def _settle(self, trace, work):
        """Do the work that makes the record, all or nothing, and note the outcome."""
        try:
            with self.env.cr.savepoint():
                work()
        except StaleSnapshot:
            raise  # nothing was done yet; whoever called begins a new transaction
        except Exception as error:
            if trace.is_chosen and isinstance(
                error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
            ):
                raise  # Odoo repeats the person's request as a whole
            self._note_failure(error, trace)
        else:
            self._note_outcome(conclude(trace), trace)

    def _note_outcome(self, outcome, trace):
        self.write(
            {
                "state": outcome.state.value,
                "reason": self._with_order(
                    outcome.reason and self.env._(REASON_TEXT[outcome.reason])
                ),
                "error_trace": False,
                "parked_under": False,
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
        if trace.is_chosen:
            wait = None  # later it would become what its mailbox makes, not the choice
        no_route = has_no_route(trace, error)
        values = {
            "state": (State.RETRY if wait else State.QUARANTINED).value,
            "reason": self._with_order(self._failure_reason(error, no_route)),
            "error_trace": "".join(traceback.format_exception(error)),
            "tries": tries,
            "retry_at": wait and fields.Datetime.now() + wait,
            "parked_under": (
                not (wait or no_route or trace.is_chosen) and self._installed_versions()
            ),
        }
        self.write(values)
        if wait:
            self._wake_processing(values["retry_at"])

    def _with_order(self, reason):
        """Put before a reason who or what had the message processed.

        That is what the reason of a message still to process says.
        """
        order = self.state == State.PENDING.value and self.reason
        return "\n".join(filter(None, [order, reason])) or False

    def _failure_reason(self, error, no_route):
        if no_route:
            return self.env._(REASON_TEXT[Reason.NO_ROUTE])
        # The database's detail quotes a row's values, which not every reader may see.
        said = getattr(getattr(error, "diag", None), "message_primary", None)
        words = said or str(error).strip() or type(error).__name__
        return self.env._(
            "Odoo could not process it: %(error)s (%(kind)s)",
            error=words,
            kind=type(error).__name__,
        )
