import logging
import random
import time
from datetime import timedelta

import psycopg2

from odoo import fields, models
from odoo.tools import SQL

from ..core.errors import DatabaseLost
from ..core.policy.deaths import DEATHS_UNTIL_PARKED, wait_after_death
from ..core.policy.outcome import State, Trace
from ..core.policy.retry import INBOUND_WAITS
from .mail_gateway_inbound_processing import NOT_IN_WORK

_logger = logging.getLogger(__name__)

# Pauses in seconds before the database is asked for a new connection: it is restarted
# in less, and takes some time to come up again.
RECONNECT_PAUSES = (0, 1, 2, 4, 8)


def _first_of(error):
    """Return the database's first error in a chain: the later ones only follow."""
    first = error
    while error is not None:
        if isinstance(error, psycopg2.Error):
            first = error
        error = error.__context__
    return first


def new_run():
    """Return the number by which a run of the scheduler knows its own marks."""
    return random.randrange(1, 2**31)


class MailGatewayInboundClaim(models.Model):
    """Who has which messages in work, and what is known once nobody lives to tell.

    A claim leaves a mark before the work begins, in a transaction of its own. The work
    takes the mark away, or is rolled back with it. So a mark on a row that nobody has
    locked says that its worker was killed, and that one of the rows that it had may be
    to blame; a worker that lives takes its marks off, even when an exception ends it.
    They are processed one by one from then on, so that only that one kills again, and
    what it was begun alone with is counted until it comes to an end.

    Not every mark that is left tells of a death. A worker that lost its connection
    lives: it takes up another one and has the message tried again later, as after any
    passing fault of the database. If it cannot, or was killed along with PostgreSQL,
    the mark is older than PostgreSQL's start, and tells nothing about the message. That
    a host lost its power, PostgreSQL's did not and nobody was left, cannot be told from
    a death, and counts as one. A message that fails by losing the connection each time,
    or with which PostgreSQL is restarted each time, is parked after as many tries as
    any other that fails by passing faults.
    """

    _inherit = "mail.gateway.inbound"

    def _claim(self, server, limit=1, run=0):
        """Mark, lock and return the oldest due rows that no other worker has.

        :param run: the number of this run, for which its own marks are no bad sign
        :returns: the rows, locked until the commit that settles them; one alone when
            it may have killed a worker

        Commits the mark, so the caller has nothing uncommitted.
        """
        while True:
            query = self._claim_query(server, limit, run)
            # Another worker may come first, which the caller takes for no error.
            self.env.cr.execute(query, log_exceptions=False)
            found = self.env.cr.fetchall()
            if not found:
                return self.browse()
            ids, deaths, tries = zip(*found, strict=True)
            rows = self.browse(ids)._not_deadly(max(deaths), max(tries))
            self.env.cr.commit()  # pylint: disable=invalid-commit
            if locked := rows._lock_marked(run):
                return locked

    def _claim_query(self, server, limit, run=0):
        """Return the statement that marks rows and hands out how often they were tried.

        The oldest row alone if a killed run left its mark on it, else all without one.
        An unended try before PostgreSQL's start becomes one that failed.
        """
        return SQL(
            """
            WITH due AS (
                SELECT id, retry_at,
                       coalesce(nullif(taken_by, 0), %(run)s) != %(run)s
                       OR coalesce(unended_tries, 0) > 0 AS is_left,
                       CASE WHEN unended_tries > 0 AND taken_at
                                 < pg_postmaster_start_time() AT TIME ZONE 'UTC'
                            THEN 1 ELSE 0 END AS forgiven
                  FROM mail_gateway_inbound
                 WHERE %(due)s AND awaits_check IS NOT TRUE
                 ORDER BY retry_at, id
                 LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
            ), oldest AS (
                SELECT id, is_left FROM due ORDER BY retry_at, id LIMIT 1
            ), taken AS (
                SELECT due.id, due.forgiven FROM due, oldest
                 WHERE CASE WHEN oldest.is_left THEN due.id = oldest.id
                            ELSE NOT due.is_left END
            )
            UPDATE mail_gateway_inbound AS message
               SET taken_by = %(run)s,
                   taken_at = now() AT TIME ZONE 'UTC',
                   tries = coalesce(tries, 0) + forgiven,
                   unended_tries = coalesce(unended_tries, 0) - forgiven + CASE
                       WHEN taken_by = %(run)s OR (SELECT count(*) FROM taken) > 1
                       THEN 0 ELSE 1 END
              FROM taken
             WHERE message.id = taken.id
            RETURNING message.id, message.unended_tries, message.tries
            """,
            run=run,
            due=self._due_condition(server),
            limit=limit,
        )

    def _not_deadly(self, begun, tries):
        """Return these marked rows, without one that has killed too many workers.

        :param begun: how often one was begun alone without an end, this time included
        :param tries: how often one was tried and came to an end, a failure above all
        """
        self.invalidate_recordset()
        if len(self) > 1:
            return self
        if tries > len(INBOUND_WAITS):
            self._park_as_deadly(
                self.env._(
                    "%s tries to process it ended with a lost connection to the "
                    "database, or its restart.",
                    tries,
                )
            )
            return self.browse()
        if begun <= 1:
            return self
        if wait_after_death(begun - 1) is None:
            self._park_as_deadly(
                self.env._(
                    "Processing it killed Odoo %s times, most likely by the limit on "
                    "memory or time.",
                    DEATHS_UNTIL_PARKED,
                )
            )
            return self.browse()
        if after := wait_after_death(begun):
            # If it kills again, the others come first.
            self.retry_at = fields.Datetime.now() + after
            self._wake_processing(self.retry_at + timedelta(seconds=1))
        return self

    def _park_as_deadly(self, what):
        _logger.warning("Inbound message %s is parked: %s", self.id, what)
        hope = self.env._(
            "What it becomes can be decided all the same: a minimal ticket does not "
            "need it to be read."
        )
        self.write(
            {
                "state": State.QUARANTINED.value,
                "reason": self._with_order(f"{what} {hope}"),
                "retry_at": False,
                "parked_under": False,  # trying it unasked might kill Odoo again
                **NOT_IN_WORK,
            }
        )

    def _lock_marked(self, run):
        """Lock these rows again after the commit and return those still ours.

        Meanwhile another worker or a person may have taken them up.
        """
        if not self:
            return self
        query = SQL(
            "SELECT id FROM mail_gateway_inbound WHERE id = ANY(%s) AND taken_by = %s"
            " AND state IN ('pending', 'retry') ORDER BY retry_at, id"
            " FOR NO KEY UPDATE SKIP LOCKED",
            self.ids,
            run,
        )
        return self.browse(row_id for (row_id,) in self.env.execute_query(query))

    def _take_marks_off(self, run):
        """Take off what is left of a run's marks: it lives, so it was not killed.

        An exception may have ended its work on rows that are none the worse for it.
        Rows that others have locked are theirs.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE mail_gateway_inbound
                   SET taken_by = NULL,
                       unended_tries = greatest(coalesce(unended_tries, 0) - 1, 0)
                 WHERE id IN (
                    SELECT id FROM mail_gateway_inbound
                     WHERE taken_by = %s AND state IN ('pending', 'retry')
                       FOR NO KEY UPDATE SKIP LOCKED)
                """,
                run,
            )
        )
        self.invalidate_model(["taken_by", "unended_tries"])
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _note_lost_connection(self, run, error):
        """Note of what a run had in work that our connection ended, and not we.

        What was tried alone is tried again later, on the schedule of passing faults. A
        batch is tried one by one: one of its messages may be what ends connections.
        """
        for pause in RECONNECT_PAUSES:
            time.sleep(pause)
            try:
                with self.env.registry.cursor() as cr:
                    journal = self.with_env(self.env(cr=cr))
                    journal._note_cut_off(run, error)
                return
            except psycopg2.Error:
                _logger.info("The database is not back yet", exc_info=True)

    def _note_cut_off(self, run, error):
        rows = self.search([("taken_by", "=", run), ("unended_tries", ">", 0)])
        for row in rows.try_lock_for_update(allow_referencing=True):
            deaths = row.unended_tries - 1  # earlier ones
            lost = DatabaseLost(str(_first_of(error)).strip())
            lost.__cause__ = error
            row._note_failure(lost, Trace())
            row.unended_tries = deaths

    def _lay_down(self):
        """Take the marks off rows that we have locked and do not process now."""
        for row in self:
            # This time does not count; what happened at earlier ones does.
            tries = max(row.unended_tries - 1, 0)
            row.write({"taken_by": False, "unended_tries": tries})
