import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.mail.models.fetchmail import MAIL_SERVER_DOMAIN

_logger = logging.getLogger(__name__)

# How often a run that goes on looks for mailboxes whose time has come meanwhile.
LOOK_AGAIN_SECONDS = 5
# What counts as the interval of a mailbox that is read at every run, when it fails or
# when a run lasts.
SHORTEST_INTERVAL = timedelta(minutes=1)


@dataclass
class Turn:
    """What the tasks of one run share.

    ``remaining`` counts mailboxes that are not read to their end, ``has_time`` says
    whether the scheduler lets us go on; at ``ends_at``, by the monotonic clock,
    Odoo would end the worker. ``progressing`` are the mailboxes that brought something.
    ``in_work`` says of those being read now whether there was time when they began,
    ``begun_at`` of all when they last got their turn, by the same clock.
    """

    limit: int
    remaining: int
    ends_at: float
    progressing: models.BaseModel
    has_time: bool = True
    error: Exception | None = None
    in_work: dict = field(default_factory=dict)
    begun_at: dict = field(default_factory=dict)
    looked_at: float = field(default_factory=time.monotonic)

    @property
    def may_begin(self):
        """Whether a mailbox may still get its turn.

        When the scheduler's time is over, others wait for the run to end: it does not
        until those are read that began in time, and keeps nobody waiting meanwhile.
        """
        return self.has_time or any(self.in_work.values())

    def may_go_on(self, server):
        """Say whether a mailbox may bring its next batch.

        One that began late does so as long as the run lasts for others anyway.
        """
        return self.has_time or not self.in_work[server.id] and self.may_begin

    def begin(self, server):
        """Note that a mailbox is being read from now on."""
        self.in_work[server.id] = self.has_time

    def end(self, server):
        """Note that it no longer is."""
        del self.in_work[server.id]

    def note_busy(self, server):
        """Pass over a mailbox that another worker reads, or that was unconfirmed."""
        self.remaining -= 1
        _logger.info("Mailbox %s is not read: in use or changed", server.id)
        if not server.env.context.get("cron_id"):
            self.error = UserError(
                server.env._(
                    "The mailbox %s is being read at this moment, or is not "
                    "confirmed. What comes shows in the journal.",
                    server.name,
                )
            )


class FetchmailServerTurn(models.Model):
    """Which mailbox is read when."""

    _inherit = "fetchmail.server"

    def _polls(self, turn):
        """Yield a task for each mailbox, then for each whose time comes meanwhile.

        ``None`` when there is none at the moment. So a slow mailbox, for which the run
        goes on, does not delay the others.
        """
        servers = self
        while True:
            for server in servers:
                if not turn.may_begin:
                    return
                turn.begun_at[server.id] = time.monotonic()
                # Commits empty the cache: each reads its own row again, not all rows.
                yield server.with_prefetch()._poll(turn)
            servers = self._due_meanwhile(turn)
            if not servers:
                yield None

    def _due_meanwhile(self, turn):
        """Return the mailboxes that have come due since the last look."""
        is_soon = time.monotonic() < turn.looked_at + LOOK_AGAIN_SECONDS
        if is_soon or not self.env.context.get("cron_id"):
            return self.browse()
        turn.looked_at = time.monotonic()
        latest = turn.looked_at - SHORTEST_INTERVAL.total_seconds()
        lately = [id_ for id_, begun in turn.begun_at.items() if begun > latest]
        others = Domain("id", "not in", [*lately, *turn.in_work])
        domain = Domain(MAIL_SERVER_DOMAIN) & self._due_domain() & others
        servers = self.search(domain)._by_last_visit()
        turn.remaining += len(servers)
        self._commit()
        return servers

    def _in_turn(self):
        """Return the mailboxes to read now, longest without a visit first.

        A slow mailbox cannot starve the others that way. The scheduler passes over
        those that are not due; *Fetch Now* asks for its mailbox at any time.
        """
        servers = self
        if self.env.context.get("cron_id"):
            servers = self.filtered_domain(self._due_domain())
        return servers._by_last_visit()

    @api.model
    def _due_domain(self):
        now = fields.Datetime.now()
        return Domain("next_poll_at", "=", False) | Domain("next_poll_at", "<=", now)

    def _by_last_visit(self):
        never = fields.Datetime.now().min
        return self.sorted(lambda server: server.date or never)

    @api.model
    def _wake_for_next_poll(self):
        """Have the scheduler come back for the mailbox that is due next.

        Of those that there are by now: some may have been confirmed or deleted.
        """
        if not self.env.context.get("cron_id"):
            return
        # Who is due at every run waits for the next one: waking it for now would make
        # it run without a pause.
        later = Domain("next_poll_at", ">", fields.Datetime.now())
        domain = Domain(MAIL_SERVER_DOMAIN) & later
        if server := self.search(domain, order="next_poll_at", limit=1):
            job = self.env.ref("mail.ir_cron_mail_gateway_action").sudo()
            job._trigger(server.next_poll_at)
