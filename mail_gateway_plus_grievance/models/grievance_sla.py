from odoo import api, fields, models, tools

from .grievance_ticket_handling import SEVERITIES


class GrievanceSla(models.Model):
    """How long things may take, by severity."""

    _name = "grievance.sla"
    _inherit = "mail.gateway.cached"
    _description = "Grievance Deadlines"
    _rec_name = "severity"
    _order = "resolution_hours, id"

    severity = fields.Selection(
        SEVERITIES, required=True, help="The severity that these hours are for."
    )
    acknowledge_hours = fields.Integer(
        required=True,
        default=24,
        help="Hours until the complainant knows that the grievance has arrived.",
    )
    response_hours = fields.Integer(
        required=True, help="Hours until an officer has written to the complainant."
    )
    resolution_hours = fields.Integer(
        required=True, help="Hours until the grievance is resolved."
    )

    _severity_unique = models.Constraint(
        "UNIQUE(severity)", "There are deadlines for this severity already."
    )
    _hours_positive = models.Constraint(
        "CHECK(acknowledge_hours > 0 AND response_hours > 0 AND resolution_hours > 0)",
        "Hours have to be more than none.",
    )

    @api.model
    @tools.ormcache()
    def _hours_of_severities(self):
        """Return by severity the hours of each deadline, by the field's name.

        Remembered: each letter that becomes a ticket asks for them.
        """
        # sudo: whoever has a ticket has its deadlines
        rows = self.sudo().search([("severity", "!=", False)])
        names = ("acknowledge_hours", "response_hours", "resolution_hours")
        return {row.severity: {name: row[name] for name in names} for row in rows}
