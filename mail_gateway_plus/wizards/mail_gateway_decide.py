from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..advice import OBSTACLE_TEXT
from ..core.policy.decision import Decision, Obstacle

# Each is processed while the person waits.
MESSAGES_AT_ONCE = 200


class MailGatewayDecide(models.TransientModel):
    """Asks a person what is to become of messages, and tells how it went."""

    _name = "mail.gateway.decide"
    _description = "Decide About Inbound Messages"

    decision = fields.Selection(
        [
            (Decision.RETRY_AS.value, "Retry as Other Type"),
            (Decision.ATTACH.value, "Attach to Record"),
            (Decision.MINIMAL.value, "Make a Minimal Ticket"),
            (Decision.DISCARD.value, "Discard"),
            (Decision.MOVE.value, "Move to Another Record"),
        ],
        required=True,
        readonly=True,
        help="What is to be done with the messages.",
    )
    inbound_ids = fields.Many2many(
        "mail.gateway.inbound",
        string="Messages",
        default=lambda self: self._default_inbound_ids(),
        help="The messages to decide about.",
    )
    inbound_count = fields.Integer(
        string="Number of Messages",
        compute="_compute_inbound_count",
        help="How many messages were selected.",
    )
    record_type = fields.Selection(
        selection=lambda self: self._creatable_types(),
        help="What the messages become.",
    )
    record = fields.Reference(
        selection=lambda self: self._readable_types(),
        help="The record in whose conversation the messages are to stand.",
    )
    reason = fields.Text(
        help="Why nobody needs these messages; stays in the journal with your name."
    )

    @api.model
    def _default_inbound_ids(self):
        if self.env.context.get("active_model") != "mail.gateway.inbound":
            return False
        return self.env.context.get("active_ids")

    @api.model
    def _creatable_types(self):
        return self.env["mail.gateway.inbound"]._creatable_types()

    @api.model
    def _readable_types(self):
        return self.env["mail.gateway.inbound"]._readable_types()

    @api.depends("inbound_ids")
    def _compute_inbound_count(self):
        for wizard in self:
            wizard.inbound_count = len(wizard.inbound_ids)

    def action_confirm(self):
        """Carry the decision out and tell what became of the messages."""
        self.ensure_one()
        rows = self.inbound_ids
        rows._check_operator()
        decision = Decision(self.decision)
        if not rows:
            raise UserError(self.env._("No message is selected."))
        if decision is not Decision.DISCARD and len(rows) > MESSAGES_AT_ONCE:
            raise UserError(
                self.env._("Decide about at most %s at once.", MESSAGES_AT_ONCE)
            )
        act = {
            Decision.RETRY_AS: self._retry_as,
            Decision.ATTACH: self._attach,
            Decision.MINIMAL: self._make_minimal,
            Decision.DISCARD: self._discard,
            Decision.MOVE: self._move,
        }[decision]()
        return self._tell(*rows._decide(decision, act))

    # Each of these checks what was entered and returns what to do to one row.

    def _retry_as(self):
        target = self._chosen_type()
        order = self.env._(
            "Retried as %(type)s by %(user)s",
            type=self._type_name(target),
            user=self.env.user.name,
        )
        return lambda row: row._process_by_order(target, order)

    def _attach(self):
        target = self._chosen_record()
        # Its name is not for everybody who reads the journal.
        order = self.env._(
            "Attached to a record (%(type)s) by %(user)s",
            type=self._type_name(target),
            user=self.env.user.name,
        )
        return lambda row: row._process_by_order(target, order)

    def _move(self):
        target = self._chosen_record()
        order = self.env._(
            "Moved to a record (%(type)s) by %(user)s",
            type=self._type_name(target),
            user=self.env.user.name,
        )
        return lambda row: row._as_gateway()._move_by_order(target, order)

    def _chosen_record(self):
        """Return the chosen record, to which the user may post."""
        target = self.record
        if not target:
            raise UserError(self.env._("Choose the record."))
        if target._name not in dict(self._readable_types()):
            raise AccessError(self.env._("Mail cannot be attached to this record."))
        target.check_access("read")
        # As for a message that is written by hand (mail/models/models.py).
        needed = target._mail_get_operation_for_mail_message_operation("create")
        target.check_access(needed.get(target) or "write")
        return target

    def _make_minimal(self):
        chosen = self._chosen_type() if self.record_type else None

        def act(row):
            model = chosen
            if chosen is None:
                # sudo: operators see no mailbox
                model = self.env.get(row.sudo().server_id.object_id.model)
            if model is None:
                return Obstacle.NO_TYPE
            order = self.env._(
                "Minimal record (%(type)s) made by %(user)s",
                type=self._type_name(model),
                user=self.env.user.name,
            )
            return row._make_minimal_by_order(model._name, order)

        return act

    def _discard(self):
        words = (self.reason or "").strip()
        if not words:
            raise UserError(self.env._("Say why nobody needs these messages."))
        return lambda row: row._discard(self.env.user, words)

    def _chosen_type(self):
        """Return the chosen model, as an empty recordset."""
        if not self.record_type:
            raise UserError(self.env._("Choose a type."))
        if self.record_type not in dict(self._creatable_types()):
            raise AccessError(self.env._("You may not make records of this type."))
        return self.env[self.record_type]

    def _type_name(self, model):
        return self.env["ir.model"]._get(model._name).name

    def _tell(self, decided, left):
        """Return the notification that says how many messages went where."""
        lines = [
            self.env._(OBSTACLE_TEXT[obstacle]) + f": {len(rows)}"
            for obstacle, rows in left.items()
        ]
        if decided:
            lines.insert(0, decided._tell_states())
        if len(self.inbound_ids) == 1 and decided:
            lines.append(decided.reason or "")
        all_well = not left and set(decided.mapped("state")) <= {"done", "discarded"}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if all_well else "warning",
                "sticky": not all_well,
                "message": "\n".join(lines),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
