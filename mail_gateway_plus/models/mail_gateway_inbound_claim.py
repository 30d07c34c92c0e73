import logging
import random
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..core.policy.deaths import DEATHS_UNTIL_PARKED, wait_after_death
from ..core.policy.outcome import State
from .mail_gateway_inbound_processing import NOT_IN_WORK

_logger = logging.getLogger(__name__)


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
            found = dict(self.env.execute_query(query))
            if not found:
                return self.browse()
            rows = self.browse(found)._not_deadly(max(found.values()))
            self.env.cr.commit()  # pylint: disable=invalid-commit
            if locked := rows._lock_marked(run):
                return locked

    def _claim_query(self, server, limit, run=0):
        """Return the statement that marks rows and hands out their unended tries.

        The oldest row alone if a killed run left its mark on it, else all without one.
        """
        return SQL(
            """
            WITH due AS (
                SELECT id, retry_at,
                       coalesce(nullif(taken_by, 0), %(run)s) != %(run)s
                       OR coalesce(unended_tries, 0) > 0 AS is_left
                  FROM mail_gateway_inbound
                 WHERE %(due)s AND awaits_check IS NOT TRUE
                 ORDER BY retry_at, id
                 LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
            ), oldest AS (
                SELECT id, is_left FROM due ORDER BY retry_at, id LIMIT 1
            ), taken AS (
                SELECT due.id FROM due, oldest
                 WHERE CASE WHEN oldest.is_left THEN due.id = oldest.id
                            ELSE NOT due.is_left END
            )
            UPDATE mail_gateway_inbound AS message
               SET taken_by = %(run)s,
                   unended_tries = coalesce(unended_tries, 0) + CASE
                       WHEN taken_by = %(run)s OR (SELECT count(*) FROM taken) > 1
                       THEN 0 ELSE 1 END
              FROM taken
             WHERE message.id = taken.id
            RETURNING message.id, message.unended_tries
            """,
            run=run,
            due=self._due_condition(server),
            limit=limit,
        )

    def _not_deadly(self, tries):
        """Return these marked rows, without one that has killed too many workers.

        :param tries: how often one was begun alone, this time included
        """
        self.invalidate_recordset()
        if len(self) > 1 or tries <= 1:
            return self
        wait = wait_after_death(tries - 1)
        if wait is None:
            self._park_as_deadly()
            return self.browse()
        if after := wait_after_death(tries):
            # If it kills again, the others come first.
            self.retry_at = fields.Datetime.now() + after
            self._wake_processing(self.retry_at + timedelta(seconds=1))
        return self

    def _park_as_deadly(self):
        _logger.warning("Inbound message %s killed Odoo and is parked", self.id)
        reason = self.env._(
            "Processing it killed Odoo %s times, most likely by the limit on memory or "
            "time. What it becomes can be decided all the same: a minimal ticket does "
            "not need it to be read.",
            DEATHS_UNTIL_PARKED,
        )
        self.write(
            {
                "state": State.QUARANTINED.value,
                "reason": self._with_order(reason),
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

    def _lay_down(self):
        """Take the marks off rows that we have locked and do not process now."""
        for row in self:
            # This time does not count; what happened at earlier ones does.
            tries = max(row.unended_tries - 1, 0)
            row.write({"taken_by": False, "unended_tries": tries})
