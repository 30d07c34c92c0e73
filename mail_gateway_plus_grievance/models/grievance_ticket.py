from odoo import api, fields, models
from odoo.tools.mail import email_normalize


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
