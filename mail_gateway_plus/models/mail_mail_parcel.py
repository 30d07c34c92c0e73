from dataclasses import dataclass

from odoo import models, tools
from odoo.tools import email_normalize

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..core.parsing.wire_form import wire_form
from ..core.policy.fate import Outcome
from ..core.protocols.collector import Collector


@dataclass
class Parcel:
    """One message of a mail, ready for the wire, or why there is none.

    A mail to several contacts is several messages. ``partner`` is the contact that it
    is for, ``email_to`` the addresses as they were given. ``recipients`` is empty where
    nobody is left to reach; ``failure`` is a type and a reason, as mail.mail has them.
    """

    partner: object
    email_to: list
    message: object = None
    sender: str = ""
    recipients: tuple = ()
    message_id: str = ""
    failure: tuple | None = None
    error: Exception | None = None


class MailMailParcel(models.Model):
    """Making the messages of a mail: every hook is called, nothing is sent."""

    _inherit = "mail.mail"

    def _gateway_parcels(
        self, session, server, alias_domain_id, settled, followers=None
    ):
        """Return the mail's messages as a list of :class:`Parcel`.

        :param session: what knows which From the server takes
        :param settled: hashes of the addresses that are not to be tried (again), with
            their rows (mail.gateway.recipient)
        :raises: whatever makes the mail impossible to send as a whole
        """
        if followers is None:
            followers = self._gateway_followers_to_unsubscribe()
        emails = self._prepare_outgoing_list(
            mail_server=server or self.mail_server_id, doc_to_followers=followers
        )
        return [
            self._gateway_parcel(email, session, alias_domain_id, settled)
            for email in emails
        ]

    def _gateway_followers_to_unsubscribe(self):
        """Return Odoo's map of followers for those mails that have such a link."""
        linked = self.filtered(
            lambda mail: mail.body_html and "/mail/unfollow" in mail.body_html
        )
        return self.env["mail.followers"]._get_mail_doc_to_followers(linked.ids)

    def _gateway_parcel(self, email, session, alias_domain_id, settled, is_sent=False):
        """Return one of the dicts of ``_prepare_outgoing_list`` as a parcel.

        :param is_sent: send it by the session at once
        """
        normalized = email.pop("email_to_normalized", [])
        parcel = Parcel(email.pop("partner_id", None), email["email_to"] or [])
        hashes = self.env["mail.gateway.recipient"]
        # Odoo holds these against addresses that have their ASCII form already.
        normalized = [wire_form(address) for address in normalized]
        skipped = [a for a in normalized if settled and hashes._hash(a) in settled]
        if skipped and len(skipped) == len(normalized):
            return parcel
        servers = self._gateway_builder(email, alias_domain_id).with_context(
            send_validated_to=normalized,
            send_smtp_skip_to=[email_normalize(a, strict=False) for a in skipped],
        )
        message = servers._build_email__(
            email_from=self._gateway_from_header(),
            email_to=email["email_to"],
            subject=email["subject"],
            body=email["body"],
            body_alternative=email["body_alternative"],
            email_cc=email["email_cc"],
            reply_to=email["reply_to"],
            attachments=email["attachments"],
            message_id=email["message_id"],
            references=email["references"],
            object_id=email["object_id"],
            subtype="html",
            subtype_alternative="plain",
            headers=email["headers"],
        )
        collector = session if is_sent else Collector(session)
        try:
            parcel.message_id = servers.send_email(
                message, mail_server_id=self.mail_server_id.id, smtp_session=collector
            )
        except AssertionError as error:
            if str(error) != servers.NO_VALID_RECIPIENT:
                raise
            is_missing = not parcel.email_to
            kind = "mail_email_missing" if is_missing else "mail_email_invalid"
            parcel.failure = (kind, str(error))
        if not is_sent and collector.noted:
            parcel.message, parcel.sender, recipients = collector.noted
            # Once more: an addon may have added some of its own.
            parcel.recipients = tuple(
                a for a in recipients if not settled or hashes._hash(a) not in settled
            )
        return parcel

    def _gateway_addressees(self):
        """Return whom the mail is for, as parcels without a message."""
        split = tools.mail.email_split_and_format_normalize
        written = split(self.email_to or "") + split(self.email_cc or "")
        return [Parcel(None, written)] + [
            Parcel(partner, tools.mail.email_normalize_all(partner.email))
            for partner in self.recipient_ids
        ]

    def _gateway_is_left(self, parcels, settled):
        """Say whether somebody is still to be reached.

        :param settled: rows of those who are not, by the hashes of their addresses
        """
        hashes = self.env["mail.gateway.recipient"]
        return any(
            hashes._hash(address) not in settled
            for parcel in parcels
            for address in parcel.email_to
        )

    @staticmethod
    def _gateway_empty_parcel(partner, email_to):
        """Return the parcel of a message that could not be sent."""
        return Parcel(partner, email_to)

    def _gateway_builder(self, email, alias_domain_id):
        """Return ``ir.mail_server`` with what the alias domain says of the sender."""
        servers = self.env["ir.mail_server"]
        if not alias_domain_id:
            return servers
        domain = self.env["mail.alias.domain"].sudo().browse(alias_domain_id)
        return servers.with_context(
            domain_notifications_email=domain.default_from_email,
            domain_bounce_address=email["headers"].get("Return-Path")
            or domain.bounce_email,
        )

    def _gateway_from_header(self):
        """Return the From, also where a formatted one was formatted once more."""
        found = tools.mail.email_split_and_format_normalize(self.email_from)
        return found[0] if found else self.email_from

    def _gateway_reached(self, parcels, answers, settled):
        """Return what ``_postprocess_sent_message`` wants to know.

        :returns: the contacts that were reached, and the addresses without contact
        """
        hashes = self.env["mail.gateway.recipient"]
        accepted = {a for a, answer in answers.items() if answer.outcome.is_taken}
        before = {
            key for key, row in settled.items() if row.outcome == Outcome.ACCEPTED.value
        }

        def is_reached(address):
            address = wire_form(email_normalize(address, strict=False) or address)
            return address in accepted or (before and hashes._hash(address) in before)

        partners, emails = [], []
        for parcel in parcels:
            reached = [a for a in parcel.email_to if is_reached(a)]
            if not parcel.email_to and set(parcel.recipients) & accepted:
                reached = [""]  # a copy only: no To to tell about
            if reached and parcel.partner:
                partners.append(parcel.partner)
            elif not parcel.partner:
                emails += [each for each in reached if each]
        return partners, emails

    def _gateway_explain_unsent(self, error):
        """Return failure type and reason of what no server was asked about."""
        servers = self.env["ir.mail_server"]
        reason, kind = tools.exception_to_unicode(error), "unknown"
        if isinstance(error, AssertionError):
            code = error.args[0] if error.args else ""
            reason = code
            if code == servers.NO_VALID_FROM:
                kind = "mail_from_invalid"
                reason = str(error.args[1]) if len(error.args) > 1 else code
            elif code in (servers.NO_FOUND_FROM, servers.NO_FOUND_SMTP_FROM):
                kind = "mail_from_missing"
        if isinstance(error, MailDeliveryException):
            kind = "mail_spam" if "OutboundSpamException" in str(error) else "unknown"
        return kind, reason
