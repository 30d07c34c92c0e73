from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    grievance_working_time = fields.Boolean(
        related="company_id.grievance_working_time", readonly=False
    )
    grievance_escalate_hours = fields.Integer(
        related="company_id.grievance_escalate_hours", readonly=False
    )
    grievance_reopen_days = fields.Integer(
        related="company_id.grievance_reopen_days", readonly=False
    )
    grievance_appeal_days = fields.Integer(
        related="company_id.grievance_appeal_days", readonly=False
    )
