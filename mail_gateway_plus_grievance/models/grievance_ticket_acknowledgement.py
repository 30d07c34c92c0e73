import logging

from odoo import api, fields, models
from odoo.tools.misc import clean_context

from odoo.addons.mail_gateway_plus.models.mail_gateway_examination_limits import (
    LOOP_MINUTES,
    LOOP_THRESHOLD,
)
from odoo.addons.mail_gateway_plus.parameters import whole_number

_logger = logging.getLogger(__name__)


class GrievanceTicketAcknowledgement(models.Model):
    """From ticket to mail: where answers go to, and the first one of all."""

    _inherit = "grievance.ticket"

    def _detect_loop_sender_domain(self, email_from_normalized):
        """Find a sender's other tickets by the index instead of by reading them all."""
        return [("email_normalized", "=", email_from_normalized)]

    def _notify_get_reply_to_batch(self, defaults=None, author_ids=None):
        """Direct answers to where the grievance came in: mail is read from there."""
        reply_to = super()._notify_get_reply_to_batch(
            defaults=defaults, author_ids=author_ids
        )
        for ticket in self.sudo().filtered("intake_address"):
            address = ticket._notify_get_reply_to_formatted_email(
                ticket.intake_address, author_id=(author_ids or {}).get(ticket.id)
            )
            reply_to[ticket.id] = ticket._mail_gateway_tagged(address)
        return reply_to

    def _message_post_after_hook(self, message, msg_vals):
        result = super()._message_post_after_hook(message, msg_vals)
        if self.env.context.get("grievance_acknowledge"):
            # without the gateway's default_* keys, which are about the letter
            context = {
                **clean_context(self.env.context),
                "grievance_acknowledge": False,
            }
            ticket = self.with_env(self.env(context=context))
            if "cid:" in (ticket.description or ""):
                # only now do the pictures of the letter have an address
                ticket.description = message.body
            if ticket._may_acknowledge():
                ticket._acknowledge(message.message_id)
        return result

    def _may_acknowledge(self):
        """Return whether an acknowledgement cannot start or feed a mail loop.

        The headers told a person from an honest machine. A dishonest one is stopped
        by the gateway's limits; without a journal, by Odoo's own threshold for mail
        loops, which Odoo itself only applies to aliases and not to mailboxes.
        """
        self.ensure_one()
        trace = self._gateway_trace()
        if trace and not (trace.may_answer and self._is_from_sender(trace)):
            return False
        if not self.email_normalized or self.email_normalized == self.intake_address:
            return False
        if self.env["mail.alias.domain"].sudo()._find_aliases([self.email_normalized]):
            return False
        if trace:
            return True
        minutes = whole_number(self.env, LOOP_MINUTES)
        threshold = whole_number(self.env, LOOP_THRESHOLD, 1)
        since = fields.Datetime.subtract(fields.Datetime.now(), minutes=minutes)
        recent = self.sudo().search_count(
            [
                ("email_normalized", "=", self.email_normalized),
                ("create_date", ">=", since),
            ],
            limit=threshold + 1,
        )
        return recent <= threshold

    @api.model
    def _is_from_sender(self, trace):
        """Return whether an answer cannot reach somebody who never wrote.

        Most honest senders are not verified either, and are answered.
        """
        is_forged = self.env["mail.gateway.examination"]._is_forged(trace)
        if not is_forged and not trace.is_stranger:
            return True
        trace.notes.append(
            self.env._(
                "The grievance was not acknowledged: %s may not have sent it.",
                trace.verdict.sender,
            )
        )
        return False

    def _acknowledge(self, message_id):
        """Queue the mail that tells the complainant the number of the ticket.

        It shares the transaction of the ticket: neither exists without the other.
        The queue sends it after the commit. If the template is broken the ticket
        stays, and says so.
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                template = self.env.ref(
                    "mail_gateway_plus_grievance.mail_template_acknowledgement"
                )
                company = self.company_id
                reply_to = self._notify_get_reply_to(
                    default=company.email_formatted, author_id=company.partner_id.id
                )
                template.send_mail(
                    self.id,
                    email_values={
                        "headers": repr({"Auto-Submitted": "auto-replied"}),
                        "references": message_id,
                        # a template without one asks for none, unlike a message
                        "reply_to": reply_to[self.id],
                    },
                )
        except Exception:
            _logger.exception("No acknowledgement for grievance %s", self.number)
            self.message_post(
                body=self.env._(
                    "The acknowledgement could not be written. Please check its email "
                    "template and tell the complainant the number of this ticket."
                )
            )
        else:
            self.acknowledged_at = fields.Datetime.now()
            # the queue runs once an hour otherwise
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
