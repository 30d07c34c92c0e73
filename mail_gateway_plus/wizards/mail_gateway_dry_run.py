import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..core.policy.outcome import State

# What one press of the button may take; the next one goes on from there.
SECONDS = 10.0
MOST_MESSAGES = 5000
# What is told of the way that one message would take.
NOTES_LENGTH = 2000
# What was decided about, so that there is something to compare with.
DECIDED = [
    State.DONE.value,
    State.IGNORED.value,
    State.QUARANTINED.value,
    State.DISCARDED.value,
]


class MailGatewayDryRun(models.TransientModel):
    """Shows what the rules would make of messages that came in already.

    Each message is processed as if it had just come, in a savepoint that is rolled
    back: nothing comes of it, and no mail is sent.
    """

    _name = "mail.gateway.dry.run"
    _description = "Dry Run of Rules"

    rule_id = fields.Many2one(
        "mail.gateway.rule",
        context={"active_test": False},
        help="The rule to try, even if it is archived, together with the active ones; "
        "none: only those.",
    )
    draft = fields.Json(
        help="What is changed about the rule on its form and not saved: all of it, for "
        "one that was never saved."
    )
    is_draft = fields.Boolean(
        compute="_compute_is_draft",
        help="Whether something is tried that is not saved.",
    )
    is_alone = fields.Boolean(
        string="This Rule Alone",
        help="Try the rule as if there were no others.",
    )
    server_id = fields.Many2one(
        "fetchmail.server",
        string="Mailbox",
        context={"active_test": False},
        help="Only messages of this mailbox; none: of all.",
    )
    limit = fields.Integer(
        string="Messages",
        default=200,
        required=True,
        help="How many messages to look at, the latest first: those that were decided "
        "about and whose content is still kept.",
    )
    is_whole = fields.Boolean(
        string="Show All",
        help="Also those of which the same would become.",
    )
    # What is still to be looked at, as ids: new mail does not shift it.
    waiting = fields.Json(help="The messages that are still to be looked at.")
    is_begun = fields.Boolean(help="Whether the run has begun.")
    looked_at = fields.Integer(help="How many messages were looked at.")
    remaining = fields.Integer(
        compute="_compute_remaining", help="How many messages are left."
    )
    held = fields.Integer(
        string="Rule Holds", help="For how many messages the rule, or any rule, holds."
    )
    changed = fields.Integer(help="How many messages would become something else.")
    parked = fields.Integer(help="How many more would be parked than were.")
    line_ids = fields.One2many(
        "mail.gateway.dry.run.line",
        "run_id",
        string="All",
        help="What would become of each message.",
    )
    shown_line_ids = fields.One2many(
        "mail.gateway.dry.run.line",
        string="Outcome",
        compute="_compute_shown_line_ids",
        help="What would become of each message, or of those that would change.",
    )

    @api.depends("draft")
    def _compute_is_draft(self):
        for run in self:
            run.is_draft = bool(run.draft)

    @api.depends("waiting")
    def _compute_remaining(self):
        for run in self:
            run.remaining = len(run.waiting or ())

    @api.depends("line_ids", "is_whole")
    def _compute_shown_line_ids(self):
        for run in self:
            lines = run.line_ids
            run.shown_line_ids = lines if run.is_whole else lines.filtered("is_changed")

    # --------------------------------------------------------------------- buttons

    @api.model
    def action_try_draft(self, rule_id, changes):
        """Open a dry run of a rule as it stands on a form, saved or not.

        :param rule_id: of the rule, or nothing for one that was never saved
        :param changes: what is not saved, as the web client would write it
        """
        return self.create({"rule_id": rule_id, "draft": changes or False})._show()

    def action_run(self):
        """Begin anew, with what the rules are now."""
        self.ensure_one()
        if not 0 < self.limit <= MOST_MESSAGES:
            raise UserError(
                self.env._("Look at 1 to %s messages at once.", MOST_MESSAGES)
            )
        domain = [("has_raw", "=", True), ("state", "in", DECIDED)]
        if self.server_id:
            domain.append(("server_id", "=", self.server_id.id))
        rows = self.env["mail.gateway.inbound"].search(
            domain, order="id desc", limit=self.limit
        )
        self.line_ids.unlink()
        self.write(
            {
                "waiting": rows.ids,
                "is_begun": True,
                "looked_at": 0,
                "held": 0,
                "changed": 0,
                "parked": 0,
            }
        )
        return self.action_go_on()

    def action_go_on(self):
        """Look at more messages, until the time of one press is over."""
        self.ensure_one()
        self.env["mail.gateway.rule"].check_access("write")
        rules, tried_id = self._rules_to_try()
        until, waiting, told = time.monotonic() + SECONDS, list(self.waiting or ()), []
        while waiting and (not told or time.monotonic() < until):
            row = self.env["mail.gateway.inbound"].browse(waiting.pop(0)).exists()
            if row and row.has_raw:
                told.append(self._try_on(row, rules, tried_id))
        self.write(
            {
                "waiting": waiting,
                "looked_at": self.looked_at + len(told),
                "held": self.held + sum(line["is_held"] for line in told),
                "changed": self.changed + sum(line["is_changed"] for line in told),
                "parked": self.parked
                + sum(line["now"] == State.QUARANTINED.value for line in told)
                - sum(line["then"] == State.QUARANTINED.value for line in told),
                "line_ids": [Command.create(line) for line in told],
            }
        )
        return self._show()

    def action_toggle_all(self):
        """Show the messages that would stay the same as well, or no more."""
        self.is_whole = not self.is_whole
        return self._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [[False, "form"]],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    # ----------------------------------------------------------------- looking at it

    def _rules_to_try(self):
        """Return the rules as plain values, in their order, and the id of the tried.

        What is not saved is written, so that it is checked as at any time, and taken
        back at once.
        """
        with self.env.cr.savepoint() as savepoint:
            tried = self._as_on_form().sudo()
            chosen = tried
            if not (tried and self.is_alone):
                active = tried.search([("active", "=", True)])
                chosen = (active | tried).sorted()
            rules = tuple(chosen._as_rules())
            savepoint.rollback()
        return rules, tried.id

    def _as_on_form(self):
        """Return the rule that is tried, if there is one, with what is not saved."""
        if not self.draft:
            return self.rule_id
        if not self.rule_id:
            return self.rule_id.create(self.draft)
        self.rule_id.write(self.draft)
        return self.rule_id

    def _try_on(self, row, rules, tried_id):
        fate = row.sudo()._rehearse_again(rules)
        held = fate["held"]
        is_held = tried_id in held if tried_id else bool(held)
        was = [int(part) for part in (row.rules_held or "").split(",") if part]
        return {
            "inbound_id": row.id,
            "then": row.state,
            "was": self._tell_past(row),
            "now": fate["state"],
            "would_be": self._tell_fate(fate),
            "rule_names": ", ".join(rule.name for rule in rules if rule.id in held),
            "is_held": is_held,
            "is_changed": self._place(row) != self._new_place(fate) or held != was,
            "notes": "\n".join(fate["notes"])[:NOTES_LENGTH],
        }

    def _place(self, row):
        """Return where a message is, so that it can be compared."""
        if row.state != State.DONE.value:
            return (row.state, "", 0)
        is_new = self._was_new(row)
        return (row.state, row.res_model, 0 if is_new else row.res_id)

    def _was_new(self, row):
        """Say whether the record that it became was made of it."""
        if row.res_model not in self.env:
            return True
        # sudo: only the moment and the name of its first letter are looked at
        env = self.env(su=True)
        made = env[row.res_model].browse(row.res_id).exists().create_date
        if made and row.fetched_at and made < row.fetched_at:
            return False
        of_record = [("model", "=", row.res_model), ("res_id", "=", row.res_id)]
        first = env["mail.message"].search(
            [*of_record, ("message_type", "=", "email")], order="id", limit=1
        )
        return not first or first.message_id in (row.used_message_id, row.message_id)

    def _new_place(self, fate):
        if fate["state"] != State.DONE.value:
            return (fate["state"], "", 0)
        return (fate["state"], fate["res_model"], fate["res_id"] or 0)

    def _tell_past(self, row):
        if row.state != State.DONE.value:
            return row.reason or ""
        kind = self.env["ir.model"]._get(row.res_model).name or row.res_model
        return f"{kind}: {row.record_name}" if row.record_name else kind

    def _tell_fate(self, fate):
        if fate["state"] != State.DONE.value:
            return fate["reason"]
        if not fate["res_id"]:
            return self.env._("New: %s", fate["model"])
        record = self.env[fate["res_model"]].browse(fate["res_id"])
        name = record._filtered_access("read").display_name
        return f"{fate['model']}: {name}" if name else fate["model"]


class MailGatewayDryRunLine(models.TransientModel):
    """What would become of one message."""

    _name = "mail.gateway.dry.run.line"
    _description = "Message in a Dry Run"
    _order = "id"

    run_id = fields.Many2one(
        "mail.gateway.dry.run",
        required=True,
        ondelete="cascade",
        index=True,
        help="The run that it belongs to.",
    )
    inbound_id = fields.Many2one(
        "mail.gateway.inbound",
        string="Message",
        ondelete="cascade",
        help="The message.",
    )
    email_from = fields.Char(related="inbound_id.email_from", help="The sender's From.")
    fetched_at = fields.Datetime(
        related="inbound_id.fetched_at", help="When it was written into the journal."
    )
    then = fields.Selection(
        lambda self: self._states(), help="What state it has in the journal."
    )
    was = fields.Char(string="Became", help="What became of it.")
    now = fields.Selection(
        lambda self: self._states(), string="Status", help="What state it would have."
    )
    would_be = fields.Char(string="Would Become", help="What would become of it now.")
    rule_names = fields.Char(string="Rules", help="The rules that hold for it.")
    is_held = fields.Boolean(string="Holds", help="Whether the rule holds for it.")
    is_changed = fields.Boolean(help="Whether it would become something else.")
    notes = fields.Text(string="Why", help="Which rules hold and which do not.")

    def _states(self):
        return (
            self.env["mail.gateway.inbound"]
            ._fields["state"]
            ._description_selection(self.env)
        )

    def action_open(self):
        """Show the message in the journal."""
        self.ensure_one()
        return self.inbound_id.get_formview_action()
