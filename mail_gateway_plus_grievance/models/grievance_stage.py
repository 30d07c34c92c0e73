from odoo import fields, models


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
    fold = fields.Boolean(
        string="Folded",
        help="Show the column of this stage closed on the board.",
    )
    is_closed = fields.Boolean(
        string="Closing Stage",
        help="Tickets in this stage need no more work. "
        "An answer of the complainant opens them again.",
    )
