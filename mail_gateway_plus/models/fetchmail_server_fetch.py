import logging
import random
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config

from odoo.addons.base.models.ir_cron import MIN_TIME_PER_JOB
from odoo.addons.mail.models.fetchmail import MAIL_SERVER_DOMAIN

from ..core.errors import OutOfTime
from ..core.policy.polling import FAILURES_UNTIL_TOLD, next_wait
from ..core.policy.progress import Listing, StartPolicy, next_question
from ..core.protocols.asking import Asking
from ..core.protocols.dial import Dial
from ..core.protocols.endpoint import DEFAULT_TIMEOUT
from ..core.protocols.mailbox import MessageRef, as_mailbox, batches
from ..core.protocols.pop3 import Pop3Mailbox
from ..core.tasks import run
from ..parameters import whole_number
from .fetchmail_server import DEFAULT_TIME_BUDGET
from .fetchmail_server_connect import notification
from .fetchmail_server_turn import LOOK_AGAIN_SECONDS, SHORTEST_INTERVAL, Turn

_logger = logging.getLogger(__name__)

# Messages that one mailbox may bring into the journal before the others get a turn.
MESSAGES_PER_TURN = 500
# System parameter and its default: how many mailboxes are read at once.
PARALLEL_MAILBOXES = ("mail_gateway_plus.parallel_mailboxes", 24)
# Bytes of a message that comes whole over a line that had no time for larger ones.
SLOW_LIMIT = 1024 * 1024
# Seconds before the end of a worker at which we stop, to write down how it went.
WORKER_MARGIN = 15
# The first half of the advisory lock's key, "MGwP"; the other is the mailbox's id.
LOCK_CLASS = 0x4D477750


class FetchmailServerFetch(models.Model):
    """Bringing messages from the mailboxes into the journal."""

    _inherit = "fetchmail.server"

    def fetch_mail(self):
        """Fetch now, process what came, and tell the user how it went.

        :raises UserError: with cause and remedy when the mailbox cannot be read
        """
        self.ensure_one().check_access("write")
        journal = self.env["mail.gateway.inbound"].sudo()
        newest = journal.search([], limit=1).id or 0
        error = self.sudo()._fetch_mail()
        if error is not None:
            if isinstance(error, UserError):
                raise error
            raise UserError(self._explain(error)) from error
        # What comes of a message must not depend on who clicked, nor on the companies
        # and defaults of that person's screen.
        journal._as_gateway()._process_queue(self)
        came = journal.search([("id", ">", newest), ("server_id", "=", self.id)])
        return notification(
            self.env._("New messages: %(count)s", count=len(came)), came._tell_states()
        )

    @api.model
    def _fetch_mails(self, **kw):
        """Read the confirmed mailboxes: what Odoo's scheduled action calls.

        Without Odoo's own method, which switches the action off when it finds no
        mailbox at that moment. A mailbox that is confirmed meanwhile would never be
        read: confirming cannot change an action that is running. Odoo switches it off
        all the same when the last mailbox is unconfirmed (``_update_cron``).
        """
        self.search(MAIL_SERVER_DOMAIN)._fetch_mail(**kw)

    def _fetch_mail(self, batch_limit=MESSAGES_PER_TURN):
        """Bring the new messages of these mailboxes into the journal.

        Called by Odoo's cron and by *Fetch Now*; turning them into records is the
        journal's own job. Many mailboxes are read at once, so that a dead or slow one
        delays nobody (core/tasks.py).

        :param batch_limit: messages a mailbox before the next one gets its turn
        :returns: the last exception, or ``None`` when every mailbox was read
        """
        servers = self.with_context(fetchmail_cron_running=True)
        due = servers._in_turn()
        turn = Turn(batch_limit, len(due), self._end_of_worker(), self.browse())
        self.env["ir.cron"]._commit_progress(remaining=turn.remaining)
        threads = whole_number(self.env, PARALLEL_MAILBOXES, least=1)
        run(due._polls(turn), threads=threads, patience=LOOK_AGAIN_SECONDS)
        servers._wake_for_next_poll()
        return turn.error

    def _end_of_worker(self):
        """Return when Odoo would end this worker, by the monotonic clock.

        Some time before it, for what is to be written down. A cron is told its end of
        time; that is so long after its beginning (base, ir_cron.py).
        """
        is_cron = "cron_end_time" in self.env.context
        limit = config["limit_time_real_cron"] if is_cron else -1
        if limit is None or limit < 0:
            limit = config["limit_time_real"]
        if not limit:
            return float("inf")
        started = time.monotonic()
        if is_cron:
            started = self.env.context["cron_end_time"] - MIN_TIME_PER_JOB
        return started + limit - min(WORKER_MARGIN, limit / 2)

    def _asking(self, dial, turn):
        """Return how this mailbox is asked, within the time that it has."""
        seconds = self.time_budget or DEFAULT_TIME_BUDGET
        seconds = min(seconds, max(turn.ends_at - time.monotonic(), 0))
        return Asking(dial, seconds, self.timeout_seconds or DEFAULT_TIMEOUT)

    def _limit_in_bytes(self):
        """Return from which size on a message comes in part; 0 for none."""
        limit = max(self.size_limit, 0) * 1024**2
        return min(limit or SLOW_LIMIT, SLOW_LIMIT) if self.is_slow else limit

    # ----------------------------------------------------------------- one mailbox

    def _poll(self, turn):
        """Read one mailbox: a task that commits before each call (core/tasks.py)."""
        if not self._lock_for_polling():
            turn.note_busy(self)
            return
        turn.begin(self)
        try:
            note = yield from self._visit(turn)
            turn.remaining -= 1
            self._conclude(note, turn)
        except BaseException:
            # A failed transaction takes no statement, not even the one that unlocks.
            self.env.cr.rollback()
            raise
        finally:
            turn.end(self)
            self._unlock_after_polling()
            # The next mailbox is to see the database as it is then.
            self._commit()

    def _visit(self, turn):
        """Bring what is new; return the function that notes how it went."""
        dial = mailbox = None
        try:
            server = self.with_context(mail_gateway_dial_only=True)
            connection = server._connect__()
            dial = connection if isinstance(connection, Dial) else None
            ask = self._asking(dial, turn)
            # Each commit would have the row read again.
            names, size_limit = self._folder_names(), self._limit_in_bytes()
            policy = StartPolicy(self.start_policy)
            self._commit()
            if dial:
                mailbox = yield ask(dial.connect)
            else:  # another addon's, which may need the database
                mailbox = as_mailbox(connection)
            mailbox.size_limit = size_limit
            mailbox.step_seconds = ask.step_seconds
            has_more = has_chores = False
            for name in names:
                yield ask(mailbox.open, name)
                more = yield from self._drain(mailbox, name, policy, turn, ask)
                while more and turn.has_time and not mailbox.status:
                    # Another addon's connection lists one batch at a time.
                    more = yield from self._drain(mailbox, name, policy, turn, ask)
                has_more |= more
                if not self._has_chores():
                    continue
                has_chores = True
                yield from self._do_chores(mailbox, name, ask)
                if not more:
                    self._settle_renumbered(mailbox, name)
            if has_chores:
                yield from self._do_chores_elsewhere(mailbox, ask)
                has_more |= yield from self._fetch_rests(mailbox, turn, ask)
                self._settle_unread_folders()
            yield ask(mailbox.close)
            self._settle(mailbox)
            turn.remaining += has_more
            return self._note_success
        except Exception as error:
            self.env.cr.rollback()
            if mailbox:
                with suppress(Exception):
                    mailbox.abandon()
            turn.error = error
            has_progress = self in turn.progressing
            return partial(self._note_failure, error, has_progress=has_progress)
        finally:
            if dial:  # also when the run as a whole has failed
                dial.abandon()

    def _conclude(self, note, turn):
        """Note how the visit went; what keeps us from it ends no other's visit.

        Whoever changes the mailbox at this moment makes PostgreSQL refuse our write. In
        a new transaction it is taken.
        """
        for is_last in (False, True):
            try:
                note()
                self._commit(turn)
                return
            except Exception as error:
                self.env.cr.rollback()
                if is_last:
                    _logger.exception("The visit of mailbox %s is not noted", self.id)
                    turn.error = error

    def _drain(self, mailbox, folder, policy, turn, ask):
        """Journal and acknowledge what is new in the open folder.

        :param policy: the mailbox's :class:`StartPolicy`
        :returns: whether the folder holds more
        """
        journal = self.env["mail.gateway.inbound"]
        ledger = self.env["mail.gateway.folder"]._of(self, folder)
        uidvalidity = mailbox.status.uidvalidity if mailbox.status else ""
        progress = ledger._progress()
        question = next_question(progress, uidvalidity, policy)
        if uidvalidity:
            is_from_start = question.advances_by_uid and not question.above
            ledger._begin(mailbox.status, is_from_start)
        self._commit()
        refs = yield ask.at_length(mailbox.find, question)
        if progress.missing and progress.uidvalidity == uidvalidity:
            missing = [MessageRef(folder, uidvalidity, uid) for uid in progress.missing]
            refs = (yield ask(mailbox.exist, missing)) + refs
        known = journal._known(self, refs)
        if known:  # journaled before, but the acknowledgement did not get through
            yield from self._acknowledge(mailbox, known, ask)
        new = [ref for ref in refs if ref not in set(known)]
        got = set()
        downloads = batches(mailbox.download(new[: turn.limit]), ask.step_seconds)
        while batch := (yield ask.at_length(next, downloads, None)):
            is_renumbered = question.listing is Listing.SINCE
            journal._store(self, batch, is_renumbered=is_renumbered)
            if uidvalidity and question.advances_by_uid:
                ledger._advance(uidvalidity, max(int(m.ref.uid) for m in batch))
            self._commit(turn, journaled=len(batch))
            turn.progressing |= self
            # Only now, after the commit, may the mailbox forget them.
            refs_of_batch = [message.ref for message in batch]
            yield from self._acknowledge(mailbox, refs_of_batch, ask)
            got.update(refs_of_batch)
            if not turn.may_go_on(self):
                return True
        if len(new) > turn.limit:
            return True
        if uidvalidity:
            not_handed_out = [ref for ref in new if ref not in got]
            if not_handed_out:
                not_handed_out = yield ask(mailbox.exist, not_handed_out)
            ledger._complete(mailbox.status, refs, not_handed_out)
            self._commit()
            yield from self._reconcile(mailbox, ledger, turn, ask)
        elif isinstance(mailbox, Pop3Mailbox):
            ledger._note_missing([ref for ref in new if ref not in got])
            self._commit()
        return not mailbox.status and bool(new)

    def _commit(self, turn=None, journaled=0):
        """Commit, and with ``turn`` also tell the scheduler how far it is."""
        if turn is None:
            self.env.cr.commit()  # pylint: disable=invalid-commit
            return
        time_left = self.env["ir.cron"]._commit_progress(
            journaled, remaining=turn.remaining
        )
        turn.has_time = bool(time_left)

    # A lock of the session outlives the commits, is shared by all hosts on the
    # database, and goes with the connection of a worker that is killed.

    def _lock_for_polling(self):
        """Say whether the mailbox is ours to read: confirmed, and read by nobody."""
        [(is_locked, is_there)] = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_lock(%s, %s),"
                " EXISTS (SELECT FROM fetchmail_server WHERE id = %s)",
                LOCK_CLASS,
                self.id,
                self.id,
            )
        )
        if not is_there:  # deleted since the run began
            self._unlock_after_polling()
            return False
        # Whom the environment keeps from being read is told why when it connects.
        is_read = self.filtered_domain(MAIL_SERVER_DOMAIN) or (
            not self._is_proven_in_environment()
        )
        if is_locked and not is_read:
            self._unlock_after_polling()
            return False
        return is_locked

    def _unlock_after_polling(self):
        self.env.execute_query(
            SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK_CLASS, self.id)
        )

    # --------------------------------------------------------------------- outcome

    def _note_success(self):
        now = fields.Datetime.now()
        self._withdraw_alerts()
        wait = next_wait(timedelta(minutes=self.poll_minutes), 0, 0)
        self.write(
            {
                "date": now,
                "error_date": False,
                "error_message": False,
                "failure_count": 0,
                "is_slow": False,
                "next_poll_at": now + wait,
            }
        )

    def _note_failure(self, error, has_progress=False):
        """Keep the failure on the mailbox, which goes on being tried, less often.

        :param has_progress: whether messages came; who is only slow goes on as usual
        """
        _logger.warning("Mailbox %s could not be read", self.id, exc_info=error)
        now = fields.Datetime.now()
        is_slow = has_progress and isinstance(error, OutOfTime)
        failures = 0 if is_slow else self.failure_count + 1
        interval = timedelta(minutes=self.poll_minutes)
        if not is_slow:
            interval = max(interval, SHORTEST_INTERVAL)
        self.write(
            {
                "date": now,
                "error_date": self.error_date or now,
                "error_message": self._explain(error),
                "failure_count": failures,
                "is_slow": isinstance(error, OutOfTime) and not has_progress,
                "next_poll_at": now + next_wait(interval, failures, random.random()),
            }
        )
        if failures == FAILURES_UNTIL_TOLD:
            try:
                with self.env.cr.savepoint():
                    self._tell_administrators()
            except Exception:
                _logger.exception("Nobody could be told about mailbox %s", self.id)

    def _tell_administrators(self):
        """Tell by activity and by mail that a mailbox cannot be read."""
        self._alert_administrators(
            self.env._("The mailbox %s cannot be read", self.name),
            self.error_message,
            "mail_gateway_plus.mailbox_unreadable",
            server=self,
        )
