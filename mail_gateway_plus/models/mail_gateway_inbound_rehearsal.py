from odoo import models

from ..advice import REASON_TEXT
from ..core.parsing.envelope import read_envelope
from ..core.parsing.mender import mend
from ..core.parsing.storable import storable
from ..core.policy.outcome import Reason, Trace, conclude, has_no_route


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
        if is_known:
            return {**told, "reason": self.env._("It is in the journal already.")}
        trace = Trace(
            raw=message.raw,
            is_rehearsal=True,
            mailbox_id=server.id,
            size=len(message.raw),
        )
        try:
            with self.env.cr.savepoint():
                self._perform(server, trace)
                fate = self._fate(trace)
                raise _CurtainFalls
        except _CurtainFalls:
            self.env.invalidate_all(flush=False)
            return {**told, **fate}
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if has_no_route(trace, error):
                return {**told, "reason": self.env._(REASON_TEXT[Reason.NO_ROUTE])}
            words = storable(str(error)).strip() or type(error).__name__
            return {**told, "reason": self.env._("Odoo cannot process it: %s", words)}

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
        """Return what would become of a message that Odoo found no fault with."""
        if trace.halt:
            return {"reason": trace.halt.reason}
        if not trace.routes:
            reason = conclude(trace).reason
            return {"reason": self.env._(REASON_TEXT[reason])}
        model, record_id = trace.routes[-1][:2]
        record = self.env[model].browse(record_id or ()).sudo()
        return {
            "model": self.env["ir.model"]._get(model).name,
            "record": record.display_name if record else "",
        }
