import re
from datetime import datetime

from odoo import api, fields, models
from odoo.tools.mail import email_normalize, email_split_tuples, html2plaintext

from odoo.addons.mail_gateway_plus.core.parsing.language import language_of

# What PostgreSQL or a line of a header cannot hold, but a decoded header can.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
SUBJECT_LENGTH = 250
# A language shows within so much of a letter's HTML.
MAX_GUESSED = 20_000
# Older than e-mail with dates in it: the clock of the sender was not set.
EARLIEST_DATE = datetime(1990, 1, 1)


class GrievanceTicketIntake(models.Model):
    """From mail to ticket: a new one, or what its complainant adds to it."""

    _inherit = "grievance.ticket"

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Make a ticket of a message, whatever the message is like.

        Nothing in a mail may stand in the way of a grievance, so each value is
        brought into a form that the database takes, or left out.
        """
        sender = self._plain(msg_dict.get("email_from"))
        name, address = next(iter(email_split_tuples(sender)), ("", ""))
        author = self.env["res.partner"].sudo().browse(msg_dict.get("author_id") or ())
        values = {
            "subject": self._plain(msg_dict.get("subject"))[:SUBJECT_LENGTH]
            or self.env._("(no subject)"),
            "description": UNSTORABLE.sub("", msg_dict.get("body") or ""),
            "partner_id": self._known_complainant(author, name, address).id,
            "complainant_name": name,
            "intake_address": self._intake_address(msg_dict),
            "channel": "email",
            "received_at": self._received_at(),
            "language": self._language_of(msg_dict),
            **(custom_values or {}),
        }
        ticket = super().message_new(
            {**msg_dict, "email_from": sender, "from": sender}, custom_values=values
        )
        # Kept for when the message stands in the conversation: the acknowledgement
        # comes after the letter that it acknowledges, and refers to it.
        return ticket.with_context(
            grievance_acknowledge=self.env.context.get("grievance_person_wrote")
        )

    def message_update(self, msg_dict, update_vals=None):
        """Open a closed ticket again when its complainant, no machine, answers.

        What somebody else wrote in the complainant's name is only kept on the ticket.
        """
        self._triage_answer(msg_dict.get("subject"), msg_dict.get("body"))
        result = super().message_update(msg_dict, update_vals=update_vals)
        is_person = self.env.context.get("grievance_person_wrote", True)
        if is_person and not self._is_forged_answer():
            sender = email_normalize(msg_dict.get("email_from") or "")
            author_id = msg_dict.get("author_id")
            for ticket in self:
                known_by_address = sender and ticket.email_normalized == sender
                known_by_contact = author_id and ticket.partner_id.id == author_id
                if known_by_address or known_by_contact:
                    ticket._take_answer(msg_dict)
        return result

    @api.model
    def _is_forged_answer(self):
        """Say whether the letter on its way is proven not to be from its sender."""
        trace = self._gateway_trace()
        return bool(trace) and self.env["mail.gateway.examination"]._is_forged(trace)

    def _take_answer(self, msg_dict):
        """Go on with the ticket now that its complainant has answered."""
        self.ensure_one()
        if not self.is_closed:
            if self.stage_id.kind == "waiting":
                self._mail_gateway_reopen()
        elif self._mail_gateway_may_reopen():
            # With a journal it is the gateway that reopens, by the policy that is set.
            if not self._gateway_trace():
                self._mail_gateway_reopen()
        else:
            for user in self._superiors():
                self.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=self.env._("The complainant wrote long after the end"),
                    user_id=user.id,
                )

    def _mail_gateway_may_reopen(self):
        """Return whether an answer comes in time to open a closed ticket again."""
        closed = self.resolved_at or fields.Datetime.now()
        days = self.company_id.grievance_reopen_days
        return fields.Datetime.now() <= fields.Datetime.add(closed, days=days)

    def _mail_gateway_is_correspondent(self, address):
        """Know the complainant, by the address that wrote or as a contact."""
        known = {self.email_normalized, self.partner_id.email_normalized}
        return bool(address) and address in known

    def _mail_gateway_reopen(self):
        """Take the ticket back to work."""
        self.ensure_one()
        stage = self.env.ref(
            "mail_gateway_plus_grievance.stage_in_progress", raise_if_not_found=False
        )
        if not stage or stage.is_closed:
            stage = self.env["grievance.stage"].search(
                [("is_closed", "=", False)], limit=1
            )
        if stage:
            self.write({"stage_id": stage.id, "active": True})

    @api.model
    def _known_complainant(self, author, name, address):
        """Return the contact who wrote, as far as an address can tell.

        Families and villages share one, and Odoo takes the first contact that has it.
        Of several the one is meant that has the letter's name, or none.
        """
        if not author:
            return author
        sharing = author.search([("email_normalized", "=", email_normalize(address))])
        if len(sharing) <= 1:
            return author
        named = sharing.filtered(
            lambda each: each.name and each.name.casefold() == name.casefold()
        )
        return named if len(named) == 1 else author.browse()

    @api.model
    def _plain(self, text):
        """Return decoded header text as one line that can be stored and sent."""
        return UNPRINTABLE.sub(" ", text or "").strip()

    @api.model
    def _received_at(self):
        """Return when our server took the message in, or now if it does not say."""
        now = fields.Datetime.now()
        received = self.env.context.get("grievance_received_at") or now
        return received if EARLIEST_DATE <= received <= now else now

    @api.model
    def _language_of(self, msg_dict):
        """Return the language that the complainant wrote in, if it shows."""
        words = html2plaintext((msg_dict.get("body") or "")[:MAX_GUESSED])
        return language_of(words) or self.env.context.get("grievance_language")

    @api.model
    def _intake_address(self, msg_dict):
        """Return the address of ours that a message was sent to, if it is known."""
        recipients = [
            email_normalize(address)
            for _name, address in email_split_tuples(msg_dict.get("recipients") or "")
        ]
        alias = (
            self.env["mail.alias"]
            .sudo()
            .search(
                [
                    ("alias_full_name", "in", [r for r in recipients if r]),
                    ("alias_model_id.model", "=", self._name),
                ],
                limit=1,
            )
        )
        if alias:
            return alias.alias_full_name
        # the login most often is its address
        return email_normalize(self._intake_mailbox().user or "")

    @api.model
    def _intake_mailbox(self):
        """Return the mailbox that Odoo reads at this moment, if it does."""
        mailbox_id = self.env.context.get("default_fetchmail_server_id")
        return self.env["fetchmail.server"].sudo().browse(mailbox_id or ())
