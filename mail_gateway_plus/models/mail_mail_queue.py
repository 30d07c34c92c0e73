import logging
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.policy.dispatch import Dispatch
from ..core.policy.errand import LOOK_AGAIN_SECONDS, Errand, Route, Turn
from ..core.tasks import run
from ..parameters import whole_number
from .cron_time import seconds_until_stopped
from .mail_mail_claim import DUE_AT, FREE, NOW
from .mail_mail_session import MAILS_PER_REPORT

_logger = logging.getLogger(__name__)

# System parameter and its default: sessions that one worker has at once in all.
PARALLEL_SESSIONS = ("mail_gateway_plus.parallel_sessions", 16)
# Mails that a worker claims at a time beyond those that are on their way: few, so that
# other workers get their share and what comes in urgently is not queued behind.
CLAIMED_AHEAD = 20
# A queue of more than this has all jobs that send it woken.
LONG_QUEUE = 100
QUEUE_CODE = "model.process_email_queue("


class MailMailQueue(models.Model):
    """Sending what is queued: by any number of workers, each with many sessions."""

    _inherit = "mail.mail"

    @api.model
    def process_email_queue(self, email_ids=(), batch_size=1000):
        """Send every mail that is due, most urgent first, until none is left.

        :param email_ids: only these, if given; the context's ``filters`` narrow it too
        :param batch_size: without a meaning, as the run ends with the queue or the time
        """
        if self._gateway_sends_in_caller():
            return super().process_email_queue(email_ids, batch_size)
        return self._gateway_process_outgoing(email_ids)

    @api.model
    def _gateway_process_outgoing(self, email_ids=()):
        if self.env["ir.mail_server"]._disable_send():
            return None
        cron = self.env["ir.cron"]
        self._gateway_recover_claims()
        due = self._gateway_count_due()
        if due > LONG_QUEUE and not email_ids:
            self._gateway_wake_all_workers()
        time_left = cron._commit_progress(remaining=due)
        if due and time_left:
            with self._gateway_worker_token() as token:
                turn = Turn(token, self._gateway_chosen_ids(email_ids))
                turn.note_time_left(time_left)
                turn.note_stopped_in(seconds_until_stopped(self.env))
                self._gateway_commit()
                try:
                    threads = self._gateway_session_count()
                    senders = self._gateway_senders(turn)
                    run(senders, threads, patience=LOOK_AGAIN_SECONDS)
                finally:
                    self.env.cr.rollback()
                    self._gateway_empty_bin(turn)
                    self._gateway_release(token)
                    self._gateway_commit()
            cron._commit_progress(turn.done % MAILS_PER_REPORT)
        if due and self._gateway_count_due():
            # Time is up. After the other jobs it is our turn again, at once. If we
            # came to nothing, what is due is not to be had: others have it locked.
            self._gateway_wake_queue_at(
                None
                if turn.done
                else fields.Datetime.add(fields.Datetime.now(), minutes=1)
            )
        cron._commit_progress(remaining=0)
        return None

    @api.model
    def _gateway_chosen_ids(self, email_ids):
        """Return the ids that the caller's choice leaves, or None for all."""
        filters = self.env.context.get("filters")
        if not filters:
            return list(email_ids) or None
        domain = Domain([*filters]) & Domain("state", "=", "outgoing")
        if email_ids:
            domain &= Domain("id", "in", list(email_ids))
        return self.search(domain).ids

    @api.model
    def _gateway_count_due(self):
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM mail_mail WHERE state = 'outgoing'"
                " AND %s <= %s AND %s",
                DUE_AT,
                NOW,
                FREE,
            )
        )
        return count

    @api.model
    def _gateway_wake_all_workers(self):
        """Wake every job that sends the queue, for as many workers to share it.

        Odoo runs one job in one worker at a time. A second comes with the addon; who
        has more workers duplicates it.
        """
        mine = self.env.context.get("cron_id")
        jobs = (
            self.env["ir.cron"]
            .sudo()
            .search(
                [
                    ("model_id.model", "=", self._name),
                    ("code", "like", QUEUE_CODE),
                    ("id", "!=", mine),
                ]
            )
        )
        for job in jobs:
            job._trigger()

    @api.model
    def _gateway_session_count(self):
        return whole_number(self.env, PARALLEL_SESSIONS, least=1)

    def _gateway_commit(self):
        self.env.cr.commit()  # pylint: disable=invalid-commit

    # ----------------------------------------------------------------------- filling

    @api.model
    def _gateway_senders(self, turn):
        """Yield a task for each session, as long as there are mails and time.

        None when there is nothing to begin just now, but tasks are still at work.
        """
        limit_of = partial(self._gateway_session_limit, turn)
        while True:
            route = turn.next_route(limit_of)
            if route is None and self._gateway_refill(turn):
                route = turn.next_route(limit_of)
            if route is not None:
                yield self._gateway_sender(route, turn)
            elif turn.sessions.total():
                # What was read here shall not keep a transaction open meanwhile.
                self._gateway_commit()
                yield None
            else:
                return

    def _gateway_session_limit(self, turn, route):
        limits, server_id = turn.session_limits, route.server_id
        if server_id not in limits:
            server = self.env["ir.mail_server"].sudo().browse(server_id or ())
            limits[server_id] = max(server.session_limit, 1) if server else 1
        return limits[server_id]

    @api.model
    def _gateway_refill(self, turn):
        """Claim more mails when few are left; return whether any came."""
        if turn.is_drained or not turn.has_time or turn.backlog > CLAIMED_AHEAD // 2:
            return False
        while True:
            try:
                rows = self._gateway_claim(turn.token, CLAIMED_AHEAD, turn.among)
                errands = [
                    Errand(mail_id, due_at, has_history=bool(has_history))
                    for mail_id, _lane, due_at, has_history in rows
                ]
                routed = self._gateway_route(turn, errands)
                self._gateway_commit()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
                continue
            # Where all of them wait or are given up, those behind them come.
            if routed or not rows or not turn.has_time:
                break
        turn.drained_at = None if rows else turn.clock()
        for route, mails in routed:
            turn.add(route, mails)
        return bool(rows)

    @api.model
    def _gateway_route(self, turn, errands):
        """Return pairs of a route and its errands, as Odoo groups mails.

        A mail that cannot be grouped at all is given up; it must not hold up others.
        """
        try:
            with self.env.cr.savepoint():
                return self._gateway_route_together(turn, errands)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            if len(errands) == 1:
                _logger.exception("Mail %s has no way out", errands[0].mail_id)
                self.browse(errands[0].mail_id)._gateway_give_up_unsent(error)
                return []
        return [
            pair for errand in errands for pair in self._gateway_route(turn, [errand])
        ]

    def _gateway_route_together(self, turn, errands):
        by_id = {errand.mail_id: errand for errand in errands}
        dispatch = Dispatch()
        mails = self.browse(by_id).with_context(mail_gateway_dispatch=dispatch)
        routed = []
        for (
            server_id,
            domain_id,
            smtp_from,
            ids,
        ) in mails._split_by_mail_configuration():
            route = Route(
                server_id or 0, domain_id or 0, smtp_from, dispatch.server_is_forced
            )
            server = self.env["ir.mail_server"].browse(server_id or ())
            if not route.server_is_forced:
                chosen = [by_id[mail_id] for mail_id in ids]
                chosen = self._gateway_await(server, smtp_from, chosen, turn)
                ids = [errand.mail_id for errand in chosen]
            if not ids:
                continue
            if not route.server_is_forced and server._is_for_other_senders(smtp_from):
                self.browse(ids)._gateway_refuse_sender(server, smtp_from)
                continue
            if server.sudo().owner_user_id:
                ids = self._gateway_throttle(turn, server, ids)
            # A mail of a personal server may have been split just now.
            chosen = [by_id.get(i) or Errand(i, errands[0].due_at) for i in ids]
            routed.append((route, chosen))
        return routed

    def _gateway_throttle(self, turn, server, mail_ids):
        """Return the ids that a personal server may send in this minute.

        The others are put off by Odoo, and given back here.
        """
        sendable = self.browse(mail_ids)._split_by_delayed_batch(server)
        new = self.browse(set(sendable.ids) - set(mail_ids))
        self.env.flush_all()
        new._gateway_claim_these(turn.token)
        self._gateway_release(turn.token, list(set(mail_ids) - set(sendable.ids)))
        return sendable.ids
