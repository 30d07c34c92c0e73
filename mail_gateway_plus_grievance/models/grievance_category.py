from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .grievance_ticket_handling import SENSITIVITIES, SEVERITIES


class GrievanceCategory(models.Model):
    """What grievances are about, and how such ones are handled."""

    _name = "grievance.category"
    _description = "Grievance Category"
    _parent_store = True
    _rec_names_search = ["complete_name", "code"]
    _order = "complete_name"

    name = fields.Char(required=True, translate=True, help="What it is called.")
    complete_name = fields.Char(
        compute="_compute_complete_name",
        recursive=True,
        store=True,
        help="With the categories above it.",
    )
    code = fields.Char(help="A short name for exports and other systems.")
    parent_id = fields.Many2one(
        "grievance.category",
        string="Part of",
        index=True,
        ondelete="restrict",
        help="The category that this one divides up.",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many(
        "grievance.category", "parent_id", string="Sub-Categories", help="Its parts."
    )
    default_severity = fields.Selection(
        SEVERITIES, help="How severe such grievances are taken to be at first."
    )
    sensitivity = fields.Selection(
        SENSITIVITIES,
        default="standard",
        required=True,
        help="Sensitive grievances are sealed: only the sealed team sees them. A "
        "sub-category is at least as sensitive as what it is part of.",
    )
    team_id = fields.Many2one(
        "grievance.team", help="The team that such grievances go to."
    )
    response_hours = fields.Integer(
        help="Hours until the complainant has a first answer; 0: as the severity says."
    )
    resolution_hours = fields.Integer(
        help="Hours until it is to be resolved; 0: as the severity says."
    )
    active = fields.Boolean(default=True, help="Categories in use.")
    color = fields.Integer(help="Colour of its mark.")

    _code_unique = models.Constraint(
        "UNIQUE(code)", "Another category has this code already."
    )
    _hours_positive = models.Constraint(
        "CHECK(response_hours >= 0 AND resolution_hours >= 0)",
        "Hours cannot be negative.",
    )

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for category in self:
            above = category.parent_id.complete_name
            category.complete_name = (
                f"{above} / {category.name}" if above else category.name
            )

    @api.depends("complete_name")
    def _compute_display_name(self):
        for category in self:
            category.display_name = category.complete_name

    @api.constrains("parent_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(self.env._("A category cannot be part of itself."))

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()  # keywords go by how sensitive these are
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def _line(self):
        """Return the category and those above it, itself first."""
        self.ensure_one()
        line = category = self
        while category := category.parent_id:
            line |= category
        return line

    def _first(self, name):
        """Return what the category, or the nearest one above it, says for a field."""
        return next((c[name] for c in self._line() if c[name]), self[name])

    def _sensitivity(self):
        """Return how sensitive its grievances are: children can only be more so."""
        order = [key for key, _label in SENSITIVITIES]
        return max(
            self._line().mapped("sensitivity"), key=order.index, default=order[0]
        )
