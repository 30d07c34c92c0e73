from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.fields import Domain

# The last quarter of the time until a deadline is the time to hurry.
AT_RISK = 0.25
BATCH = 200
# Those who came in person hear at once that their grievance is taken down.
WRITTEN = ("email", "web", "paper")


class GrievanceTicketSla(models.Model):
    """Deadlines, from the moment in which our server took the grievance in.

    What has to be looked at next, and when, is written on each open ticket: the
    scheduled action only ever reads those that are due, whatever the register holds.
    """

    _inherit = "grievance.ticket"

    acknowledge_by = fields.Datetime(
        compute="_compute_deadlines", store=True, help="Deadline to acknowledge it."
    )
    respond_by = fields.Datetime(
        compute="_compute_deadlines",
        store=True,
        help="Deadline for the first answer of an officer.",
    )
    resolve_by = fields.Datetime(
        compute="_compute_deadlines", store=True, help="Deadline to resolve it."
    )
    acknowledged_at = fields.Datetime(
        string="Acknowledged",
        readonly=True,
        copy=False,
        help="When the complainant was told the number.",
    )
    responded_at = fields.Datetime(
        string="Responded",
        readonly=True,
        copy=False,
        help="When an officer first wrote to the complainant.",
    )
    resolved_at = fields.Datetime(
        string="Closed",
        readonly=True,
        copy=False,
        help="When it came into a closing stage.",
    )
    reopened_count = fields.Integer(
        string="Reopened", readonly=True, copy=False, help="How often it was reopened."
    )
    paused_at = fields.Datetime(
        string="Waiting since",
        readonly=True,
        copy=False,
        help="Since when the complainant is asked; meanwhile no deadline runs.",
    )
    paused_hours = fields.Float(
        string="Waited (Hours)",
        readonly=True,
        copy=False,
        help="How long the complainant was waited for; deadlines are later by that.",
    )
    sla_status = fields.Selection(
        [
            ("on_track", "On Track"),
            ("at_risk", "At Risk"),
            ("breached", "Breached"),
            ("paused", "Paused"),
            ("met", "Met"),
            ("missed", "Missed"),
        ],
        string="Deadlines",
        compute="_compute_sla_status",
        store=True,
        help="Whether the next deadline is far, near or missed; of closed tickets, "
        "whether they were resolved in time.",
    )
    sla_check_at = fields.Datetime(
        string="Next Check",
        compute="_compute_sla_status",
        store=True,
        help="When the status of the deadlines changes next.",
    )
    escalation_level = fields.Integer(
        readonly=True,
        copy=False,
        help="0: not escalated, 1: to the supervisor, 2: to the managers.",
    )
    escalated_at = fields.Datetime(
        string="Escalated",
        readonly=True,
        copy=False,
        help="When it was last escalated.",
    )

    # Open tickets only: closed ones have nothing to be checked.
    _sla_check_idx = models.Index("(sla_check_at) WHERE sla_check_at IS NOT NULL")

    # -------------------------------------------------------------------- deadlines

    @api.depends("received_at", "category_id", "severity", "channel", "paused_hours")
    def _compute_deadlines(self):
        by_severity = self.env["grievance.sla"]._hours_of_severities()
        for ticket in self:
            limits = by_severity.get(ticket.severity, {})
            is_written = ticket.channel in WRITTEN
            ticket.acknowledge_by = ticket._deadline(
                is_written and limits.get("acknowledge_hours")
            )
            for field, hours in (
                ("respond_by", "response_hours"),
                ("resolve_by", "resolution_hours"),
            ):
                category = ticket.category_id
                of_category = category and category._first(hours)
                # The shorter one: neither a severe case nor a strict category waits.
                both = (limits.get(hours), of_category)
                deadline = ticket._deadline(min(filter(None, both), default=0))
                pause = timedelta(hours=ticket.paused_hours)
                ticket[field] = deadline and deadline + pause

    def _deadline(self, hours):
        """Return the moment so many hours after receipt."""
        if not hours or not self.received_at:
            return False
        company = self.company_id
        calendar = company.grievance_working_time and self._working_schedule(company)
        if calendar:
            start = pytz.utc.localize(self.received_at)
            planned = calendar.plan_hours(hours, start, compute_leaves=True)
            if planned:
                return planned.astimezone(pytz.utc).replace(tzinfo=None)
        return self.received_at + timedelta(hours=hours)

    @api.model
    def _working_schedule(self, company):
        """Return the company's calendar, where an addon brings one."""
        if "resource_calendar_id" not in company._fields:
            return None
        return company.sudo().resource_calendar_id

    @api.depends(
        "acknowledge_by",
        "respond_by",
        "resolve_by",
        "acknowledged_at",
        "responded_at",
        "resolved_at",
        "paused_at",
        "stage_id",
        "escalation_level",
        "escalated_at",
    )
    def _compute_sla_status(self):
        now = fields.Datetime.now()
        for ticket in self:
            ticket.sla_status, ticket.sla_check_at = ticket._sla_at(now)

    def _sla_at(self, now):
        """Return the status at a moment, and when to look again."""
        if self.stage_id.is_closed:
            ended = self.resolved_at or now
            is_met = not self.resolve_by or ended <= self.resolve_by
            return ("met" if is_met else "missed"), False
        if self.paused_at:
            return "paused", False
        owed = [
            deadline
            for deadline, done in (
                (self.acknowledge_by, self.acknowledged_at),
                (self.respond_by, self.responded_at),
                (self.resolve_by, False),
            )
            if deadline and not done
        ]
        if not owed:
            return "on_track", False
        deadline = min(owed)
        if now >= deadline:
            return "breached", self._next_escalation(deadline)
        pause = timedelta(hours=self.paused_hours)
        hurry = deadline - (deadline - self.received_at - pause) * AT_RISK
        if now >= hurry:
            return "at_risk", deadline
        return "on_track", hurry

    def _next_escalation(self, deadline):
        """Return when a missed deadline is told to the next above."""
        if self.escalation_level == 0:
            return deadline
        if self.escalation_level == 1 and self.escalated_at:
            hours = self.company_id.grievance_escalate_hours
            return self.escalated_at + timedelta(hours=hours)
        return False

    # ----------------------------------------------------------------------- events

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        spoken = tickets.sudo().filtered(lambda ticket: not ticket.acknowledge_by)
        spoken.acknowledged_at = fields.Datetime.now()
        highly = tickets.sudo().filtered(lambda t: t.sensitivity == "highly_sensitive")
        for ticket in highly:
            ticket._escalate()
        return tickets

    def write(self, vals):
        if "stage_id" not in vals:
            return super().write(vals)
        before = {ticket: ticket.stage_id for ticket in self}
        result = super().write(vals)
        for ticket, stage in before.items():
            if stage != ticket.stage_id:
                # sudo: these follow from the stage, nobody enters them
                ticket.sudo()._note_stage(stage)
        return result

    def _note_stage(self, before):
        """Stop, go on or end the clock after a change of stage."""
        now = fields.Datetime.now()
        values = {}
        is_waiting = self.stage_id.kind == "waiting"
        if is_waiting and not self.paused_at:
            values["paused_at"] = now
        if self.paused_at and not is_waiting:
            waited = (now - self.paused_at).total_seconds() / 3600
            values["paused_at"] = False
            values["paused_hours"] = self.paused_hours + waited
        if self.stage_id.is_closed and not self.resolved_at:
            values["resolved_at"] = now
        if before.is_closed and not self.stage_id.is_closed:
            values["resolved_at"] = False
            values["reopened_count"] = self.reopened_count + 1
        if values:
            self.write(values)

    def _message_post_after_hook(self, message, msg_vals):
        result = super()._message_post_after_hook(message, msg_vals)
        is_answer = (
            message.message_type == "comment"
            and not message.is_internal
            and message.subtype_id == self.env.ref("mail.mt_comment")
        )
        if is_answer and message.author_id.user_ids.filtered(lambda u: not u.share):
            # sudo: whoever answers, may they write the ticket or only in it
            answered = self.sudo().filtered(lambda ticket: not ticket.responded_at)
            answered.responded_at = fields.Datetime.now()
        return result

    # ------------------------------------------------------------------- escalation

    @api.model
    def _cron_watch_deadlines(self):
        """Look at the tickets whose status changes now, and tell who is above."""
        now = fields.Datetime.now()
        due = Domain("sla_check_at", "<=", now)
        tickets = self.search(due, order="sla_check_at, id", limit=BATCH)
        for ticket in tickets:
            ticket._compute_sla_status()
            is_due = ticket.sla_check_at and ticket.sla_check_at <= now
            if ticket.sla_status == "breached" and is_due:
                ticket._escalate()
        remaining = self.search_count(due) if len(tickets) == BATCH else 0
        self.env["ir.cron"]._commit_progress(len(tickets), remaining=remaining)

    def _escalate(self):
        """Tell those above: first the supervisor, then the managers, once each."""
        self.ensure_one()
        first = self.escalation_level == 0
        users = self._superiors() if first else self._managers() - self._superiors()
        self.write(
            {
                "escalation_level": self.escalation_level + 1,
                "escalated_at": fields.Datetime.now(),
            }
        )
        if self.sla_status == "breached":
            reason = self.env._("A deadline is missed.")
        else:
            reason = self.env._("A highly sensitive grievance has come in.")
        users = users.filtered(lambda user: self.with_user(user).has_access("read"))
        for user in users:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Escalated: see to this grievance"),
                note=reason,
                user_id=user.id,
            )
        names = ", ".join(users.mapped("name")) or self.env._("nobody: no one is above")
        self.message_post(
            body=self.env._("%(reason)s Told: %(names)s", reason=reason, names=names)
        )
