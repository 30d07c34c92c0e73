from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

SEVERITIES = [
    ("low", "Low"),
    ("medium", "Medium"),
    ("high", "High"),
    ("critical", "Critical"),
]
SENSITIVITIES = [
    ("standard", "Standard"),
    ("sensitive", "Sensitive"),
    ("highly_sensitive", "Highly Sensitive"),
]
CHANNELS = [
    ("email", "Email"),
    ("web", "Web"),
    ("phone", "Phone"),
    ("walk_in", "Walk-in"),
    ("paper", "Paper"),
    ("field_visit", "Field Visit"),
    ("other", "Other"),
]
COMPLAINANT_TYPES = [
    ("unknown", "Not Known"),
    ("beneficiary", "Beneficiary"),
    ("non_beneficiary", "Non-Beneficiary"),
    ("staff", "Staff"),
    ("anonymous", "Anonymous"),
    ("other", "Other"),
]
DECISIONS = [
    ("upheld", "Upheld"),
    ("partially_upheld", "Partially Upheld"),
    ("rejected", "Rejected"),
    ("withdrawn", "Withdrawn"),
    ("redirected", "Redirected"),
]
SUPERVISOR = "mail_gateway_plus_grievance.group_grievance_supervisor"


class GrievanceTicketHandling(models.Model):
    """What a grievance is about, who handles it, and what was decided."""

    _inherit = "grievance.ticket"

    category_id = fields.Many2one(
        "grievance.category",
        index="btree_not_null",
        tracking=True,
        ondelete="restrict",
        help="What it is about. Team, severity and sensitivity follow from it.",
    )
    severity = fields.Selection(
        SEVERITIES,
        compute="_compute_severity",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        tracking=True,
        help="How much harm is done or threatens. Deadlines follow from it.",
    )
    team_id = fields.Many2one(
        "grievance.team",
        compute="_compute_team_id",
        store=True,
        precompute=True,
        readonly=False,
        index="btree_not_null",
        tracking=True,
        help="The team that works on it. Tickets of no team and nobody are seen by all "
        "officers, to be taken.",
    )
    channel = fields.Selection(
        CHANNELS,
        default="other",
        required=True,
        help="How it came in. The decision is told in the same way.",
    )
    complainant_type = fields.Selection(
        COMPLAINANT_TYPES,
        default="unknown",
        required=True,
        help="Anonymous: nobody knows who it is; that is not the same as confidential. "
        "Who has an address is answered all the same.",
    )
    complainant_phone = fields.Char(
        help="The number at which the complainant is called."
    )
    programme = fields.Char(
        help="The programme, payment or project that the grievance is about."
    )
    vulnerability = fields.Char(
        help="What makes it harder for the complainant to be heard, if they said so: "
        "an elderly person, a household led by a child, a disability."
    )
    location = fields.Char(help="Where it happened, or where the complainant lives.")
    desired_outcome = fields.Text(help="What the complainant asks for.")
    has_consent = fields.Boolean(
        string="Consent",
        help="The complainant agrees that what they said is passed on to others.",
    )
    referred_to = fields.Char(
        help="Who else sees to it: another office, a hospital, the police. The "
        "decision of such a grievance is “Redirected”, unless you see to it as well.",
    )
    duplicate_of_id = fields.Many2one(
        "grievance.ticket",
        string="Same as",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        tracking=True,
        help="The ticket in which the same matter is seen to. Who complained here is "
        "told the decision as well.",
    )
    duplicate_ids = fields.One2many(
        "grievance.ticket",
        "duplicate_of_id",
        string="Duplicates",
        help="Tickets about the same matter, which is seen to here.",
    )
    duplicate_count = fields.Integer(
        compute="_compute_duplicate_count", help="How many duplicates there are."
    )
    previous_ticket_id = fields.Many2one(
        "grievance.ticket",
        string="Takes Up",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="The closed ticket that the complainant wrote about once more.",
    )
    tag_ids = fields.Many2many(
        "grievance.tag", string="Tags", help="Marks of your own."
    )
    decision = fields.Selection(
        DECISIONS, tracking=True, copy=False, help="What was decided."
    )
    decision_reasons = fields.Html(
        copy=False,
        help="Why, in plain words: the complainant reads this.",
    )
    decided_by_id = fields.Many2one(
        "res.users",
        string="Decided by",
        readonly=True,
        copy=False,
        help="Who entered the decision. An appeal goes to somebody else.",
    )
    decided_at = fields.Datetime(
        string="Decided", readonly=True, copy=False, help="When it was decided."
    )
    approval = fields.Selection(
        [("requested", "Approval Requested"), ("approved", "Approved")],
        readonly=True,
        copy=False,
        tracking=True,
        help="Whether the supervisor agrees with the decision.",
    )
    approved_by_id = fields.Many2one(
        "res.users", string="Approved by", readonly=True, copy=False, help="Who agreed."
    )

    @api.depends("category_id")
    def _compute_severity(self):
        for ticket in self:
            category = ticket.category_id
            default = category and category._first("default_severity")
            ticket.severity = default or ticket.severity or "medium"

    @api.depends("category_id")
    def _compute_team_id(self):
        """Give a ticket to its category's team, unless it has one already."""
        for ticket in self:
            if ticket.category_id and not ticket.team_id:
                ticket.team_id = ticket.category_id._first("team_id")
            else:
                ticket.team_id = ticket.team_id

    @api.depends("duplicate_ids")
    def _compute_duplicate_count(self):
        for ticket in self:
            ticket.duplicate_count = len(ticket.duplicate_ids)

    @api.constrains("duplicate_of_id")
    def _check_duplicate(self):
        """Have duplicates point to the one that is seen to, in one step."""
        # sudo: one of them may be out of the reach of whoever marks the other
        for ticket in self.sudo():
            original = ticket.duplicate_of_id
            if original and (ticket == original or original.duplicate_of_id):
                raise ValidationError(
                    self.env._(
                        "Choose the ticket in which the matter is seen to; "
                        "%s is a duplicate itself.",
                        original.number,
                    )
                )
            if original and ticket.duplicate_ids:
                raise ValidationError(
                    self.env._(
                        "%s has duplicates of its own. Mark those first.", ticket.number
                    )
                )

    @api.constrains("stage_id", "decision", "approval")
    def _check_stage(self):
        for ticket in self:
            stage = ticket.stage_id
            if stage.requires_decision and not ticket.decision:
                raise ValidationError(
                    self.env._("Enter the decision before “%s”.", stage.name)
                )
            if stage.requires_approval and ticket.approval != "approved":
                raise ValidationError(
                    self.env._(
                        "“%s” needs the approval of the supervisor. Use Ask for "
                        "Approval.",
                        stage.name,
                    )
                )

    def write(self, vals):
        self._check_assigning(vals)
        if {"approval", "approved_by_id", "decided_by_id"} & vals.keys():
            self._check_supervisor()
        if "decision" in vals:
            vals = {
                **vals,
                "decided_by_id": self.env.uid if vals["decision"] else False,
                "decided_at": vals["decision"] and fields.Datetime.now(),
                "approval": False,
                "approved_by_id": False,
            }
        return super().write(vals)

    def _check_assigning(self, vals):
        """Raise if an officer hands tickets to others: that is for supervisors."""
        if self.env.su or self.env.user.has_group(SUPERVISOR):
            return
        is_given = vals.get("user_id") not in (None, False, self.env.uid)
        is_moved = "team_id" in vals and not all(
            ticket._may_move(vals["team_id"], vals.get("category_id"))
            for ticket in self
        )
        if is_given or is_moved:
            raise AccessError(
                self.env._(
                    "Officers take tickets themselves. Ask a supervisor to give one to "
                    "somebody else or to another team."
                )
            )

    def _may_move(self, team_id, category_id):
        """Return whether an officer may give the ticket to a team.

        The screen sends along the team that a category brings to a ticket without one.
        """
        if self.team_id.id == team_id:
            return True
        category = self.category_id.browse(category_id or self.category_id.id or ())
        brought = category and category._first("team_id")
        return bool(not self.team_id and brought and brought.id == team_id)

    # --------------------------------------------------------------------- buttons

    def action_take(self):
        """Work on these tickets oneself."""
        return self.write({"user_id": self.env.uid})

    def action_open_duplicates(self):
        """Show the tickets about the same matter."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Duplicates"),
            "res_model": self._name,
            "domain": [("duplicate_of_id", "=", self.id)],
            "views": [[False, "list"], [False, "form"]],
        }

    def action_request_approval(self):
        """Ask the supervisor to agree with the decision."""
        for ticket in self:
            if not ticket.decision:
                raise ValidationError(
                    self.env._("There is no decision to approve yet.")
                )
            # officers do not approve: what says so is not theirs to write
            ticket.sudo().approval = "requested"
            for user in ticket._superiors():
                ticket.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=self.env._("Approve the decision"),
                    user_id=user.id,
                )
        return True

    def action_approve(self):
        """Agree with the decision."""
        self._check_supervisor()
        for ticket in self:
            if ticket.decided_by_id == self.env.user:
                raise ValidationError(
                    self.env._("Somebody else has to approve what you decided.")
                )
        self.write({"approval": "approved", "approved_by_id": self.env.uid})
        self.activity_feedback(["mail.mail_activity_data_todo"], user_id=self.env.uid)
        return True

    def _check_supervisor(self):
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(SUPERVISOR):
            raise AccessError(self.env._("Only supervisors may do this."))

    def _superiors(self):
        """Return who leads the work on the ticket, or managers if nobody does."""
        self.ensure_one()
        team = self.sudo().team_id
        if team.supervisor_id:
            return team.supervisor_id
        return self._managers()

    def _managers(self):
        """Return those above the supervisor: of a sealed ticket, its whole team."""
        self.ensure_one()
        team = self.sudo().team_id
        if self.is_sealed and team._people():
            return team._people()
        group = self.env.ref("mail_gateway_plus_grievance.group_grievance_manager")
        # sudo: officers may not read who is in which group
        managers = group.sudo().all_user_ids.filtered(
            lambda user: (
                user.active
                and not user.share
                and user != self.env.ref("base.user_root")
                and self.company_id in user.company_ids
            )
        )
        return managers.sudo(False)
