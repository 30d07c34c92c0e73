from markupsafe import Markup

from odoo import api, models
from odoo.tools import email_normalize, email_split
from odoo.tools.mail import decode_message_header

from ..core.policy.directive import Halt
from ..core.policy.outcome import State
from ..core.trust.domains import domain_of, is_at_or_below
from ..core.trust.stance import Stance


class MailThreadTrust(models.AbstractModel):
    """Gives nobody a power of whom nothing shows who it is.

    Odoo takes the address in From for who wrote: as author, as the user that records
    are made by, as who passes an alias, and as where errors are reported to.
    """

    _inherit = "mail.thread"

    @api.model
    def _mail_find_user_for_gateway(self, email_value, alias=None):
        trace = self._gateway_trace()
        if trace and trace.is_unproven:
            return self.env["res.users"]
        return super()._mail_find_user_for_gateway(email_value, alias=alias)

    def _partner_find_from_emails(self, records_emails, *args, **kwargs):
        """Find no contact for a sender that only bears somebody's address."""
        trace = self._gateway_trace()
        if trace and trace.is_stranger:
            sender = trace.verdict.sender
            records_emails = {
                record: [
                    email
                    for email in emails
                    if email_normalize(email or "", strict=False) != sender
                ]
                for record, emails in records_emails.items()
            }
        return super()._partner_find_from_emails(records_emails, *args, **kwargs)

    @api.model
    def _routing_check_route(self, message, message_dict, route, raise_exception=True):
        """Let nobody pass a restricted alias who may be anybody."""
        trace, alias = self._gateway_trace(), route[4]
        is_restricted = alias and alias.alias_contact != "everyone"
        if trace and trace.is_unproven and is_restricted:
            trace.refused_alias = alias.display_name
            return False
        return super()._routing_check_route(
            message, message_dict, route, raise_exception=raise_exception
        )

    @api.model
    def message_route(self, message, message_dict, *args, **kwargs):
        routes = super().message_route(message, message_dict, *args, **kwargs)
        trace = self._gateway_trace()
        if trace and trace.refused_alias and not routes and not trace.halt:
            trace.halt = Halt(
                State.QUARANTINED.value,
                self.env._(
                    "The address %s is restricted to certain senders, and nothing "
                    "shows that this one is who it says.",
                    trace.refused_alias,
                ),
            )
        return routes

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        trace = self._gateway_trace()
        if not trace:
            return super()._message_route_process(message, message_dict, routes)
        trace.is_making = True
        record_id = super()._message_route_process(message, message_dict, routes)
        trace.is_making = False
        if trace.is_stranger and trace.record_id:
            self.env[trace.model].browse(trace.record_id)._note_stranger(trace)
        return record_id

    def _note_stranger(self, trace):
        """Have the record say that its sender may be anybody."""
        if not hasattr(self, "_message_log"):
            return
        text = self.env["mail.gateway.examination"]._tell_unproven(trace)
        self._message_log(
            body=Markup("<p><b>%s</b><br/>%s</p>")
            % (
                self.env._("Sender not verified"),
                self.env._(
                    "%s Do not act on it in that person's name before you have asked.",
                    text,
                ),
            )
        )

    @api.model
    def _routing_create_bounce_email(
        self, email_from, body_html, message, **mail_values
    ):
        """Report an error to nobody who may not have written.

        Nor while a record is made: whatever fails then, the message stays in the
        journal and is tried again, and Odoo would report each time, in a transaction
        of its own. The mail itself waits in the queue until all is committed.
        """
        trace = self._gateway_trace()
        if not trace:
            return super()._routing_create_bounce_email(
                email_from, body_html, message, **mail_values
            )
        if trace.is_making or not self._may_report_to(trace, email_from, message):
            if not trace.is_making:
                note = self.env._(
                    "No error message was sent, as the sender is not verified."
                )
                trace.notes.append(note)
            return None
        company = self._company_of_recipients(message)
        return super(
            MailThreadTrust, self.with_company(company)
        )._routing_create_bounce_email(email_from, body_html, message, **mail_values)

    @api.model
    def _may_report_to(self, trace, email_from, message):
        """Say whether an error may be reported without troubling a stranger.

        It goes to the Return-Path, which need not be where From says: its domain has to
        be vouched for as well. An empty one asks for none (RFC 3834 section 2).
        """
        if trace.stance in (None, Stance.ODOO):
            return True
        target = decode_message_header(message, "Return-Path") or email_from
        domain = domain_of((email_split(target) or [""])[0])
        if not domain or not trace.verdict.is_authentic:
            return False
        vouched = (trace.verdict.domain, domain_of(trace.verdict.sender))
        return any(is_at_or_below(domain, each) for each in vouched)

    @api.model
    def _company_of_recipients(self, message):
        """Return the company that the message was written to.

        The mailbox's, which is the environment's, else that of the mail domain.
        """
        trace = self._gateway_trace()
        server = self.env["fetchmail.server"].browse(trace.mailbox_id)
        if server.company_id:
            return server.company_id
        values = [
            decode_message_header(message, name, separator=",")
            for name in ("Delivered-To", "To", "Cc")
        ]
        domains = {domain_of(address) for address in email_split(",".join(values))}
        found = self.env["mail.alias.domain"].sudo()
        found = found.search([("name", "in", list(domains))]).filtered("company_ids")
        return found[:1].company_ids[:1] or self.env.company
