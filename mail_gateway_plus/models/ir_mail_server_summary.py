from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

SUMMARY_HOURS = 24


class IrMailServerSummary(models.Model):
    """What became of the mail of the last day, and what is still to become of it.

    Bounded: attempts by the index of their time, open mail by its partial indexes.
    """

    _inherit = "ir.mail_server"

    dead_count = fields.Integer(
        string="Dead Letters",
        compute="_compute_open_mails",
        help="Mails that were given up after this server had been asked last.",
    )
    uncertain_count = fields.Integer(
        string="Uncertain",
        compute="_compute_open_mails",
        help="Mails that this server may have accepted.",
    )
    mean_queue_seconds = fields.Float(
        string="Mean Time to Acceptance (s)",
        compute="_compute_queue_seconds",
        help="Mean of the last 24 hours, from when a letter was due to its acceptance.",
    )
    p95_queue_seconds = fields.Float(
        string="95% within (s)",
        compute="_compute_queue_seconds",
        help="In so many seconds 19 of 20 letters of the last 24 hours were accepted.",
    )

    def _compute_open_mails(self):
        counts = self._open_mails()
        for server in self:
            server.dead_count, server.uncertain_count = counts.get(server.id, (0, 0))

    def _compute_queue_seconds(self):
        rows = self._last_day()
        for server in self:
            _sent, _failed, mean, p95 = rows.get(server.id, (0, 0, 0, 0))
            server.mean_queue_seconds, server.p95_queue_seconds = mean, p95

    @api.model
    def get_delivery_summary(self):
        """Return what the screen says of all servers together, as a dictionary.

        Times are in seconds; without any mail of the last day they are 0.
        """
        self.check_access("write")
        sent, failed, mean, p95 = self._last_day().get(None, (0, 0, 0, 0))
        mails = self.env["mail.mail"].sudo()
        return {
            "sent": sent,
            "failed": failed,
            "queued": mails.search_count([("state", "=", "outgoing")]),
            "dead": mails.search_count([("dead_letter_at", "!=", False)]),
            "uncertain": mails.search_count([("state", "=", "uncertain")]),
            "mean": round(mean),
            "p95": round(p95),
        }

    @api.model
    def _last_day(self):
        """Return sent, failed, mean and 95th percentile by server id; None: overall."""
        self.env["mail.gateway.attempt"].flush_model()
        rows = self.env.execute_query(self._last_day_query())
        return {
            None if is_total else server_id: (sent, failed, mean or 0, p95 or 0)
            for is_total, server_id, sent, failed, mean, p95 in rows
            if is_total or server_id
        }

    @api.model
    def _last_day_query(self):
        since = fields.Datetime.now() - timedelta(hours=SUMMARY_HOURS)
        return SQL(
            """
            SELECT grouping(server_id) = 1,
                   server_id,
                   count(*) FILTER (WHERE outcome IN ('accepted', 'partial')),
                   count(*) FILTER (WHERE outcome = 'failed'),
                   avg(queue_seconds)::float8,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY queue_seconds)
              FROM mail_gateway_attempt
             WHERE create_date > %s
          GROUP BY GROUPING SETS ((server_id), ())
            """,
            since,
        )

    @api.model
    def _open_mails(self):
        """Return dead letters and uncertain mails by the server that was asked last."""
        self.env["mail.mail"].flush_model()
        self.env["mail.gateway.attempt"].flush_model()
        rows = self.env.execute_query(self._open_mails_query())
        return {server_id: (dead, uncertain) for server_id, dead, uncertain in rows}

    @api.model
    def _open_mails_query(self):
        return SQL(
            """
            SELECT last.server_id,
                   count(*) FILTER (WHERE NOT mail.is_uncertain),
                   count(*) FILTER (WHERE mail.is_uncertain)
              FROM (SELECT id, false AS is_uncertain
                      FROM mail_mail
                     WHERE dead_letter_at IS NOT NULL
                 UNION ALL
                    SELECT id, true
                      FROM mail_mail
                     WHERE state = 'uncertain') AS mail
        CROSS JOIN LATERAL (
                    SELECT server_id
                      FROM mail_gateway_attempt
                     WHERE mail_id = mail.id
                  ORDER BY mail_gateway_attempt.id DESC
                     LIMIT 1) AS last
          GROUP BY last.server_id
            """
        )
