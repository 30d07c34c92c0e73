import logging
from dataclasses import dataclass
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.date_utils import get_timedelta

from ..core.protocols.dial import Dial
from ..core.round_trip.phase import (
    LIVE_WAITS,
    OPEN_STATES,
    State,
    grown_old,
    next_look,
)
from ..round_trip_run import RoundTripRun

_logger = logging.getLogger(__name__)

# One run of the scheduler brings so many forward.
AT_MOST = 20
# Somebody watches for so long after the button; looking takes time as well.
LIVE_FOR = timedelta(seconds=sum(LIVE_WAITS) + 60)


@dataclass(frozen=True)
class Search:
    """Where to look for a mail; ``dial`` is ``None`` where only fetching can tell."""

    dial: object
    folders: tuple
    mark: object
    message_id: str

    def look(self):
        """Look, in a thread of the network; return what was found."""
        if self.dial is None:
            return []
        session = self.dial.connect()
        try:
            return session.find_marked(self.folders, self.mark, self.message_id)
        finally:
            session.abandon()

    def give_up(self):
        """Have a look that takes too long fail."""
        if self.dial is not None:
            self.dial.abandon()


class MailGatewayRoundTripProgress(models.Model):
    """Looking for round-trip mails, growing old while they do not come."""

    _inherit = "mail.gateway.round.trip"

    progress = fields.Json(
        compute="_compute_progress", help="How far it is, in the user's words."
    )

    @api.depends_context("lang", "tz")
    def _compute_progress(self):
        for trip in self:
            trip.progress = {
                "headline": trip._headline(),
                "tone": trip._tone(),
                "is_running": trip._is_watched(),
                "hops": trip.hops or [],
                "results": trip.results or [],
                "signatures": [
                    f"{selector}._domainkey.{domain}"
                    for domain, selector in trip.signatures or []
                ],
            }

    def _headline(self):
        _ = self.env._
        if self.state == State.ARRIVED.value:
            return self._arrival()
        texts = {
            State.SENDING.value: _("The mail is being sent …"),
            State.SENT.value: _("The server took the mail. It is being looked for …"),
            State.LATE.value: _(
                "The mail is late: it is not there after 15 minutes. It goes on being "
                "looked for."
            ),
            State.LOST.value: _(
                "The mail is lost: it did not arrive within a day, neither in the "
                "mailbox nor, as far as it can be seen, among spam."
            ),
            State.FAILED.value: _("The mail was refused, or came back."),
        }
        return texts[self.state]

    def _arrival(self):
        _ = self.env._
        told = _("Arrived after %(delay)s s.", delay=f"{self.delay:.0f}")
        if self.is_spam:
            told = _(
                "Arrived after %(delay)s s, but among spam (%(folder)s): others will "
                "hardly see your mail.",
                delay=f"{self.delay:.0f}",
                folder=self.folder,
            )
        if self.arrived_in_id and self.arrived_in_id != self.mailbox_id:
            elsewhere = _("It arrived in another mailbox: %s.", self.arrived_in_id.name)
            told = f"{told} {elsewhere}"
        if self.copies > 1:
            told = f"{told} " + _("It arrived %s times.", self.copies)
        return told

    def _tone(self):
        if self.state == State.ARRIVED.value:
            is_fine = not self.is_spam and self.copies < 2
            return "success" if is_fine else "warning"
        if self.state in (State.FAILED.value, State.LOST.value):
            return "danger"
        return "warning" if self.state == State.LATE.value else "info"

    def _is_watched(self):
        """Say whether it is worth asking again soon how far it is."""
        is_open = self.state in (State.SENDING.value, State.SENT.value)
        began = self.write_date or fields.Datetime.now()
        return is_open and fields.Datetime.now() - began < LIVE_FOR

    # --------------------------------------------------------------------- looking

    def _where_to_look(self):
        """Return where to look now, ``None`` where there is nothing to look for."""
        if self.state not in (State.SENT.value, State.LATE.value):
            return None
        mailbox = self.mailbox_id
        dial = self._dial_mailbox()
        folders = tuple(mailbox._folder_names()) if dial else ()
        return Search(dial, folders, self._mark(), self.message_id)

    def _dial_mailbox(self):
        """Return how to reach the mailbox, ``None`` where only fetching can tell."""
        mailbox = self.mailbox_id
        if not mailbox.active or mailbox._get_connection_type() != "imap":
            return None
        try:
            connection = mailbox.with_context(mail_gateway_dial_only=True)._connect__()
        except UserError as error:
            self.look_words = str(error)
            return None
        return connection if isinstance(connection, Dial) else None

    def _note_look(self, found, words):
        """Write down what a look found; where it found nothing, time goes on."""
        for each in found:
            place = (each.folder, each.uidvalidity, each.uid)
            self._arrive(each.journey, place, self.mailbox_id, each.is_spam)
        if self.state == State.ARRIVED.value:
            return
        now = fields.Datetime.now()
        age = now - (self.sent_at or now)
        before = State(self.state)
        after = grown_old(before, age)
        is_over = after not in OPEN_STATES
        self.write(
            {
                "state": after.value,
                "look_words": words or self.look_words,
                "next_look_at": False if is_over else now + next_look(age),
            }
        )
        if after is not before:
            self._alert_once()

    # ------------------------------------------------------------------- scheduled

    @api.model
    def _run_due(self):
        """Begin what is due, and look for what is on its way, as a scheduled action."""
        if self.env["ir.mail_server"]._disable_send():
            return
        self._begin_scheduled()
        now = fields.Datetime.now()
        states = [state.value for state in OPEN_STATES]
        due = self.sudo().search(
            [("state", "in", states), ("next_look_at", "<=", now)],
            order="next_look_at",
            limit=AT_MOST,
        )
        self.env["ir.cron"]._commit_progress(remaining=0)
        if due:
            RoundTripRun(*RoundTripRun.place(self.env), tuple(due.ids)).run()

    @api.model
    def _begin_scheduled(self):
        """Make a round trip for each server whose time has come."""
        servers = self.env["ir.mail_server"].sudo()
        servers = servers.search([("round_trip_every", "!=", False)])._confirmed()
        now = fields.Datetime.now()
        newest = dict(
            self.sudo()._read_group(
                [
                    ("server_id", "in", servers.ids),
                    ("create_date", ">", now - timedelta(days=8)),
                ],
                ["server_id"],
                ["create_date:max"],
            )
        )
        for server in servers:
            wait = get_timedelta(1, server.round_trip_every)
            last = newest.get(server)
            if last and last > now - wait:
                continue
            try:
                self.sudo()._start(server, is_scheduled=True)
            except UserError as error:  # the mailbox was archived, say
                _logger.warning("No round trip for server %s: %s", server.id, error)
