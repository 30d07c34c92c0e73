from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    grievance_working_time = fields.Boolean(
        string="Grievance Deadlines in Working Time",
        help="Deadlines count the hours of the company's working schedule, where there "
        "is one, instead of hours of the clock.",
    )
    grievance_escalate_hours = fields.Integer(
        string="Grievance Escalation (Hours)",
        default=24,
        help="Hours after the supervisor was told of a missed deadline until managers "
        "are told.",
    )
    grievance_reopen_days = fields.Integer(
        string="Grievances Open Again (Days)",
        default=90,
        help="For how many days after closing an answer of the complainant opens a "
        "grievance again. Later the supervisor is asked to look at it.",
    )
    grievance_appeal_days = fields.Integer(
        string="Time to Appeal (Days)",
        default=30,
        help="For how many days complainants may appeal against a decision.",
    )
