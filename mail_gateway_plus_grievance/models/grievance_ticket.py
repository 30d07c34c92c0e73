import logging
import re
from datetime import datetime

from odoo import api, fields, models
from odoo.tools.mail import email_normalize, email_split_tuples, html2plaintext
from odoo.tools.misc import clean_context

from odoo.addons.mail_gateway_plus.core.parsing.language import language_of

_logger = logging.getLogger(__name__)

# What PostgreSQL or a line of a header cannot hold, but a decoded header can.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
SUBJECT_LENGTH = 250
# A language shows within so much of a letter's HTML.
MAX_GUESSED = 20_000
# Older than e-mail with dates in it: the clock of the sender was not set.
EARLIEST_DATE = datetime(1990, 1, 1)


class GrievanceTicket(models.Model):
    _name = "grievance.ticket"
    _description = "Grievance Ticket"
    _inherit = ["mail.gateway.sealable", "mail.activity.mixin"]
    _order = "priority desc, received_at desc, id desc"
    _rec_name = "subject"
    _rec_names_search = ["number", "subject", "complainant_name", "email_from"]
    # Odoo's loop detection looks for other records of the sender by this field.
    _primary_email = "email_from"
    _mail_gateway_reference = "number"
    _mail_gateway_closed_policy = "reopen"

    number = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("New"),
        help="Reference of the ticket, as the complainant was told it.",
    )
    subject = fields.Char(
        required=True,
        tracking=True,
        help="What the grievance is about, in one line.",
    )
    description = fields.Html(
        help="The grievance in the words of the complainant. For a ticket made "
        "from a mail, the mail itself stays in the conversation.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Complainant Contact",
        index="btree_not_null",
        tracking=True,
        help="The complainant, if known. A grievance is taken from anybody, so this "
        "may stay empty.",
    )
    complainant_name = fields.Char(
        compute="_compute_complainant",
        store=True,
        readonly=False,
        help="Name of the complainant, as given in the mail or the contact.",
    )
    email_from = fields.Char(
        string="Email",
        compute="_compute_complainant",
        store=True,
        readonly=False,
        help="Address that the grievance came from, and that answers go to.",
    )
    email_normalized = fields.Char(
        compute="_compute_email_normalized",
        store=True,
        index="btree_not_null",
        help="The bare address of the complainant, to find other tickets by it.",
    )
    intake_address = fields.Char(
        readonly=True,
        copy=False,
        help="Our address that the grievance was sent to. Answers of the complainant "
        "are directed there, so that they come back to this ticket.",
    )
    received_at = fields.Datetime(
        string="Received",
        required=True,
        default=fields.Datetime.now,
        index=True,
        copy=False,
        help="When our mail server took the grievance in, or when it was told. "
        "Deadlines count from here: neither from the sender's clock nor from when the "
        "mailbox was read.",
    )
    language = fields.Char(
        help="The language that the complainant writes in, as a code: fr, es, sw. "
        "Letters to them are in it, if Odoo has it.",
    )
    lang = fields.Char(
        compute="_compute_lang",
        help="The language of Odoo in which the complainant is written to.",
    )
    stage_id = fields.Many2one(
        "grievance.stage",
        default=lambda self: self.env["grievance.stage"].search([], limit=1),
        group_expand="_read_group_expand_full",
        ondelete="restrict",
        index=True,
        copy=False,
        tracking=True,
        help="How far the work on this grievance is.",
    )
    is_closed = fields.Boolean(
        related="stage_id.is_closed",
        help="Whether the stage of the ticket is a closing one.",
    )
    priority = fields.Selection(
        [("0", "Normal"), ("1", "High"), ("2", "Urgent")],
        default="0",
        required=True,
        help="Urgent tickets come first in every list.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Assigned to",
        domain=[("share", "=", False)],
        index="btree_not_null",
        tracking=True,
        help="The officer who works on this grievance.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Only officers of this company see the ticket.",
    )
    active = fields.Boolean(
        default=True,
        help="Archived tickets are kept, but left out of lists.",
    )

    _number_unique = models.Constraint(
        "UNIQUE(number)",
        "Another ticket already has this number.",
    )

    @api.depends("partner_id")
    def _compute_complainant(self):
        """Fill in what is empty: the address that wrote is never overwritten."""
        for ticket in self:
            partner = ticket.partner_id
            ticket.complainant_name = ticket.complainant_name or partner.name
            ticket.email_from = ticket.email_from or partner.email

    @api.depends("language", "partner_id.lang", "company_id.partner_id.lang")
    def _compute_lang(self):
        """Choose the contact's language, else the letter's, else the company's."""
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        for ticket in self:
            letter = (ticket.language or "").lower()
            written = [c for c in installed if letter and c[:2].lower() == letter[:2]]
            ticket.lang = (
                ticket.partner_id.lang
                or next(iter(written), False)
                or ticket.company_id.partner_id.lang
            )

    @api.depends("email_from")
    def _compute_email_normalized(self):
        for ticket in self:
            ticket.email_normalized = email_normalize(ticket.email_from or "")

    @api.depends("number", "subject")
    def _compute_display_name(self):
        for ticket in self:
            ticket.display_name = f"[{ticket.number}] {ticket.subject or ''}".rstrip()

    @api.model_create_multi
    def create(self, vals_list):
        """Number every ticket, however it is made."""
        for vals in vals_list:
            # sudo: officers may make tickets, but not read the technical sequences
            vals["number"] = self.env["ir.sequence"].sudo().next_by_code(self._name)
        return super().create(vals_list)

    # From mail to ticket

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Make a ticket of a message, whatever the message is like.

        Nothing in a mail may stand in the way of a grievance, so each value is
        brought into a form that the database takes, or left out.
        """
        sender = self._plain(msg_dict.get("email_from"))
        name, _address = next(iter(email_split_tuples(sender)), ("", ""))
        values = {
            "subject": self._plain(msg_dict.get("subject"))[:SUBJECT_LENGTH]
            or self.env._("(no subject)"),
            "description": UNSTORABLE.sub("", msg_dict.get("body") or ""),
            "partner_id": msg_dict.get("author_id"),
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
        """Open a closed ticket again when its complainant, no machine, answers."""
        self._triage_answer(msg_dict.get("subject"), msg_dict.get("body"))
        result = super().message_update(msg_dict, update_vals=update_vals)
        if self.env.context.get("grievance_person_wrote", True):
            sender = email_normalize(msg_dict.get("email_from") or "")
            author_id = msg_dict.get("author_id")
            for ticket in self:
                known_by_address = sender and ticket.email_normalized == sender
                known_by_contact = author_id and ticket.partner_id.id == author_id
                if known_by_address or known_by_contact:
                    ticket._take_answer(msg_dict)
        return result

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
        # Set by Odoo while it reads a mailbox; the login most often is its address.
        mailbox_id = self.env.context.get("default_fetchmail_server_id")
        mailbox = self.env["fetchmail.server"].sudo().browse(mailbox_id)
        return email_normalize(mailbox.user or "")

    # From ticket to mail

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
        if trace and not trace.may_answer:
            return False
        if not self.email_normalized or self.email_normalized == self.intake_address:
            return False
        if self.env["mail.alias.domain"].sudo()._find_aliases([self.email_normalized]):
            return False
        if trace:
            return True
        get_param = self.env["ir.config_parameter"].sudo().get_param
        minutes = int(get_param("mail.gateway.loop.minutes", 120))
        threshold = int(get_param("mail.gateway.loop.threshold", 20))
        since = fields.Datetime.subtract(fields.Datetime.now(), minutes=minutes)
        recent = self.sudo().search_count(
            [
                ("email_normalized", "=", self.email_normalized),
                ("create_date", ">=", since),
            ],
            limit=threshold + 1,
        )
        return recent <= threshold

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
