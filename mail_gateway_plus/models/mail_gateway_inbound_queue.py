import time
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, email_normalize

from ..core.policy.outcome import State, Trace
from . import mail_gateway_memo
from .mail_gateway_inbound_claim import new_run
from .mail_gateway_inbound_identity import StaleSnapshot

PROCESS_CRON = "mail_gateway_plus.ir_cron_process_inbound"
PROCESS_CODE = "model._process_queue()"
# Messages that share a commit: at most so many, begun within so many seconds, of so
# many bytes altogether or one alone.
BATCH_MESSAGES = 40
BATCH_SECONDS = 1.0
BATCH_BYTES = 2 * 1024 * 1024
# When to look again at messages whose twins somebody else has in work.
TWINS_WAIT = timedelta(seconds=10)
# A queue of more than this has all jobs that process it woken.
LONG_QUEUE = 40


class MailGatewayInboundQueue(models.Model):
    """Who processes which messages when, and what shares a transaction."""

    _inherit = "mail.gateway.inbound"

    @api.model
    def _wake_processing(self, at=None):
        """Have the scheduler process the journal now, or at the given time."""
        self.env.ref(PROCESS_CRON).sudo()._trigger(at)

    @api.model
    def _wake_helpers(self):
        """Wake every job that processes the journal, for as many workers to share it.

        Odoo runs one job in one worker at a time. A second comes with the addon; who
        has more workers duplicates it.
        """
        jobs = (
            self.env["ir.cron"]
            .sudo()
            .search([("model_id.model", "=", self._name), ("code", "=", PROCESS_CODE)])
        )
        for job in jobs.filtered(lambda job: job.id != self.env.context.get("cron_id")):
            job._trigger()

    @api.model
    def _process_queue(self, server=None):
        """Process every message that is due, in batches of one transaction each.

        :param server: only those of this mailbox, as *Fetch Now* does

        Any number of workers may do so at the same time. A batch that comes into
        conflict with another transaction is rolled back, and as many messages are
        processed one by one, so that only the one that is in the way has to wait.
        """
        cron = self.env["ir.cron"]
        if not server:
            self._replay_after_update()
        due = self._count_due(server)
        if due > LONG_QUEUE and not server:
            self._wake_helpers()
        time_left = cron._commit_progress(remaining=due)
        run = new_run()
        try:
            is_late = self._process_due(server, run, time_left)
        except Exception as error:
            if self.env.cr.closed:
                self._note_lost_connection(run, error)
                raise
            self.env.cr.rollback()
            self._take_marks_off(run)
            raise
        self._take_marks_off(run)
        if is_late and self._count_due(server):
            # Time is up. After the other jobs it is our turn again, at once: without
            # this, Odoo's scheduler may sleep for a minute.
            self._wake_processing()

    def _process_due(self, server, run, time_left):
        """Process batch after batch until nothing is due or time is up.

        :returns: whether time is up
        """
        cron, singly = self.env["ir.cron"], 0
        while time_left:
            has_looked = self._judge_due(server)
            try:
                claimed = self._claim(server, 1 if singly else BATCH_MESSAGES, run)
                rows = claimed._without_twins_in_work()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Another worker settled one of them just now: look again.
                self.env.cr.rollback()
                continue
            if not rows and has_looked:  # what comes next may be ready
                time_left = cron._commit_progress()
                continue
            if not rows:
                if claimed:  # whoever has their twins may be a person, who takes none
                    at = fields.Datetime.now() + TWINS_WAIT
                    self._wake_processing(at)
                cron._commit_progress()
                return False
            try:
                time_left = cron._commit_progress(rows._process_ready())
                singly = max(singly - 1, 0)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.env.cr.rollback()
                singly = len(rows) if len(rows) > 1 else max(singly - 1, 0)
                if len(rows) == 1 and not isinstance(error, StaleSnapshot):
                    time_left = rows._note_conflict(error)
        return True

    def _due_condition(self, server):
        """Return the SQL condition of the rows that may be processed now."""
        condition = SQL(
            "state IN ('pending', 'retry') AND retry_at <= %s", fields.Datetime.now()
        )
        if server:
            condition = SQL("%s AND server_id = %s", condition, server.id)
        return condition

    def _count_due(self, server):
        rows = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM mail_gateway_inbound WHERE %s",
                self._due_condition(server),
            )
        )
        return rows[0][0]

    def _without_twins_in_work(self):
        """Return these claimed rows but for those of which another worker has a copy.

        One mail may reach two mailboxes. Odoo knows the second copy by its Message-ID,
        but cannot see that of a transaction that is not committed. The copies that
        nobody works on are locked, so that nobody begins; that raises a serialization
        failure where one was settled since our transaction began. The worker with the
        other copy takes what we leave: it claims again after each commit.
        """
        message_ids = [each for each in self.mapped("message_id") if each]
        twins = SQL(
            "SELECT id, message_id FROM mail_gateway_inbound"
            " WHERE message_id = ANY(%s) AND id != ALL(%s)",
            message_ids,
            self.ids,
        )
        found = message_ids and self.env.execute_query(twins)
        if not found:
            return self
        free = self.env.execute_query(SQL("%s FOR SHARE SKIP LOCKED", twins))
        busy = {message_id for _id, message_id in set(found) - set(free)}
        left = self.filtered(lambda row: row.message_id in busy)
        left._lay_down()
        return self - left

    def _process_ready(self):
        """Process those of these claimed messages that need not wait for another.

        :returns: how many were dealt with, as :meth:`_process_batch`
        """
        ready = self._ready()
        count = ready._process_batch()
        ready[count:]._lay_down()
        return count + len(self) - len(ready)

    def _process_batch(self):
        """Turn claimed messages into records until the batch is large enough.

        :returns: how many; the locks of the others end with the caller's commit
        :raises: what says that the transaction as a whole is lost
        """
        if not self:
            return 0
        until = time.monotonic() + BATCH_SECONDS
        count, held = 0, self.browse()
        mail_gateway_memo.begin(self.env)
        try:
            contents = self._small_contents()
            self.browse(contents)._lock_message_ids()
            self._look_up_senders()
            for row in self:
                if row._joins_the_wait(held):
                    contents.pop(row.id, None)
                    count += 1
                    continue
                # A savepoint that was rolled back took the memo along.
                mail_gateway_memo.begin(self.env)
                trace = row._new_trace(contents.pop(row.id, None))
                error = row._attempt(partial(row._hand_over, trace, None))
                if isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                    raise error
                # At once: the next one may be a copy of it.
                row._note(error, trace)
                self._leave_environments()
                if row.state == State.RETRY.value:
                    held |= row
                count += 1
                if not contents or time.monotonic() >= until:
                    break
        finally:
            self._forget_unused()
            mail_gateway_memo.end(self.env)
        return count

    def _leave_environments(self):
        """Have Odoo forget the environments that were made for one message.

        It looks through all that are alive whenever it makes one (odoo/orm/
        environments.py, ``Environment.__new__``), and those of a message, some ten,
        are alive until the garbage collector finds them.
        """
        known = self.env.transaction.envs
        for env in list(known):
            if "mail_gateway_trace" in env.context:
                known.discard(env)

    def _small_contents(self):
        """Return the bytes of the first rows, by id, as many as may be in memory.

        None at all when the first one is too large by itself.
        """
        ids, size = [], 0
        for row in self:
            size += row.size
            if size > BATCH_BYTES:
                break
            ids.append(row.id)
        return self.env["mail.gateway.raw"]._read_all(ids)

    def _look_up_senders(self):
        """Ask for all senders at once what Odoo asks for each: one of us? a contact?"""
        addresses = {email_normalize(row.email_from or "") for row in self}
        addresses = sorted(filter(None, addresses))
        self.env["mail.alias.domain"]._find_aliases(addresses)
        self.env["res.partner"]._know_senders(addresses)
        examination = self.env["mail.gateway.examination"]
        examination._know_ours(addresses)
        self._know_quiet(addresses, examination._limits())

    def _note_conflict(self, error):
        """Have a message wait that came into conflict all by itself.

        :returns: the time left, after a commit
        """
        row = self.try_lock_for_update(allow_referencing=True)
        if row.state in (State.PENDING.value, State.RETRY.value):
            row._note_failure(error, Trace())
        return self.env["ir.cron"]._commit_progress(1)
