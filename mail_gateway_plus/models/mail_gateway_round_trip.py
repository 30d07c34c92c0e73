import secrets
from email.utils import make_msgid

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.deliverability.egress import as_network
from ..core.round_trip.phase import (
    LIVE_WAITS,
    OPEN_STATES,
    State,
    plausible_delay,
)
from ..parameters import kept_since
from ..round_trip_run import RoundTripRun

# System parameter, and the days that hold when it is not set.
RETENTION = ("mail_gateway_plus.round_trip_retention_days", 90)
GC_LIMIT = 1000


class MailGatewayRoundTrip(models.Model):
    """A marked mail, sent through a server of ours to a mailbox of ours."""

    _name = "mail.gateway.round.trip"
    _inherit = ["mail.gateway.alerting"]
    _description = "Round-Trip Mail"
    _order = "id desc"

    server_id = fields.Many2one(
        "ir.mail_server",
        string="Outgoing Server",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        help="The server that the mail was sent through.",
    )
    mailbox_id = fields.Many2one(
        "fetchmail.server",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The incoming server that reads the mailbox it was sent to.",
    )
    recipient = fields.Char(required=True, readonly=True, help="Whom it was sent to.")
    sender = fields.Char(readonly=True, help="The From address.")
    nonce = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups="base.group_system",
        default=lambda self: secrets.token_hex(16),
        help="What nobody can guess, so that no mark is made up.",
    )
    message_id = fields.Char(
        string="Message-ID", readonly=True, help="As we gave it to the mail."
    )
    state = fields.Selection(
        [
            (State.SENDING.value, "Being Sent"),
            (State.SENT.value, "On Its Way"),
            (State.LATE.value, "Late"),
            (State.ARRIVED.value, "Arrived"),
            (State.LOST.value, "Lost"),
            (State.FAILED.value, "Failed"),
        ],
        required=True,
        readonly=True,
        default=State.SENDING.value,
        help="Late: not there after 15 minutes. Lost: not there after a day; it may "
        "still come. Failed: no server took it, or it came back.",
    )
    is_scheduled = fields.Boolean(
        string="Scheduled", readonly=True, help="Whether nobody asked for it by hand."
    )
    sent_at = fields.Datetime(
        string="Sent", readonly=True, help="When the server took it."
    )
    arrived_at = fields.Datetime(
        string="Arrived", readonly=True, help="When it was found."
    )
    delay = fields.Float(
        string="Delay (s)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Seconds from the sending until the last server took it, by that server's "
        "clock where it tells.",
    )
    folder = fields.Char(readonly=True, help="The folder that it was found in.")
    is_spam = fields.Boolean(
        string="In Spam", readonly=True, help="Whether that is the folder for spam."
    )
    arrived_in_id = fields.Many2one(
        "fetchmail.server",
        string="Found in",
        readonly=True,
        ondelete="set null",
        help="The mailbox that it was found in, which may be another one.",
    )
    places = fields.Json(
        readonly=True, help="Where copies of it were found: mailbox, folder and name."
    )
    copies = fields.Integer(compute="_compute_copies", help="How often it has arrived.")
    hops = fields.Json(readonly=True, help="The servers that it went through.")
    results = fields.Json(
        readonly=True, help="What the receiver found out about its authenticity."
    )
    signatures = fields.Json(
        readonly=True, help="Domain and selector of its DKIM signatures."
    )
    words = fields.Text(
        string="Server's Words", readonly=True, help="What the server said last."
    )
    look_words = fields.Text(
        string="Looking", readonly=True, help="Why the mailbox could not be looked at."
    )
    egress_address = fields.Char(
        string="Address We Had",
        readonly=True,
        help="The address by which the outgoing server saw this machine, as lists of "
        "allowed addresses want it.",
    )
    sending_address = fields.Char(
        readonly=True,
        help="The public address from which the outgoing server passed the mail on.",
    )
    next_look_at = fields.Datetime(readonly=True, help="When it is looked for next.")

    # Only open ones are looked for, however many there have been.
    _open_idx = models.Index(
        "(next_look_at) WHERE state IN ('sending', 'sent', 'late')"
    )
    _create_date_idx = models.Index("(create_date)")

    @api.depends("server_id", "create_date")
    def _compute_display_name(self):
        for trip in self:
            moment = fields.Datetime.context_timestamp(
                trip, trip.create_date or fields.Datetime.now()
            )
            trip.display_name = f"{trip.server_id.name}, {moment:%Y-%m-%d %H:%M}"

    def _compute_copies(self):
        for trip in self:
            trip.copies = len(trip.places or [])

    # ------------------------------------------------------------------- beginning

    @api.model
    def _start(self, server, is_scheduled=False):
        """Make a round trip, to be sent once this transaction is committed.

        :raises UserError: where it is not known whom to send it to
        """
        mailbox, recipient = server._round_trip_goal()
        sender = server.from_address or server._get_test_email_from()
        trip = self.create(
            {
                "server_id": server.id,
                "mailbox_id": mailbox.id,
                "recipient": recipient,
                "sender": sender,
                "message_id": make_msgid(domain=sender.rpartition("@")[2].strip(">")),
                "is_scheduled": is_scheduled,
                "next_look_at": fields.Datetime.now(),
            }
        )
        trip.flush_recordset()
        return trip

    def _follow_live(self):
        """Send it and look for it in the background, as somebody is watching."""
        place = RoundTripRun.place(self.env)
        run = RoundTripRun(*place, tuple(self.ids), LIVE_WAITS)
        self.env.cr.postcommit.add(run.start)

    @api.model
    def _locked(self, trip_id):
        """Return a round trip, locked until the end of the transaction."""
        query = SQL(
            "SELECT id FROM mail_gateway_round_trip WHERE id = %s FOR NO KEY UPDATE",
            trip_id,
        )
        return self.browse(row_id for (row_id,) in self.env.execute_query(query))

    # --------------------------------------------------------------------- arrival

    def _arrive(self, journey, place, mailbox, is_spam):
        """Note that a copy was found, once for each place that it lies in.

        :param place: folder, UIDVALIDITY and UID
        """
        known = self.places or []
        place = [mailbox.id, *place]
        if place in known:
            return
        if known:
            self.places = [*known, place]
            return
        now = fields.Datetime.now()
        self.write(
            {
                "places": [place],
                "state": State.ARRIVED.value,
                "arrived_at": now,
                "delay": plausible_delay(
                    self.sent_at or self.create_date, journey.delivered_at, now
                ),
                "folder": place[1],
                "is_spam": is_spam,
                "arrived_in_id": mailbox.id,
                "hops": [hop.plain() for hop in journey.hops],
                "results": list(journey.results),
                "signatures": [list(pair) for pair in journey.signatures],
                "sending_address": journey.sending_address or False,
                "next_look_at": False,
                "look_words": False,
            }
        )
        if not self.egress_address and journey.client_address:
            self.egress_address = as_network(journey.client_address)
        self.server_id._note_egress(self)
        self._withdraw_server_alerts()

    def _bounce(self, words):
        """Note that it came back."""
        if self.state != State.ARRIVED.value:
            self._fail(words)

    # ---------------------------------------------------------------------- alerts

    def _alert_once(self):
        """Tell administrators, unless they were told about the server already."""
        told = self.search_count(
            [("server_id", "=", self.server_id.id), ("alert_ids", "!=", False)], limit=1
        )
        if told:
            return
        told = self._headline()
        self._alert_administrators(
            self.env._("Round-trip mail of %s", self.server_id.name),
            "\n\n".join(filter(None, [told, self.words, self.look_words])),
            "mail_gateway_plus.round_trip_alert",
            trip=self,
            headline=told,
        )

    def _withdraw_server_alerts(self):
        """Take back what was told of the server: mail arrives again.

        Not where a mail that was sent later is missing.
        """
        newer = self.search_count(
            [
                ("server_id", "=", self.server_id.id),
                ("id", ">", self.id),
                ("alert_ids", "!=", False),
            ],
            limit=1,
        )
        if not newer:
            domain = [("server_id", "=", self.server_id.id), ("alert_ids", "!=", False)]
            for trip in self.search(domain):
                trip._withdraw_alerts()

    # ------------------------------------------------------------------- retention

    @api.autovacuum
    def _gc_round_trips(self):
        """Drop old ones; an alert goes with the one that it is about."""
        before = kept_since(self.env, RETENTION)
        rows = self.sudo().search([("create_date", "<", before)], limit=GC_LIMIT)
        rows._withdraw_alerts()
        rows.unlink()
        return len(rows), len(rows) == GC_LIMIT

    # --------------------------------------------------------------------- buttons

    def action_send_again(self):
        """Send another one through the same server."""
        self.ensure_one()
        return self.server_id.action_send_round_trip()

    def action_look_now(self):
        """Look for it for some minutes, before the user's eyes."""
        self.ensure_one().check_access("read")
        if self.state not in [state.value for state in OPEN_STATES]:
            raise UserError(self.env._("It is not on its way any more."))
        self._follow_live()
        return self._open()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Round-Trip Mail"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (self.env.ref("mail_gateway_plus.round_trip_view_dialog").id, "form")
            ],
            "target": "new",
            "context": {"dialog_size": "large"},
        }
