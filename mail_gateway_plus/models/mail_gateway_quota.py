from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.policy.quota import (
    Limit,
    Use,
    free_at,
    given_back,
    grantable,
    spread,
    turns,
    used,
)
from .own_transaction import own_transaction

UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
GC_LIMIT = 10_000


class MailGatewayQuota(models.Model):
    """How much an outgoing server takes within a rolling window."""

    _name = "mail.gateway.quota"
    _description = "Outgoing Server's Quota"
    _order = "server_id, id"

    server_id = fields.Many2one(
        "ir.mail_server",
        required=True,
        index=True,
        ondelete="cascade",
        help="The server that the limit is about.",
    )
    window_count = fields.Integer(
        string="Per", required=True, default=1, help="The length of the rolling window."
    )
    window_unit = fields.Selection(
        [
            ("second", "Seconds"),
            ("minute", "Minutes"),
            ("hour", "Hours"),
            ("day", "Days"),
        ],
        string="Unit",
        required=True,
        default="day",
        help="The unit of the window, which rolls: a day is the last 24 hours.",
    )
    max_messages = fields.Integer(
        string="Mails", help="Most mails within the window; 0: no limit."
    )
    max_recipients = fields.Integer(
        string="Recipients",
        help="Most recipients, counted for each mail, within the window; 0: no limit.",
    )
    is_from_preset = fields.Boolean(
        readonly=True,
        help="It came with the provider, and goes with it where another is chosen.",
    )
    used_messages = fields.Integer(
        string="Mails Sent",
        compute="_compute_used",
        help="Mails sent within the window that ends now.",
    )
    used_recipients = fields.Integer(
        string="Recipients Reached",
        compute="_compute_used",
        help="Recipients of the mails sent within the window that ends now.",
    )
    used_percent = fields.Float(
        string="Used (%)",
        compute="_compute_used",
        help="How much of the limit is used, in per cent.",
    )
    next_free_at = fields.Datetime(
        string="Next Free",
        compute="_compute_used",
        help="When the next mail fits; empty: now.",
    )

    _window_is_positive = models.Constraint(
        "CHECK (window_count > 0)", "A quota's window has to be longer than nothing."
    )
    _limits_are_not_negative = models.Constraint(
        "CHECK (max_messages >= 0 AND max_recipients >= 0)",
        "A quota cannot be less than nothing.",
    )

    @api.depends("window_count", "window_unit", "max_messages", "max_recipients")
    def _compute_used(self):
        now, uses = self._uses()
        for quota in self:
            limit, mine = quota._limit(), uses.get(quota._origin.id, [])
            messages, recipients = used(limit, mine, now)
            moment = free_at(limit, mine, now)
            shares = [
                100 * amount / most
                for amount, most in (
                    (messages, limit.max_messages),
                    (recipients, limit.max_recipients),
                )
                if most
            ]
            quota.used_messages = messages
            quota.used_recipients = recipients
            quota.used_percent = max(shares, default=0)
            quota.next_free_at = _as_datetime(moment) if moment > now else False

    # ------------------------------------------------------------------ for senders

    @api.model
    def _reserve(self, server, messages, recipients):
        """Count mails against the server's quotas before they are sent.

        Exact across workers and hosts, and committed at once (own_transaction.py);
        what is not sent after all is returned by :meth:`_give_back`.

        :param messages: how many mails
        :param recipients: how many they have together, or a list with the number of
            each: then as many from the first on are granted as fit
        :returns: how many mails are granted, and if not all of them, when the next one
            fits: a naive UTC ``datetime``, or ``None`` if it never will, as it has
            more recipients than the quota
        """
        if isinstance(recipients, int):
            recipients = spread(recipients, messages) if messages else []
        if not self._of(server) or not recipients:
            return len(recipients), None
        with own_transaction(self.env) as env:
            quotas = env[self._name]._locked(server)
            now, uses = quotas._uses()
            limits = [(q, q._limit(), uses.get(q.id, [])) for q in quotas]
            granted = min(
                (grantable(limit, mine, now, recipients) for _q, limit, mine in limits),
                default=len(recipients),
            )
            if granted:
                for quota, limit, _mine in limits:
                    quota._add(
                        limit.bucket_end(now), granted, sum(recipients[:granted])
                    )
                next_uses = quotas._uses()[1]
                limits = [(q, lim, next_uses.get(q.id, [])) for q, lim, _m in limits]
            next_at = None
            if granted < len(recipients):
                next_at = _latest(limits, now, recipients[granted])
        self.invalidate_model(flush=False)
        return granted, next_at

    @api.model
    def _give_back(self, server, messages, recipients):
        """Return what was reserved and not sent."""
        if not self._of(server) or not (messages or recipients):
            return
        with own_transaction(self.env) as env:
            quotas = env[self._name]._locked(server)
            now, uses = quotas._uses()
            for quota in quotas:
                mine = uses.get(quota.id, [])
                for use in given_back(quota._limit(), mine, now, messages, recipients):
                    quota._set(use)
        self.invalidate_model(flush=False)

    @api.model
    def _next_free(self, servers):
        """Return for each server id when it takes the next mail, ``None`` for now."""
        free = dict.fromkeys(servers.ids)
        quotas = self._of(servers)
        if not quotas:
            return free
        now, uses = quotas._uses()
        for server, own in quotas.grouped("server_id").items():
            limits = [(q, q._limit(), uses.get(q.id, [])) for q in own]
            moments = [free_at(limit, mine, now) for _q, limit, mine in limits]
            if max(moments) > now:
                free[server.id] = _as_datetime(max(moments))
        return free

    @api.model
    def _turns(self, servers, first, count):
        """Return when each of so many waiting mails has its turn with one of these.

        :param first: how many others wait before them
        :returns: naive UTC times in order; none where none of the servers is spent
        """
        quotas = self._of(servers)
        now, uses = quotas._uses()
        by_server = []
        for own in quotas.grouped("server_id").values():
            limits = [(quota._limit(), uses.get(quota.id, [])) for quota in own]
            if max(free_at(limit, mine, now) for limit, mine in limits) > now:
                all_turns = [
                    turns(lim, mine, now, first, count) for lim, mine in limits
                ]
                by_server.append(map(max, zip(*all_turns, strict=True)))
        return [_as_datetime(min(each)) for each in zip(*by_server, strict=True)]

    # ------------------------------------------------------------------- the tables

    @api.model
    def _of(self, servers):
        return self.sudo().search([("server_id", "in", servers.ids)])

    def _limit(self):
        seconds = (self.window_count or 1) * UNIT_SECONDS[self.window_unit or "day"]
        return Limit(float(seconds), self.max_messages, self.max_recipients)

    def _locked(self, server):
        """Return the server's quotas, locked in one order until the commit."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM mail_gateway_quota WHERE server_id = %s "
                "ORDER BY id FOR NO KEY UPDATE",
                server.id,
            )
        )
        quotas = self.browse(row_id for (row_id,) in rows)
        quotas.invalidate_recordset(flush=False)
        return quotas

    def _uses(self):
        """Return the database's time, and the uses of each quota by its id."""
        rows = self.env.execute_query(
            SQL(
                "SELECT extract(epoch FROM clock_timestamp())::float8, "
                "NULL, NULL, NULL, NULL UNION ALL "
                "SELECT NULL, quota_id, ends_at, messages, recipients "
                "FROM mail_gateway_quota_use WHERE quota_id IN %s",
                tuple(self._origin.ids) or (0,),
            )
        )
        uses, now = {}, 0.0
        for moment, quota_id, *use in rows:
            if quota_id is None:
                now = moment
            else:
                uses.setdefault(quota_id, []).append(Use(*use))
        return now, uses

    def _add(self, ends_at, messages, recipients):
        self.env.cr.execute(
            SQL(
                "INSERT INTO mail_gateway_quota_use AS use "
                "(quota_id, ends_at, messages, recipients) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (quota_id, ends_at) DO UPDATE SET "
                "messages = use.messages + excluded.messages, "
                "recipients = use.recipients + excluded.recipients",
                self.id,
                ends_at,
                messages,
                recipients,
            )
        )

    def _set(self, use):
        self.env.cr.execute(
            SQL(
                "UPDATE mail_gateway_quota_use SET messages = %s, recipients = %s "
                "WHERE quota_id = %s AND ends_at = %s",
                use.messages,
                use.recipients,
                self.id,
                use.ends_at,
            )
        )

    @api.autovacuum
    def _gc_uses(self):
        """Drop the buckets that left every window, some at a time."""
        rows = self.env.execute_query(
            SQL(
                "DELETE FROM mail_gateway_quota_use WHERE id IN ("
                "SELECT use.id FROM mail_gateway_quota_use use "
                "JOIN mail_gateway_quota quota ON quota.id = use.quota_id "
                "WHERE use.ends_at <= extract(epoch FROM now()) - extract(epoch FROM "
                "(quota.window_count || ' ' || quota.window_unit)::interval) "
                "LIMIT %s) RETURNING id",
                GC_LIMIT,
            )
        )
        return len(rows), len(rows) == GC_LIMIT


def _latest(limits, now, recipients):
    """Return when a mail fits under all limits, ``None`` if never."""
    moments = [free_at(limit, mine, now, recipients) for _q, limit, mine in limits]
    return None if None in moments else _as_datetime(max(moments))


def _as_datetime(moment):
    """Return seconds since the epoch as a naive UTC time, a second up at most."""
    return datetime.fromtimestamp(int(moment) + 1, UTC).replace(tzinfo=None)
