from odoo import fields, models

from ..advice import REASON_TEXT
from ..core.parsing.envelope import read_envelope
from ..core.parsing.facts import facts_in
from ..core.parsing.lightening import lighten
from ..core.parsing.mender import mend
from ..core.parsing.received import received_at
from ..core.parsing.storable import storable
from ..core.policy.outcome import Reason, State, Trace, conclude, has_no_route
from .mail_message import ABSENT


class _CurtainFalls(Exception):
    """Ends a rehearsal: what was done on the stage did not happen."""


class MailGatewayInboundRehearsal(models.Model):
    """Finding out what a message would become, without anything coming of it."""

    _inherit = "mail.gateway.inbound"

    def _rehearse(self, server, seen):
        """Return for each message of a mailbox where it would go.

        Nothing stays: it is parsed and routed in a savepoint that is rolled back, and
        whatever Odoo would answer waits in a queue that goes with it.

        :param seen: a list of :class:`~..core.diagnosis.looking.Seen`
        :returns: a list of dicts: ``subject``, ``sender``, ``model`` and ``record``
            (empty for a new one), or the ``reason`` why there would be none
        """
        known = set(self._known(server, [message.ref for message in seen]))
        return [self._rehearse_one(server, one, one.ref in known) for one in seen]

    def _rehearse_one(self, server, message, is_known):
        envelope = read_envelope(message.raw)
        told = {"subject": envelope.subject, "sender": envelope.email_from}
        if self._is_for_few(self._glance_at(server, message.raw)):
            told = {"subject": self.env._("(sealed)"), "sender": ""}
        if is_known:
            return {**told, "reason": self.env._("It is in the journal already.")}
        trace = Trace(
            raw=message.raw,
            is_rehearsal=True,
            mailbox_id=server.id,
            size=len(message.raw),
            received_at=received_at(envelope.received[:1], fields.Datetime.now()),
        )
        fate = self._on_stage(trace, lambda: self._perform(server, trace))
        if fate.get("reason"):
            return {**told, "reason": fate["reason"]}
        return {**told, "model": fate["model"], "record": fate["record"]}

    def _glance_at(self, server, raw):
        """Return the trace of a message of which nothing is known but what it says."""
        return Trace(observe=lambda: facts_in(raw), mailbox_id=server.id)

    def _rehearse_again(self, rules=None):
        """Return what this message of the journal would become now.

        :param rules: as :class:`~..core.policy.rules.rule.Rule`, instead of those that
            are
        :returns: as :meth:`_fate`, with the ``notes`` of the way there and the ids of
            the rules that ``held``
        """
        raw = self.env["mail.gateway.raw"].sudo()._read(self.id)
        trace = self._new_trace(raw)
        trace.is_rehearsal, trace.rules = True, rules
        row = self._as_gateway()
        fate = row._on_stage(trace, lambda: row._perform_again(trace))
        return {**fate, "notes": trace.notes, "held": trace.rules_held}

    def _on_stage(self, trace, perform):
        """Have something done of which nothing stays, and return its fate."""
        try:
            with self.env.cr.savepoint():
                perform()
                fate = self._fate(trace)
                raise _CurtainFalls
        except _CurtainFalls:
            self.env.invalidate_all(flush=False)
            return fate
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if has_no_route(trace, error):
                reason = self.env._(REASON_TEXT[Reason.NO_ROUTE])
            else:
                words = storable(str(error)).strip() or type(error).__name__
                reason = self.env._("Odoo cannot process it: %s", words)
            return {"state": State.QUARANTINED.value, "reason": reason}

    def _perform_again(self, trace):
        """Hand the message to Odoo's gateway as if it came for the first time."""
        server, light = self.server_id, lighten(trace.raw)
        mended = mend(light.raw)
        if light.places and light.is_whole_in(mended.raw):
            self._drop_raw(trace, light)
        elif light.places:
            mended = mend(trace.raw)
        # Of what it became, Odoo must not tell that it has the message already.
        self.env.cr.cache[ABSENT] = {mended.message_id}
        thread = self._in_its_company("mail.thread").with_context(
            mail_gateway_trace=trace,
            default_fetchmail_server_id=server.id,
            mail_notify_force_send=False,
        )
        thread.message_process(
            server.object_id.model, mended.raw, strip_attachments=True
        )

    def _perform(self, server, trace):
        thread = self.env["mail.thread"].with_context(
            mail_gateway_trace=trace,
            default_fetchmail_server_id=server.id,
            mail_notify_force_send=False,
        )
        if server.company_id:
            thread = thread.with_company(server.company_id)
        thread.message_process(
            server.object_id.model, mend(trace.raw).raw, strip_attachments=True
        )

    def _fate(self, trace):
        """Return what would become of a message that Odoo found no fault with.

        :returns: a dict of its ``state``, with the ``reason`` why no record, or the
            ``model`` and ``record`` in words and as ``res_model`` and ``res_id``
        """
        if trace.halt:
            return {"state": trace.halt.state, "reason": trace.halt.reason}
        if not trace.routes:
            outcome = conclude(trace)
            reason = self.env._(REASON_TEXT[outcome.reason])
            return {"state": outcome.state.value, "reason": reason}
        model, record_id = trace.routes[-1][:2]
        record = self.env[model].browse(record_id or ()).sudo()
        return {
            "state": State.DONE.value,
            "model": self.env["ir.model"]._get(model).name,
            "record": record.display_name if record else "",
            "res_model": model,
            "res_id": record.id,
        }
