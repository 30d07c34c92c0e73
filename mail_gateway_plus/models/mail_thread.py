import lxml.etree

from odoo import api, models

from ..core.parsing.lightening import restore
from ..core.parsing.machine import Kind
from ..core.parsing.remembering import remember_headers
from ..core.parsing.tnef import is_tnef, unpack
from ..core.policy.directive import with_values
from ..core.policy.outcome import Trace
from ..core.policy.references import without_tags
from . import mail_gateway_memo


class MailThread(models.AbstractModel):
    """Notes the stations of an inbound message in the trace of the context.

    Odoo's gateway answers only with a record's id or nothing; the trace keeps what
    became of the message and why (core/policy/outcome.py).
    """

    _inherit = "mail.thread"

    @api.model
    def _detect_loop_headers(self, msg_dict):
        is_loop = super()._detect_loop_headers(msg_dict)
        if trace := self._gateway_trace():
            trace.checked_for_loop = True
            if trace.is_chosen:
                return False
            trace.loop_headers = bool(is_loop)
            trace.is_bounce = bool(msg_dict.get("is_bounce"))
        return is_loop

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        """Take for a bounce what says that mail could not be delivered.

        Odoo also drops receipts, delays and whatever came to a bounce address.
        """
        is_bounce = super()._detect_is_bounce(message, message_dict)
        if trace := self._gateway_trace():
            examination = self.env["mail.gateway.examination"]
            trace.machine = examination._recognize(trace, message)
            return trace.machine.kind is Kind.FAILED
        return is_bounce

    @api.model
    def message_parse(self, message, *args, **kwargs):
        """Give the parts that were kept back from the parser their content."""
        if trace := self._gateway_trace():
            if trace.places:
                restore(message, trace.places, trace.read)
            remember_headers(message)
        return without_tags(super().message_parse(message, *args, **kwargs))

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Describe all fields once a batch: Odoo wants one's name of each message."""
        memo = mail_gateway_memo.memo_of(self.env)
        if memo is None or allfields or attributes:
            return super().fields_get(allfields, attributes)
        key = (self._name, "fields", self.env.uid, self.env.su, self.env.lang)
        if key not in memo:
            memo[key] = super().fields_get()
        return {name: dict(described) for name, described in memo[key].items()}

    def _message_parse_extract_payload(
        self, message, message_dict, save_original=False
    ):
        """Keep the original from the journal's bytes, and unpack ``winmail.dat``.

        Odoo writes the parsed message anew for the original, which is not what came
        and raises on broken encodings.
        """
        trace = self._gateway_trace()
        if not trace:
            return super()._message_parse_extract_payload(
                message, message_dict, save_original=save_original
            )
        payload = super()._message_parse_extract_payload(message, message_dict)
        attachments = []
        if save_original:
            raw = trace.read() if trace.read else trace.raw
            original = self._Attachment("original_email.eml", raw, {})
            attachments.append(original)
        for attachment in payload["attachments"]:
            files = []
            if is_tnef(attachment[0], attachment[1]):
                files = unpack(attachment[1])
            attachments += [self._Attachment(*file, {}) for file in files] or [
                attachment
            ]
        return {**payload, "attachments": attachments}

    def _message_parse_extract_payload_postprocess(self, message, payload_dict):
        """Take a body that is no HTML after all, such as a lone comment, as it is."""
        try:
            return super()._message_parse_extract_payload_postprocess(
                message, payload_dict
            )
        except (lxml.etree.LxmlError, ValueError):
            if not self._gateway_trace():
                raise
            return {
                "body": payload_dict["body"],
                "attachments": payload_dict["attachments"],
            }

    @api.model
    def message_route(
        self, message, message_dict, model=None, thread_id=None, custom_values=None
    ):
        trace = self._gateway_trace()
        if not trace:
            return super().message_route(
                message, message_dict, model, thread_id, custom_values
            )
        examination = self.env["mail.gateway.examination"]
        trace.halt = examination._examine(trace, message, message_dict)
        if trace.halt:
            return []
        directive, routed = trace.directive, message_dict
        if directive.model:
            model, thread_id = directive.model, directive.record_id or None
        if trace.is_chosen or directive.model:
            routed = self._without_own_route(message_dict, model, thread_id)
        trace.is_routing = True
        routes = super().message_route(message, routed, model, thread_id, custom_values)
        trace.is_routing = False
        trace.is_routed = bool(routes)
        examination._tell_routes(trace, message_dict, routes)
        return with_values(routes, directive)

    def _without_own_route(self, message_dict, model, thread_id):
        """Return a copy for ``message_route`` in which nothing speaks against the
        record that was chosen: it has to take the fallback.

        :param message_dict: loses its parent, unless that is on the chosen record
        """
        parent = self.env["mail.message"].sudo().browse(message_dict.get("parent_id"))
        if (parent.model, parent.res_id) != (model, thread_id):
            message_dict.pop("parent_id", None)
        nothing = dict.fromkeys(("references", "in_reply_to", "to", "recipients"), "")
        return {**message_dict, **nothing, "is_bounce": False}

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        """Leave loops to the examination, which parks what may be one.

        Odoo drops it, and writes to the sender that the mail was not taken.
        """
        if self._gateway_trace():
            return False
        return super()._detect_loop_sender(message, message_dict, routes)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        trace = self._gateway_trace()
        if trace and trace.is_rehearsal:
            trace.routes = routes
            return False
        if trace and trace.directive.company_id:
            self = self.with_company(trace.directive.company_id)
        record_id = super()._message_route_process(message, message_dict, routes)
        if trace and routes and record_id:
            # Several aliases make several records; Odoo answers with the last one.
            trace.model, trace.record_id = routes[-1][0], record_id
            self.env["mail.gateway.examination"]._after_routing(trace, routes)
            if trace.acknowledging and not routes[-1][1]:
                record = self.env[trace.model].browse(record_id)
                self.env["mail.gateway.rule"]._acknowledge(trace, record)
        return record_id

    def _gateway_machine(self, message):
        """Return what kind of message it is, for deciders beyond the gateway's own.

        :param message: as the hooks of the gateway get it, with or without a journal
        """
        if trace := self._gateway_trace():
            return trace.machine
        return self.env["mail.gateway.examination"]._recognize(Trace(), message)

    def _gateway_trace(self):
        return self.env.context.get("mail_gateway_trace")
