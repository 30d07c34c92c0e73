from odoo import fields, models
from odoo.tools import SQL

from .grievance_ticket_handling import CHANNELS, SENSITIVITIES, SEVERITIES


class GrievanceReport(models.Model):
    """The figures by which a grievance mechanism is judged, one line a ticket.

    Where something does not apply, it counts neither for nor against: a share is one of
    those tickets that it can be said of.
    """

    _name = "grievance.report"
    _description = "Grievance Figures"
    _auto = False
    _rec_name = "ticket_id"
    _order = "received_at desc"

    ticket_id = fields.Many2one("grievance.ticket", readonly=True, help="The ticket.")
    received_at = fields.Datetime(
        string="Received", readonly=True, help="When it was received."
    )
    company_id = fields.Many2one("res.company", readonly=True, help="Its company.")
    team_id = fields.Many2one("grievance.team", readonly=True, help="Its team.")
    user_id = fields.Many2one(
        "res.users", string="Assigned to", readonly=True, help="Its officer."
    )
    category_id = fields.Many2one(
        "grievance.category", readonly=True, help="What it is about."
    )
    channel = fields.Selection(CHANNELS, readonly=True, help="How it came in.")
    severity = fields.Selection(SEVERITIES, readonly=True, help="How severe it is.")
    sensitivity = fields.Selection(
        SENSITIVITIES, readonly=True, help="How sensitive it is."
    )
    is_closed = fields.Boolean(string="Closed", readonly=True, help="Is it closed?")
    acknowledged_in_time = fields.Float(
        string="Acknowledged in Time (%)",
        readonly=True,
        aggregator="avg",
        help="Of those that were to be acknowledged and are, or are late.",
    )
    resolved_in_time = fields.Float(
        string="Resolved in Time (%)",
        readonly=True,
        aggregator="avg",
        help="Of those that are closed, or late.",
    )
    days_open = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Days from receipt until it was closed, or until now.",
    )
    days_to_close = fields.Float(
        string="Median Days to Close",
        readonly=True,
        aggregator="avg",
        help="Days from receipt until it was closed, of those that are. Together: the "
        "median, so that half took longer; a few that took years do not hide how it "
        "usually goes.",
    )
    satisfied = fields.Float(
        string="Satisfied (%)",
        readonly=True,
        aggregator="avg",
        help="Of the complainants who said so.",
    )
    anonymous = fields.Float(
        string="Anonymous (%)",
        readonly=True,
        aggregator="avg",
        help="Share of anonymous complainants.",
    )
    appealed = fields.Float(
        string="Appealed (%)",
        readonly=True,
        aggregator="avg",
        help="Share of the decisions that complainants appealed against.",
    )
    appeal_upheld = fields.Float(
        string="Appeals Upheld (%)",
        readonly=True,
        aggregator="avg",
        help="Of the appeals that were decided, those upheld at least in part.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT t.id, t.id AS ticket_id, t.received_at, t.company_id, t.team_id,
                   t.user_id, t.category_id, t.channel, t.severity, t.sensitivity,
                   s.is_closed,
                   CASE WHEN t.acknowledge_by IS NULL THEN NULL
                        WHEN t.acknowledged_at <= t.acknowledge_by THEN 100.0
                        WHEN least(t.acknowledged_at, %(now)s) > t.acknowledge_by
                        THEN 0.0 END AS acknowledged_in_time,
                   CASE WHEN t.resolve_by IS NULL THEN NULL
                        WHEN t.resolved_at <= t.resolve_by THEN 100.0
                        WHEN coalesce(t.resolved_at, %(now)s) > t.resolve_by
                         AND t.paused_at IS NULL
                        THEN 0.0 END AS resolved_in_time,
                   extract(epoch FROM coalesce(t.resolved_at, %(now)s) - t.received_at)
                       / 86400 AS days_open,
                   CASE WHEN s.is_closed
                        THEN extract(epoch FROM t.resolved_at - t.received_at)
                             / 86400 END AS days_to_close,
                   CASE t.satisfaction WHEN 'satisfied' THEN 100.0
                        WHEN 'unsatisfied' THEN 0.0 END AS satisfied,
                   CASE WHEN t.complainant_type = 'anonymous' THEN 100.0
                        ELSE 0.0 END AS anonymous,
                   CASE WHEN t.decision_told_at IS NULL THEN NULL
                        WHEN EXISTS (SELECT FROM grievance_ticket a
                                      WHERE a.original_ticket_id = t.id) THEN 100.0
                        ELSE 0.0 END AS appealed,
                   CASE WHEN NOT t.is_appeal OR t.decision IS NULL THEN NULL
                        WHEN t.decision IN ('upheld', 'partially_upheld') THEN 100.0
                        ELSE 0.0 END AS appeal_upheld
              FROM grievance_ticket t
              LEFT JOIN grievance_stage s ON s.id = t.stage_id
             WHERE t.active
            """,
            now=fields.Datetime.now(),
        )

    def _read_group_select(self, aggregate_spec, query):
        """Give the median where Odoo has but the average."""
        selected = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec != "days_to_close:avg":
            return selected
        return SQL(
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY %s)",
            self._field_to_sql(self._table, "days_to_close", query),
        )
