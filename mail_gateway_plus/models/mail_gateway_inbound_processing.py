import traceback

from markupsafe import Markup

from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..advice import REASON_TEXT
from ..core.parsing.storable import storable
from ..core.policy.outcome import Reason, State, Trace, conclude, has_no_route
from ..core.policy.rest import ON_SERVER
from ..core.policy.retry import is_transient, next_wait
from .mail_gateway_inbound_identity import StaleSnapshot

# What is told of the way of a message at most.
NOTES_LENGTH = 10_000
# Whoever had a message in work has come to an end with it.
NOT_IN_WORK = {"taken_by": False, "unended_tries": 0}


class MailGatewayInboundProcessing(models.Model):
    """Turning what is written down into records."""

    _inherit = "mail.gateway.inbound"

    taken_by = fields.Integer(
        readonly=True,
        help="The run of the scheduler that has it in work, or was killed with it.",
    )
    taken_at = fields.Datetime(
        readonly=True,
        help="When it was last taken up. What PostgreSQL was restarted after is not "
        "held against the message.",
    )
    unended_tries = fields.Integer(
        readonly=True,
        help="How often processing it, and no other message, was begun without an end.",
    )
    route_notes = fields.Text(
        string="Why It Went There",
        readonly=True,
        help="What was decided about the message before it became a record, and why.",
    )

    rules_held = fields.Char(
        string="Rules",
        readonly=True,
        help="The IDs of the rules that held for it, in their order.",
    )
    answered_to = fields.Char(
        string="Acknowledged To",
        readonly=True,
        help="The sender, if a rule had the message acknowledged.",
    )

    _answered_idx = models.Index(
        "(answered_to, settled_at) WHERE answered_to IS NOT NULL"
    )

    def _process(self, target=None):
        """Turn one claimed message into a record, or note why not.

        :param target: what a person chose: the record to add it to, or an empty
            recordset of the model to make one of
        """
        trace = self._new_trace(is_chosen=target is not None)
        self._settle(trace, lambda: self._hand_over(trace, target))

    def _new_trace(self, raw=None, is_chosen=False):
        """Return the trace of this message, with its bytes if they are at hand."""
        self.ensure_one()
        raw = raw or self.env["mail.gateway.raw"]._read(self.id)
        return Trace(
            raw=raw,
            is_chosen=is_chosen,
            fetched_at=self.fetched_at,
            received_at=self.received_at or self.fetched_at,
            mailbox_id=self.server_id.id,
            size=self.size or len(raw),
            is_released=self.state == State.PENDING.value
            and bool(self._standing_order()),
        )

    def _hand_over(self, trace, target):
        """Give the message to Odoo's gateway."""
        server = self.server_id
        is_stripped = bool(server) and not server.attach
        thread = self._in_its_company("mail.thread").with_context(
            mail_gateway_trace=trace,
            default_fetchmail_server_id=server.id,
            # What the new record makes Odoo send waits in its queue: a mail must not
            # leave before the record that it speaks of is committed.
            mail_notify_force_send=False,
        )
        thread.message_process(
            server.object_id.model if target is None else target._name,
            self._prepare_message(trace),
            save_original=server.original,
            strip_attachments=is_stripped,
            thread_id=target.id if target else None,
        )
        if self.rest_state in ON_SERVER and trace.record_id:
            self._note_rest(thread.env[trace.model].browse(trace.record_id))
        elif is_stripped and trace.record_id and not trace.halt and trace.facts.files:
            self._note_stripped(thread.env[trace.model].browse(trace.record_id), trace)

    def _note_stripped(self, record, trace):
        """Tell those in the house which attachments their mailbox does not keep.

        Odoo leaves them out without a word.
        """
        items = Markup("").join(
            Markup("<li>%s</li>") % line
            for line in self._tell_left(trace.facts.files).split("\n")
        )
        record.message_post(
            body=Markup('<p>%s</p><ul>%s</ul><p><a href="%s">%s</a></p>')
            % (
                self.env._("The mailbox keeps no attachments. Left out:"),
                items,
                f"/odoo/action-mail_gateway_plus.action_inbound/{self.id}",
                self.env._("The message as it came (operators of the mail gateway)"),
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _in_its_company(self, model):
        """Return a model for what is made of the message.

        With what has Odoo store HTML and SVG as text: nobody's browser shall run what a
        stranger sent (base, ir_attachment.py, ``_check_contents``).
        """
        records = self.env[model].with_context(attachments_mime_plainxml=True)
        return records.with_company(self.company_id) if self.company_id else records

    def _settle(self, trace, work):
        """Do the work that makes the record, all or nothing, and note the outcome."""
        error = self._attempt(work)
        if isinstance(error, StaleSnapshot):
            raise error  # nothing was done yet; whoever called begins anew
        if trace.is_chosen and isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise error  # Odoo repeats the person's request as a whole
        self._note(error, trace)

    def _attempt(self, work):
        """Do the work in a savepoint; return its exception, or ``None``.

        :raises: what there is no connection left to note by
        """
        try:
            with self.env.cr.savepoint():
                work()
        except Exception as error:
            if self.env.cr.closed:
                raise
            return error
        return None

    def _note(self, error, trace):
        if error is None:
            self._note_outcome(conclude(trace), trace)
        else:
            self._note_failure(error, trace)

    def _note_outcome(self, outcome, trace):
        reason = trace.halt and trace.halt.reason
        if outcome.reason:
            reason = self.env._(REASON_TEXT[outcome.reason])
        self.write(
            {
                "state": outcome.state.value,
                "reason": self._with_order(reason),
                "route_notes": "\n".join(trace.notes)[:NOTES_LENGTH] or False,
                "rules_held": trace.told_rules_held or False,
                "error_trace": False,
                "parked_under": False,
                "tries": self.tries + 1,
                "retry_at": False,
                **NOT_IN_WORK,
                "settled_at": (
                    outcome.state is not State.QUARANTINED and fields.Datetime.now()
                ),
                "res_model": trace.model or False,
                "res_id": trace.record_id or False,
                "excess": False,
                **trace.identity,
            }
        )
        held, failed = trace.rules_held, trace.rules_failed
        self.env["mail.gateway.rule.hit"]._count(held, failed)

    def _note_failure(self, error, trace):
        tries = self.tries + 1
        wait = next_wait(tries) if is_transient(error) else None
        if trace.is_chosen:
            wait = None  # later it would become what its mailbox makes, not the choice
        no_route = has_no_route(trace, error)
        values = {
            "state": (State.RETRY if wait else State.QUARANTINED).value,
            "reason": self._with_order(self._failure_reason(error, no_route)),
            "error_trace": storable("".join(traceback.format_exception(error))),
            "tries": tries,
            "retry_at": wait and fields.Datetime.now() + wait,
            **NOT_IN_WORK,
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
        order = self.state == State.PENDING.value and self._standing_order()
        return "\n".join(filter(None, [order, reason])) or False

    def _failure_reason(self, error, no_route):
        if no_route:
            return self.env._(REASON_TEXT[Reason.NO_ROUTE])
        # The database's detail quotes a row's values, which not every reader may see.
        said = getattr(getattr(error, "diag", None), "message_primary", None)
        words = said or str(error).strip() or type(error).__name__
        return self.env._(
            "Odoo could not process it: %(error)s (%(kind)s)",
            error=storable(words),
            kind=type(error).__name__,
        )
