from odoo import api, fields, models

KINDS = [
    ("new", "New"),
    ("in_progress", "In Progress"),
    ("waiting", "Waiting for the Complainant"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
    ("cancelled", "Cancelled"),
]
CLOSING = ("resolved", "closed", "cancelled")


class GrievanceStage(models.Model):
    _name = "grievance.stage"
    _description = "Grievance Stage"
    _order = "sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        help="What the column of the board and the status bar say.",
    )
    sequence = fields.Integer(
        default=10,
        help="Order of the stages. A new ticket starts in the first one.",
    )
    kind = fields.Selection(
        KINDS,
        required=True,
        default="in_progress",
        help="What the stage means: deadlines pause while the complainant is asked; "
        "resolved, closed and cancelled tickets need no more work.",
    )
    fold = fields.Boolean(
        string="Folded",
        help="Show the column of this stage closed on the board.",
    )
    is_closed = fields.Boolean(
        string="Closing Stage",
        compute="_compute_is_closed",
        store=True,
        help="Tickets in this stage need no more work. "
        "An answer of the complainant opens them again.",
    )
    requires_decision = fields.Boolean(
        help="A ticket only gets here with a decision and its reasons."
    )
    requires_approval = fields.Boolean(
        help="A ticket only gets here when its supervisor has approved the decision."
    )

    @api.depends("kind")
    def _compute_is_closed(self):
        for stage in self:
            stage.is_closed = stage.kind in CLOSING
