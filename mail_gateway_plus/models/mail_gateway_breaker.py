import json
import logging
import random
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..core.policy.breaker import COOL_DOWNS, WINDOW, Breaker, State
from ..sending_advice import CAUSE_ADVICE, CAUSE_TITLE, cause_selection, known_cause
from .own_transaction import own_transaction

_logger = logging.getLogger(__name__)

STATES = [
    (State.CLOSED.value, "In Use"),
    (State.HALF_OPEN.value, "Being Tried"),
    (State.OPEN.value, "Out of Use"),
]


class MailGatewayBreaker(models.Model):
    """Whether an outgoing server is used, known to all workers.

    In a table of its own, so that sending never writes ``ir_mail_server``. Each change
    is a transaction of its own (own_transaction.py): nothing has to be committed by
    the caller, and no two workers are in each other's way.
    """

    _name = "mail.gateway.breaker"
    _inherit = ["mail.gateway.alerting"]
    _description = "Outgoing Server's Breaker"
    _rec_name = "server_id"

    server_id = fields.Many2one(
        "ir.mail_server",
        required=True,
        readonly=True,
        ondelete="cascade",
        help="The server whose breaker it is.",
    )
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        default=State.CLOSED.value,
        help="Out of use: no mail goes through it. Being tried: a single mail shows "
        "whether it is back.",
    )
    cause = fields.Selection(
        lambda self: cause_selection(self.env),
        readonly=True,
        help="What was wrong at the last fault.",
    )
    fault_text = fields.Text(readonly=True, help="What the server said at that time.")
    faults = fields.Integer(
        readonly=True, help="How many times in a row the server was at fault."
    )
    recent_faults = fields.Char(
        readonly=True, help="When it was at fault lately: seconds since 1970, in JSON."
    )
    openings = fields.Integer(
        readonly=True, help="How often it was put out of use without lasting recovery."
    )
    good_probes = fields.Integer(
        readonly=True, help="How many tries in a row went well since."
    )
    opened_at = fields.Datetime(
        string="Out of Use Since",
        readonly=True,
        help="When the server was put out of use.",
    )
    open_until = fields.Datetime(
        string="Tried Again At",
        readonly=True,
        help="When it is tried again; empty: when a person puts it back into use.",
    )
    probe_until = fields.Datetime(
        readonly=True, help="Until when one worker alone tries it."
    )
    closed_at = fields.Datetime(
        string="Back Since",
        readonly=True,
        help="When it came back into use; for some minutes other servers come first.",
    )

    _unique_server = models.UniqueIndex("(server_id)")

    # ------------------------------------------------------------------ for senders

    def _usable(self, servers, breakers):
        """Return those of the servers, best first, that may be given a mail now.

        :param breakers: theirs, as :meth:`_breakers` returns them

        A server that was out of use long enough is tried by whoever would use it
        first of all: it is among them for one caller at a time, until that one calls
        :meth:`_note_success` or :meth:`_note_fault` (see :meth:`_is_probe`).
        """
        now = fields.Datetime.now()
        usable = servers.browse()
        for server in servers:
            breaker = breakers.get(server.id, Breaker())
            if breaker.is_closed() or (
                not usable and breaker.can_probe(now) and self._take_probe(server)
            ):
                usable += server
        return usable

    def _back_in(self):
        """Return how long it takes at most until one of the servers may be back.

        No time where none is out of use.
        """
        out_of_use = self.sudo().search([("state", "!=", State.CLOSED.value)])
        now = fields.Datetime.now()
        waits = [row.open_until - now for row in out_of_use if row.open_until]
        return min(waits, default=COOL_DOWNS[-1] if out_of_use else timedelta())

    def _is_probe(self, server):
        """Say whether the server is only being tried: give it one mail."""
        breaker = self._breakers(server).get(server.id, Breaker())
        return breaker.state is State.HALF_OPEN

    def _settling(self, servers, breakers):
        """Return those that are back so lately that others come first."""
        now = fields.Datetime.now()
        return servers.filtered(
            lambda s: s.id in breakers and breakers[s.id].is_settling(now)
        )

    def _note_success(self, server):
        """Note that the server did its part, whatever became of the mail.

        A refused recipient or message is no fault of the server's. Costs one SELECT
        as long as there was no fault.
        """
        breaker = self._breakers(server).get(server.id)
        now = fields.Datetime.now()
        if breaker is not None and breaker.after_success(now) != breaker:
            self._change(server, lambda current: current.after_success(now))

    def _note_fault(self, server, verdict, text=""):
        """Note a fault of the server; others leave the breaker as it is.

        :param verdict: the :class:`~..core.policy.verdict.Verdict`
        :param text: what the server said, for administrators
        """
        if not server or not verdict.is_fault_of_server:
            return
        now, chance = fields.Datetime.now(), random.random()
        tried = self._tried(server, now)
        self._change(
            server,
            lambda current: current.after_fault(verdict, now, chance, tried),
            {"cause": known_cause(verdict.cause).value, "fault_text": text},
        )

    def _note_proven(self, server):
        """Put a server back into use that a test has proven to work.

        Where a person has put it out of use, a test says nothing against that.
        """
        breaker = self._breakers(server).get(server.id)
        if breaker is not None and not breaker.is_forced_open():
            self._close(server)

    # ------------------------------------------------------------------ for persons

    def _force_open(self, server):
        """Put a server out of use until a person puts it back."""
        now = fields.Datetime.now()
        note = {"cause": False, "fault_text": False}
        self._change(server, lambda current: current.forced_open(now), note)

    def _close(self, server):
        """Put a server back into use."""
        now = fields.Datetime.now()
        if server.id in self._breakers(server):
            self._change(server, lambda current: current.closed(now, is_trusted=True))

    # -------------------------------------------------------------------- the table

    def _change(self, server, change, note=None):
        """Replace the server's breaker by what ``change`` makes of it.

        :param note: values to store along with it
        :returns: the breakers before and after
        """
        with own_transaction(self.env) as env:
            row = env[self._name]._lock(server)
            before = row._as_breaker()
            after = change(before)
            if after != before or note:
                row.write({**_as_values(after), **(note or {})})
                row.flush_recordset()
            row._tell(before, after)
        self.invalidate_model(flush=False)
        return before, after

    def _lock(self, server):
        """Return the server's row, locked; it comes to be at the first fault."""
        self.env.execute_query(
            SQL(
                "INSERT INTO mail_gateway_breaker (server_id, state) VALUES (%s, %s) "
                "ON CONFLICT (server_id) DO NOTHING RETURNING id",
                server.id,
                State.CLOSED.value,
            )
        )
        [(row_id,)] = self.env.execute_query(
            SQL(
                "SELECT id FROM mail_gateway_breaker WHERE server_id = %s "
                "FOR NO KEY UPDATE",
                server.id,
            )
        )
        self.invalidate_model(flush=False)
        return self.browse(row_id)

    def _take_probe(self, server):
        """Say whether this caller, of all workers, is the one to try the server."""
        now = fields.Datetime.now()
        before, after = self._change(
            server, lambda b: b.probing(now) if b.can_probe(now) else b
        )
        return before != after

    def _breakers(self, servers):
        """Return the :class:`Breaker` of each server that ever was at fault."""
        rows = self.sudo().search([("server_id", "in", servers.ids)])
        return {row.server_id.id: row._as_breaker() for row in rows}

    def _tried(self, server, now):
        """Return how often the server was tried within the breaker's window."""
        return (
            self.env["mail.gateway.attempt"]
            .sudo()
            .search_count(
                [("server_id", "=", server.id), ("create_date", ">", now - WINDOW)]
            )
        )

    def _as_breaker(self):
        recent = json.loads(self.recent_faults or "[]")
        return Breaker(
            state=State(self.state),
            faults=self.faults,
            recent=tuple(EPOCH + timedelta(seconds=moment) for moment in recent),
            openings=self.openings,
            good_probes=self.good_probes,
            opened_at=self.opened_at or None,
            open_until=self.open_until or None,
            probe_until=self.probe_until or None,
            closed_at=self.closed_at or None,
        )

    # ---------------------------------------------------------------------- telling

    def _tell(self, before, after):
        """Tell administrators once when it opens, and when it is closed again."""
        opens = before.is_closed() and not after.is_closed()
        closes = not before.is_closed() and after.is_closed()
        # Who forces it open knows it.
        if not (opens and after.open_until) and not closes:
            return
        try:
            with self.env.cr.savepoint():
                self._tell_opened() if opens else self._tell_closed()
        except Exception:
            _logger.exception("Nobody could be told about server %s", self.server_id.id)

    def _tell_opened(self):
        cause = known_cause(self.cause)
        title = self.env._("%s is out of use", self.server_id.name)
        lines = (
            self.env._(CAUSE_TITLE[cause]),
            self.env._(CAUSE_ADVICE[cause]),
            self.fault_text or "",
        )
        self._alert_administrators(
            title,
            "\n\n".join(filter(None, lines)),
            "mail_gateway_plus.server_out_of_use",
            breaker=self,
            lines=lines,
        )

    def _tell_closed(self):
        if not self.alert_ids:
            return  # nobody was told that it was out of use
        self._withdraw_alerts()
        self._mail_administrators(
            self.env._("%s is back in use", self.server_id.name),
            "mail_gateway_plus.server_back_in_use",
            breaker=self,
        )


EPOCH = fields.Datetime.to_datetime("1970-01-01")


def _as_values(breaker):
    return {
        "state": breaker.state.value,
        "faults": breaker.faults,
        "recent_faults": json.dumps(
            [(moment - EPOCH).total_seconds() for moment in breaker.recent]
        ),
        "openings": breaker.openings,
        "good_probes": breaker.good_probes,
        "opened_at": _whole_seconds(breaker.opened_at),
        "open_until": _whole_seconds(breaker.open_until),
        "probe_until": _whole_seconds(breaker.probe_until),
        "closed_at": _whole_seconds(breaker.closed_at),
    }


def _whole_seconds(moment):
    """Return a moment as Odoo's fields hold it; jitter made fractions of it."""
    return moment.replace(microsecond=0) if moment else False
