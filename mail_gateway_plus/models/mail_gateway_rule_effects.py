import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import human_size

from ..core.parsing.file_name import file_name
from ..parameters import whole_number

_logger = logging.getLogger(__name__)

# A larger message is forwarded without itself: most servers would not take it.
FORWARD_BYTES = 15 * 1024 * 1024
# System parameter, and what holds when it is not set: how many messages of one sender
# are acknowledged within a day.
ACKNOWLEDGEMENTS = ("mail_gateway_plus.acknowledgements_a_day", 5)
# RFC 3834 section 5. The second keeps Exchange from answering.
_MADE_BY_US = {"X-Auto-Response-Suppress": "All"}
FORWARDED = {"Auto-Submitted": "auto-generated", **_MADE_BY_US}
ANSWERED = {"Auto-Submitted": "auto-replied", **_MADE_BY_US}


class MailGatewayRuleEffects(models.Model):
    """The mail that rules send: forwarded messages, and acknowledgements.

    It waits in Odoo's queue, in the transaction that decides about the message.
    """

    _inherit = "mail.gateway.rule"

    # ------------------------------------------------------------------- forwarding

    @api.model
    def _send_forwards(self, plan, trace, situation):
        """Queue the message, as an attachment, for whom the rules name."""
        if not plan.forward_to:
            return
        addresses = ", ".join(plan.forward_to)
        if not trace.machine.is_person:
            trace.notes.append(self.env._("Not forwarded, as a machine wrote it."))
            return
        if self.env["mail.gateway.inbound"]._is_for_few(trace):
            trace.notes.append(self.env._("Not forwarded, as only few may see it."))
            return
        trace.notes.append(self.env._("Forwarded to %s.", addresses))
        if trace.is_rehearsal:
            return
        # sudo: the mail is the gateway's, whoever processes the message
        content = self._content_to_forward(trace)
        self.env["mail.mail"].sudo().create(
            [
                self._forward_values(address, situation.facts, content)
                for address in plan.forward_to
            ]
        )

    def _forward_values(self, address, facts, content):
        company = self.env.company
        lines = [
            (self.env._("From"), f"{facts.sender_name} <{facts.sender}>".strip()),
            (self.env._("To"), ", ".join(facts.recipients[:20])),
            (self.env._("Subject"), facts.subject),
        ]
        words = self.env._("A rule of the mail gateway forwards this message to you.")
        if content is None:
            words = self.env._(
                "A rule of the mail gateway tells you of this message, which is too "
                "large to forward (%s).",
                human_size(facts.size),
            )
        values = {
            "subject": self.env._("Fwd: %s", facts.subject),
            "body_html": Markup("<p>%s</p>") % words
            + Markup("<br/>").join(
                Markup("%s: %s") % (label, text) for label, text in lines
            ),
            "email_to": address,
            "email_from": company.email_formatted or self.env.user.email_formatted,
            "headers": repr(FORWARDED),
            "auto_delete": True,
        }
        if content is not None:
            attachment = {
                "name": file_name(facts.subject, ".eml"),
                "raw": content,
                # Not message/rfc822: it would be parsed and written anew.
                "mimetype": "application/octet-stream",
            }
            values["attachment_ids"] = [fields.Command.create(attachment)]
        return values

    def _content_to_forward(self, trace):
        if trace.size > FORWARD_BYTES:
            return None
        return trace.read() if trace.read else trace.raw

    # ---------------------------------------------------------------- acknowledging

    @api.model
    def _acknowledge(self, trace, record):
        """Answer the sender of a message that made a record, if a rule says so.

        A template that fails keeps no mail from becoming a record.
        """
        rule = trace.acknowledging
        template = self.env["mail.template"].sudo().browse(rule.template_id).exists()
        if not template or template.model != record._name:
            return
        obstacle = self._obstacle_to_answer(trace)
        if obstacle:
            trace.notes.append(self.env._("Not acknowledged: %s", obstacle))
            return
        try:
            with self.env.cr.savepoint():
                self._send_acknowledgement(template, trace.facts, record)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.warning("Rule %s cannot acknowledge", rule.id, exc_info=True)
            words = str(error) if isinstance(error, UserError) else type(error).__name__
            trace.notes.append(
                self.env._("Not acknowledged: the template fails (%s).", words)
            )
            return
        trace.identity["answered_to"] = trace.facts.sender
        trace.notes.append(self.env._("Acknowledged with “%s”.", template.name or ""))

    def _obstacle_to_answer(self, trace):
        sender = trace.facts.sender
        if not trace.machine.is_person or not sender:
            return self.env._("a machine wrote it, or nobody.")
        if self.env["mail.gateway.examination"]._is_forged(trace):
            return self.env._("somebody else than %s has sent it.", sender)
        if self._is_own_address(sender):
            return self.env._("%s is an address of ours.", sender)
        limit = whole_number(self.env, ACKNOWLEDGEMENTS)
        since = fields.Datetime.now() - timedelta(days=1)
        answered = (
            self.env["mail.gateway.inbound"]
            .sudo()
            .search_count(
                [("answered_to", "=", sender), ("settled_at", ">=", since)], limit=limit
            )
        )
        if answered >= limit:
            return self.env._(
                "%(sender)s had %(count)s answers within a day.",
                sender=sender,
                count=answered,
            )
        if not trace.may_answer:
            return self.env._("%s wrote the same of late, as a machine does.", sender)
        return None

    def _send_acknowledgement(self, template, facts, record):
        answers = record._notify_get_reply_to(default=template.reply_to or None)
        template.send_mail(
            record.id,
            email_values={
                "email_to": facts.sender,
                "recipient_ids": [],
                "email_cc": False,
                "headers": repr(ANSWERED),
                "references": facts.value("message-id"),
                "reply_to": answers.get(record.id) or template.reply_to or False,
            },
        )
