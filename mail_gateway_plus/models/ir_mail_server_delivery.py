import json
import random
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, email_domain_extract, email_normalize
from odoo.tools.mail import email_domain_normalize

from ..core.policy.balance import weighted
from ..core.policy.sending_retry import Patience
from ..parameters import MOST_DAYS, whole_number
from .mail_gateway_breaker import STATES

SPARKLINE_HOURS = 24
# System parameter and its default: days after which a mail is given up.
GIVE_UP_DAYS = ("mail_gateway_plus.give_up_days", 4)


class IrMailServerDelivery(models.Model):
    """Which servers a mail may go through, best first; how each of them fares."""

    _inherit = "ir.mail_server"

    weight = fields.Integer(
        default=1,
        help="Servers of the same priority share the mail by their weights: one of 2 "
        "gets twice as much as one of 1. 0: only if no other one can be used.",
    )
    quota_ids = fields.One2many(
        "mail.gateway.quota",
        "server_id",
        string="Quotas",
        copy=True,
        help="How many mails and recipients the server takes within rolling windows.",
    )
    # Not required of the table: neutralizing a database inserts a server by plain SQL.
    when_spent = fields.Selection(
        [("next", "Use the next server"), ("wait", "Wait")],
        string="When a Quota Is Spent",
        default="next",
        help="What becomes of mail while a quota is spent. If there is no next server, "
        "it waits in any case.",
    )
    quota_percent = fields.Float(
        string="Quota Used (%)",
        compute="_compute_quota_percent",
        help="How much is used of the quota of which most is used.",
    )
    breaker_ids = fields.One2many(
        "mail.gateway.breaker", "server_id", help="Whether the server is used."
    )
    breaker_state = fields.Selection(
        STATES,
        string="Health",
        compute="_compute_breaker",
        compute_sudo=True,
        help="Out of use: it failed several times, and no mail goes through it until a "
        "try shows that it is back.",
    )
    breaker_cause = fields.Char(
        string="Cause",
        compute="_compute_breaker",
        compute_sudo=True,
        help="What was wrong at the last fault.",
    )
    breaker_text = fields.Text(
        string="Last Fault",
        compute="_compute_breaker",
        compute_sudo=True,
        help="What the server said at the last fault.",
    )
    out_of_use_since = fields.Datetime(
        compute="_compute_breaker",
        compute_sudo=True,
        help="When the server was put out of use.",
    )
    tried_again_at = fields.Datetime(
        compute="_compute_breaker",
        compute_sudo=True,
        help="When it is tried again; empty: when a person puts it back into use.",
    )
    accepted_24h = fields.Integer(
        string="Sent (24 h)",
        compute="_compute_last_day",
        help="Letters that the server took in the last 24 hours: attempts that it "
        "accepted. A mail to several contacts is a letter to each.",
    )
    failed_24h = fields.Integer(
        string="Failed Attempts (24 h)",
        compute="_compute_last_day",
        help="Attempts to hand a letter over that failed in the last 24 hours. Most of "
        "these are tried again, here or at another server; given up are dead letters.",
    )
    sparkline = fields.Text(
        compute="_compute_last_day",
        help="Letters taken in each of the last 24 hours, as the graph needs them.",
    )

    _weight_is_not_negative = models.Constraint(
        "CHECK (weight >= 0)", "A server's weight cannot be less than nothing."
    )

    # ----------------------------------------------------------- choosing a server

    def _gateway_candidates(self, smtp_from, mails=None, is_forced=False):
        """Return the servers that may take a mail now, best first.

        Confirmed ones that may send for this From and that the mails may use; those
        for this very address before those for its domain before those for any; by
        priority, and within it by weight. One that is just back stands behind all
        others. None that is out of use, or whose quota is spent unless mail shall
        wait for it: then reserving tells until when.

        :param self: the server that Odoo found for the mails, or an empty recordset
        :param is_forced: somebody chose it; like one of somebody's own it is then the
            only one, in whatever state it is
        :returns: a recordset in order, which may be empty; see
            ``mail.gateway.breaker._usable`` for a server that is only tried
        """
        if self and (is_forced or self.owner_user_id):
            return self
        servers = self._allowed_servers()
        servers = self._filter_mail_servers_fallback(servers._confirmed())
        if mails:
            servers = mails.sudo()._filter_mail_mail_servers(servers)
        servers = servers.filtered(
            lambda server: self._match_from_filter(smtp_from, server.from_filter)
        )
        servers |= self.sudo()
        breaker = self.env["mail.gateway.breaker"]
        breakers = breaker._breakers(servers)
        ordered = servers._by_preference(smtp_from, self, breakers)
        return breaker._usable(ordered._without_spent_quota(), breakers)

    @api.model
    def _allowed_servers(self):
        """Return the servers that mail may go by without being chosen, best first."""
        return self.sudo().search(
            self._find_mail_server_allowed_domain(), order="sequence, id"
        )

    def _by_preference(self, smtp_from, first, breakers):
        """Return the servers in the order in which they are to be used.

        :param first: the one that Odoo found: an addon may have had a reason that is
            unknown here, so only its equals may come before it
        :param breakers: as ``mail.gateway.breaker._breakers`` returns them
        """
        settling = self.env["mail.gateway.breaker"]._settling(self, breakers)

        def place(server):
            return (
                server in settling,
                server not in equals,
                server._closeness(smtp_from),
                server.sequence,
            )

        equals = self.browse()
        if first:
            mark = (first._closeness(smtp_from), first.sequence)
            equals = self.filtered(
                lambda s: (s._closeness(smtp_from), s.sequence) == mark
            )
        shuffled = weighted(self, lambda server: server.weight, random.random)
        return self.browse([server.id for server in sorted(shuffled, key=place)])

    def _closeness(self, smtp_from):
        """Return 0 for a server of this very address, 1 of its domain, 2 of any.

        The order of Odoo's own ``_find_mail_server``.
        """
        address = email_normalize(smtp_from)
        parts = self._parse_from_filter(self.from_filter)
        if address and any(email_normalize(part) == address for part in parts):
            return 0
        domain = address and email_domain_extract(address)
        if domain and any(email_domain_normalize(part) == domain for part in parts):
            return 1
        return 2

    def _without_spent_quota(self):
        free = self.env["mail.gateway.quota"]._next_free(self)
        return self.filtered(lambda s: s.when_spent == "wait" or free[s.id] is None)

    @api.model
    def _patience(self):
        """Return how long a mail is tried, for ``next_try`` (sending_retry.py)."""
        days = min(whole_number(self.env, GIVE_UP_DAYS, least=1), MOST_DAYS)
        return Patience(timedelta(days=days))

    # ------------------------------------------------------------------- by persons

    def _note_proven(self):
        """Put a server back into use, unless a person has put it out of use."""
        result = super()._note_proven()
        for server in self:
            self.env["mail.gateway.breaker"]._note_proven(server)
        return result

    def action_put_out_of_use(self):
        """Have no mail go through the server until a person puts it back."""
        self._check_administrator()
        for server in self:
            self.env["mail.gateway.breaker"]._force_open(server)
        return True

    def action_put_into_use(self):
        """Use the server again at once."""
        self._check_administrator()
        for server in self:
            self.env["mail.gateway.breaker"]._close(server)
        return True

    def _check_administrator(self):
        """Let nobody else decide; the breaker itself is written by anybody's mail."""
        self.check_access("write")

    def action_open_attempts(self):
        """Return the action that shows the server's attempts."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mail_gateway_plus.action_attempt"
        )
        return {**action, "domain": [("server_id", "=", self.id)]}

    # ---------------------------------------------------------------------- screens

    @api.depends(
        "breaker_ids.state",
        "breaker_ids.cause",
        "breaker_ids.fault_text",
        "breaker_ids.opened_at",
        "breaker_ids.open_until",
    )
    def _compute_breaker(self):
        for server in self:
            breaker = server.breaker_ids[:1]
            causes = dict(breaker._fields["cause"]._description_selection(self.env))
            server.breaker_state = breaker.state or "closed"
            server.breaker_cause = causes.get(breaker.cause)
            server.breaker_text = breaker.fault_text
            server.out_of_use_since = breaker.opened_at
            server.tried_again_at = breaker.open_until

    @api.depends("quota_ids.used_percent")
    def _compute_quota_percent(self):
        for server in self:
            shares = server.quota_ids.mapped("used_percent")
            server.quota_percent = max(shares, default=0)

    def _compute_last_day(self):
        counts = self._attempts_by_hour()
        this_hour = fields.Datetime.now().replace(minute=0, second=0, microsecond=0)
        hours = [
            this_hour - timedelta(hours=ago) for ago in reversed(range(SPARKLINE_HOURS))
        ]
        for server in self:
            mine = counts.get(server.id, {})
            values = [
                {
                    "x": f"{fields.Datetime.context_timestamp(self, hour):%H:%M}",
                    "y": mine.get(hour, (0, 0))[0],
                }
                for hour in hours
            ]
            server.accepted_24h = sum(accepted for accepted, _f in mine.values())
            server.failed_24h = sum(failed for _a, failed in mine.values())
            server.sparkline = json.dumps(
                [
                    {
                        "values": values,
                        "title": "",
                        "key": self.env._("Letters per hour"),
                        "area": True,
                        "is_sample_data": False,
                    }
                ]
            )

    def _attempts_by_hour(self):
        """Return ``{server id: {hour: (accepted, failed)}}`` of the last 24 hours."""
        since = fields.Datetime.now() - timedelta(hours=SPARKLINE_HOURS)
        self.env["mail.gateway.attempt"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT server_id, date_trunc('hour', create_date), "
                "count(*) FILTER (WHERE outcome IN ('accepted', 'partial')), "
                "count(*) FILTER (WHERE outcome = 'failed') "
                "FROM mail_gateway_attempt "
                "WHERE create_date > %s AND server_id IN %s GROUP BY 1, 2",
                since,
                tuple(self.ids) or (0,),
            )
        )
        counts = {}
        for server_id, hour, accepted, failed in rows:
            counts.setdefault(server_id, {})[hour] = (accepted, failed)
        return counts
