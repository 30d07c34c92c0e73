from odoo import fields, models
from odoo.tools import SQL


class GrievanceSealedCount(models.Model):
    """How many sealed grievances there are, for the register of who sees none of them.

    Nothing but months: what they are about would tell on a complainant.
    """

    _name = "grievance.sealed.count"
    _description = "Sealed Grievances, Counted"
    _auto = False
    _order = "month desc"
    _rec_name = "month"

    month = fields.Date(readonly=True, help="The month in which they were received.")
    company_id = fields.Many2one("res.company", readonly=True, help="Their company.")
    received = fields.Integer(readonly=True, help="How many were received.")
    closed = fields.Integer(readonly=True, help="How many of them are closed.")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT min(t.id) AS id, t.company_id,
                   date_trunc('month', t.received_at)::date AS month,
                   count(*)::integer AS received,
                   count(*) FILTER (WHERE s.is_closed)::integer AS closed
              FROM grievance_ticket t
              LEFT JOIN grievance_stage s ON s.id = t.stage_id
             WHERE t.is_sealed
             GROUP BY t.company_id, date_trunc('month', t.received_at)
            """
        )
