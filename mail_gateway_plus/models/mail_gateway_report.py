from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, email_normalize

from ..core.parsing.delivery_report import FAILED
from ..core.parsing.machine import Kind
from ..machine_advice import ABUSE_TEXT, NOTICE_TEXT, RECEIPT_TEXT, REPORTED_TEXT

# Where nothing but the recipient is told, the last mail to it is meant that went out
# within so many days; servers give up after five (RFC 5321 section 4.5.4.1).
GUESS_DAYS = 5


@dataclass
class Subject:
    """The mail of ours that a report is about.

    ``attempts`` and ``message`` (``mail.message``) are what is left of it here, at
    least one of both; ``how`` says by what it was found.
    """

    attempts: object
    message: object
    how: str

    @property
    def message_ids(self):
        """The names under which the mail went out."""
        names = self.attempts.mapped("message_id") + self.message.mapped("message_id")
        return list(dict.fromkeys(filter(None, names)))

    @property
    def record_key(self):
        """The model and id of the record that the mail belongs to."""
        for source in (self.message, self.attempts[:1]):
            model = source.model if source._name == "mail.message" else source.res_model
            if model and source.res_id:
                return model, source.res_id
        return "", 0


class MailGatewayReport(models.AbstractModel):
    """What mail systems and recipients report about mail of ours.

    It is noted on the attempt to send the mail and on each recipient that it names, on
    the mail, in Odoo's own notifications, and on the record that the mail belongs to.
    """

    _name = "mail.gateway.report"
    _description = "Report About Sent Mail"

    @api.model
    def _note(self, trace, message, message_dict):
        """Note what a message reports, wherever that is seen.

        :returns: whether it is about mail of ours
        """
        machine = trace.machine
        subject = machine.report and self._find(trace, machine.report)
        if not subject:
            return False
        trace.notes.append(subject.how)
        for reported in machine.report.recipients:
            if machine.is_bounce:
                subject.attempts._note_report(reported)
            if reported.action == FAILED:
                self._tell_odoo(message, message_dict, subject, reported)
        record = self.env["mail.gateway.examination"]._thread_of(*subject.record_key)
        if record:
            self._note_on(record, subject, machine, message_dict)
            trace.model, trace.record_id = record._name, record.id
        return True

    # ---------------------------------------------------------------------- finding

    @api.model
    def _find(self, trace, report):
        """Return the :class:`Subject` of a report, or ``None``."""
        # sudo: attempts and messages of whatever company the mail was of
        attempts = self.env["mail.gateway.attempt"].sudo()
        messages = self.env["mail.message"].sudo()
        if found := self._by_bounce_address(trace.facts.recipients):
            how = self.env._("The address it came to was made for that one mail.")
            ids = list(filter(None, found.mapped("message_id")))
            return Subject(found, self._message_of(ids), how)
        ids = list(report.message_ids)
        if ids:
            attempts = attempts.search([("message_id", "in", ids)])
            messages = self._message_of(ids)
        if attempts or messages:
            how = self.env._("It names the mail: %s.", ", ".join(ids))
            return Subject(attempts, messages, how)
        # A forged report must not mark whoever's mail it likes.
        if self.env["mail.gateway.examination"]._is_forged(trace):
            return None
        if found := self._by_recipient(report):
            ids = list(filter(None, found.mapped("message_id")))
            how = self.env._(
                "It names the recipient only. The last mail to that address is meant."
            )
            return Subject(found, self._message_of(ids), how)
        return None

    def _message_of(self, ids):
        domain = [("message_id", "in", ids)]
        return self.env["mail.message"].sudo().search(domain, limit=1, order="id desc")

    def _by_bounce_address(self, recipients):
        """Return the attempts that were made under one of these return paths.

        Their token cannot be guessed, so whoever writes there has seen the mail.
        """
        tagged = [a for a in recipients if "+" in a.partition("@")[0]]
        if not tagged:
            return None
        attempts = self.env["mail.gateway.attempt"].sudo()
        attempts.flush_model(["email_from"])
        found = self.env.execute_query(
            SQL(
                "SELECT id FROM mail_gateway_attempt"
                " WHERE strpos(email_from, '+') > 0 AND lower(email_from) = ANY(%s)",
                tagged,
            )
        )
        return attempts.browse(each for (each,) in found).sorted("id", reverse=True)

    def _by_recipient(self, report):
        """Return the last attempt that reached one of the reported recipients."""
        recipients = self.env["mail.gateway.recipient"].sudo()
        hashes = [
            recipients._hash(address)
            for reported in report.recipients
            for address in reported.addresses
        ]
        since = fields.Datetime.now() - timedelta(days=GUESS_DAYS)
        row = hashes and recipients.search(
            [
                ("address_hash", "in", hashes),
                ("outcome", "in", ("accepted", "uncertain")),
                ("attempt_id.create_date", ">=", since),
            ],
            order="id desc",
            limit=1,
        )
        return row and row.attempt_id

    # ---------------------------------------------------------------------- telling

    def _tell_odoo(self, message, message_dict, subject, reported):
        """Have Odoo and other addons act on a bounce as on one that they found."""
        address = email_normalize(reported.address) or reported.address
        notified = subject.message.notification_ids.res_partner_id
        if not address and len(notified) == 1:
            address = notified.email_normalized
        partners = self.env["res.partner"].sudo()
        if address:
            partners = partners.search([("email_normalized", "=", address)])
        bounce = {
            "bounced_email": address,
            "bounced_partner": partners,
            "bounced_msg_ids": subject.message_ids,
            "bounced_message": subject.message,
            "body": reported.words or message_dict.get("body"),
        }
        thread = self.env["mail.thread"]
        thread._routing_handle_bounce(message, {**message_dict, **bounce})

    def _note_on(self, record, subject, machine, message_dict):
        """Tell on the record what the mail system said."""
        told = subject.message.subject or message_dict.get("subject") or ""
        notice = self.env._(NOTICE_TEXT)
        lines = [
            self._told_line(machine, reported, told)
            for reported in machine.report.recipients
        ] or [notice % {"subject": told}]
        body = Markup("").join(Markup("<p>%s</p>") % line for line in lines)
        self.env["mail.gateway.examination"]._as_note(record).message_post(
            body=body,
            # By it the report is known when it comes again.
            message_id=message_dict["message_id"],
            subtype_xmlid="mail.mt_note",
        )

    def _told_line(self, machine, reported, subject):
        facts = {
            "subject": subject,
            "address": reported.address or self.env._("its recipient"),
            "action": reported.action,
        }
        if machine.kind is Kind.ABUSE_REPORT:
            text = ABUSE_TEXT
        else:
            text = REPORTED_TEXT.get(reported.action, RECEIPT_TEXT)
        said = Markup("<br/>%s") % reported.words if reported.words else ""
        text = self.env._(text)
        return Markup("%s%s") % (text % facts, said)
