from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models

from ..core.policy.outcome import State

# Today and the days before it.
DAYS_SHOWN = 7
# What a person tells apart; together they are all that was journaled.
COLUMN_OF_STATE = {
    State.DONE: "done",
    State.IGNORED: "ignored",
    State.DUPLICATE: "ignored",
    State.DISCARDED: "ignored",
    State.QUARANTINED: "quarantined",
    State.PENDING: "waiting",
    State.RETRY: "waiting",
}
COLUMNS = tuple(dict.fromkeys(COLUMN_OF_STATE.values()))


class FetchmailServerDays(models.Model):
    """What arrived on the last days, and that all of it is accounted for."""

    _inherit = "fetchmail.server"

    recent_days = fields.Json(
        string="Last Days",
        compute="_compute_recent_days",
        help="For each of the last days how many messages arrived and what became of "
        "them, and for each folder how many the server did not hand out.",
    )

    @api.depends_context("uid", "tz", "allowed_company_ids")
    def _compute_recent_days(self):
        for server in self:
            server.recent_days = server._origin.id and {
                "states": self._states_of_columns(),
                "days": server._origin._count_days(),
                "folders": server._origin._count_missing(),
            }

    def _states_of_columns(self):
        columns = {column: [] for column in COLUMNS}
        for state, column in COLUMN_OF_STATE.items():
            columns[column].append(state.value)
        return columns

    def _count_days(self):
        """Return the counts of each day in the user's time zone, the newest first.

        One statement, which reads the rows of these days by their index.
        """
        today = fields.Date.context_today(self)
        dates = [today - timedelta(days=number) for number in range(DAYS_SHOWN)]
        counts = {date: dict.fromkeys(COLUMNS, 0) for date in dates}
        domain = [
            ("server_id", "=", self.id),
            ("fetched_at", ">=", self._midnight(dates[-1])),
        ]
        found = self.env["mail.gateway.inbound"]._read_group(
            domain, ["fetched_at:day", "state"], ["__count"]
        )
        for day, state, count in found:
            # A message that came while this was counted may be of the day after.
            if column := counts.get(fields.Date.to_date(day)):
                column[COLUMN_OF_STATE[State(state)]] += count
        missing = self._count_missing_since(dates)
        return [
            {
                "date": fields.Date.to_string(date),
                "from": fields.Datetime.to_string(self._midnight(date)),
                "until": fields.Datetime.to_string(
                    self._midnight(date + timedelta(days=1))
                ),
                "arrived": sum(count.values()) + missing[date],
                "missing": missing[date],
                "journaled": sum(count.values()),
                **count,
            }
            for date, count in counts.items()
        ]

    def _count_missing_since(self, dates):
        """Return for each of these days how many messages are missing since then."""
        counts = dict.fromkeys(dates, 0)
        for folder in self.folder_ids:
            for moment in (folder.missing_since or {}).values():
                moment = fields.Datetime.to_datetime(moment)
                date = fields.Datetime.context_timestamp(self, moment).date()
                if date in counts:
                    counts[date] += 1
        return counts

    def _midnight(self, date):
        """Return when a day begins in the user's time zone, as naive UTC."""
        zone = self.env.tz
        local = zone.localize(datetime.combine(date, time.min))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def _count_missing(self):
        """Return what the server listed but did not hand out, by folder."""
        return [
            {
                "name": folder.name,
                "missing": folder.missing_count,
                "uids": folder.missing_uids,
            }
            for folder in self.folder_ids
            if folder.missing_count
        ]
