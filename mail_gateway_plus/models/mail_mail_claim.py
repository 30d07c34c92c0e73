import random
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..core.policy.lanes import share_out

# The first half of the advisory lock's key, "MGwS"; the other is the worker's token.
LOCK_CLASS = 0x4D477753
# How long a worker keeps what it took when nobody can see whether it lives: longer than
# a dialogue may take to the final dot.
LEASE = timedelta(minutes=20)
# From the final dot on a server has ten minutes to answer (RFC 5321, 4.5.3.2.6).
DOT_LEASE = timedelta(minutes=15)
# PostgreSQL's clock, which all hosts share.
NOW = SQL("(now() AT TIME ZONE 'UTC')")
# What a claim consists of.
CLAIM_FIELDS = ("gateway_claim", "gateway_claimed_until", "gateway_phase")
FREE = SQL("COALESCE(gateway_claim, 0) = 0")
DUE_AT = SQL("COALESCE(scheduled_date, create_date)")


class MailMailClaim(models.Model):
    """Who sends which mail: taken with a commit before a word goes to a server.

    A worker has a token. Its connection holds an advisory lock on it, which PostgreSQL
    drops with the connection: a claim whose lock is free belongs to nobody alive. Where
    a connection pooler hides that, the end of the lease tells.
    """

    _inherit = "mail.mail"

    @api.model
    @contextmanager
    def _gateway_worker_token(self):
        """Yield a token that shows as alive until the block ends or we are killed."""
        token = random.randrange(1, 2**31)
        # Of the session, not of the transaction: it has to outlive the commits.
        self.env.execute_query(
            SQL("SELECT pg_advisory_lock(%s, %s)", LOCK_CLASS, token)
        )
        try:
            yield token
        finally:
            self.env.execute_query(
                SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK_CLASS, token)
            )

    @api.model
    def _gateway_claim(self, token, limit, among=None):
        """Take the mails that are due, each lane its share; the caller commits.

        :param among: ids to choose from, when not all may be sent
        :returns: rows of id, lane, due time and whether somebody is settled already;
            the most urgent first, and of these the oldest
        :raises: a serialization failure where another worker was quicker
        """
        rows = share_out(
            limit,
            lambda lane, number: self._gateway_claim_in_lane(
                token, lane, number, among
            ),
        )
        return sorted(rows, key=lambda row: (row[1], row[2], row[0]))

    def _gateway_claim_in_lane(self, token, lane, limit, among):
        if limit <= 0:
            return []
        return self.env.execute_query(
            self._gateway_claim_query(token, lane, limit, among)
        )

    def _gateway_claim_query(self, token, lane, limit, among=None):
        """Return the statement that takes a lane's oldest due mails.

        SKIP LOCKED: rows that another worker takes at this moment, or that a user's
        transaction has changed and not committed, are passed over and not waited for.
        ARRAY: a subquery after IN may be run more than once, each with a new LIMIT.
        LIMIT 1: with EXISTS all recipients there ever were may be read into a hash.
        """
        choice = SQL("TRUE") if among is None else SQL("id = ANY(%s)", list(among))
        return SQL(
            """
            UPDATE mail_mail
               SET gateway_claim = %(token)s,
                   gateway_claimed_until = %(now)s + %(lease)s,
                   gateway_phase = 'taken'
             WHERE id = ANY(ARRAY(
                   SELECT id
                     FROM mail_mail
                    WHERE state = 'outgoing'
                      AND gateway_lane = %(lane)s
                      AND %(due_at)s <= %(now)s
                      AND %(free)s
                      AND %(choice)s
                 ORDER BY %(due_at)s, id
                    LIMIT %(limit)s
                      FOR NO KEY UPDATE SKIP LOCKED))
         RETURNING id, gateway_lane, %(due_at)s,
                   (SELECT true
                      FROM mail_gateway_recipient
                     WHERE mail_id = mail_mail.id
                       AND is_settled
                     LIMIT 1)
            """,
            token=token,
            now=NOW,
            lease=LEASE,
            lane=lane.value,
            due_at=DUE_AT,
            free=FREE,
            choice=choice,
            limit=limit,
        )

    def _gateway_claim_these(self, token):
        """Take mails that were created while others were split; the caller commits."""
        self.env.execute_query(
            SQL(
                "UPDATE mail_mail SET gateway_claim = %s, gateway_phase = 'taken',"
                " gateway_claimed_until = %s + %s"
                " WHERE id = ANY(%s) AND %s RETURNING id",
                token,
                NOW,
                LEASE,
                self.ids,
                FREE,
            )
        )
        self.invalidate_recordset(CLAIM_FIELDS, flush=False)

    def _gateway_fence(self, token):
        """Return which of the mails are still ours to hand over; the caller commits.

        The last word before the final dot. The others were cancelled, or the lease was
        over and somebody else has them. From here on only the server's answer says
        whether a mail was sent.
        """
        rows = self.env.execute_query(
            SQL(
                "UPDATE mail_mail SET gateway_phase = 'dot',"
                " gateway_claimed_until = %s + %s"
                " WHERE id = ANY(%s) AND gateway_claim = %s AND state = 'outgoing'"
                " RETURNING id",
                NOW,
                DOT_LEASE,
                self.ids,
                token,
            )
        )
        return self.browse(mail_id for (mail_id,) in rows)

    def _gateway_note_not_begun(self, token):
        """Note that the next message of a claimed mail is not handed over yet."""
        self.env.execute_query(
            SQL(
                "UPDATE mail_mail SET gateway_phase = 'taken'"
                " WHERE id = %s AND gateway_claim = %s RETURNING id",
                self.id,
                token,
            )
        )

    def _gateway_hold(self, token):
        """Lock claimed rows for their results; return those that are ours to settle.

        A mail is not any more when somebody else decided about it: it was cancelled and
        queued anew while the server took its time.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM mail_mail WHERE id = ANY(%s) AND (gateway_claim = %s"
                " OR %s AND state = 'uncertain') FOR NO KEY UPDATE",
                self.ids,
                token,
                FREE,
            )
        )
        return self.browse(mail_id for (mail_id,) in rows)

    @api.model
    def _gateway_release(self, token, mail_ids=None):
        """Give back what was taken and not begun; the caller commits.

        :param mail_ids: only these
        """
        choice = SQL("TRUE") if mail_ids is None else SQL("id = ANY(%s)", mail_ids)
        self.env.execute_query(
            SQL(
                "UPDATE mail_mail SET gateway_claim = NULL, gateway_phase = NULL,"
                " gateway_claimed_until = NULL"
                " WHERE gateway_claim = %s AND gateway_phase = 'taken' AND %s"
                " RETURNING id",
                token,
                choice,
            )
        )

    @api.model
    def _gateway_claims_of_the_dead(self):
        """Lock and return the claimed mails whose worker is gone.

        :returns: rows of id and phase
        :raises: a serialization failure where a worker settled one just now
        """
        return self.env.execute_query(
            SQL(
                """
                SELECT id, gateway_phase
                  FROM mail_mail
                 WHERE gateway_claim > 0
                   AND (gateway_claimed_until < %(now)s
                        OR NOT EXISTS (
                           SELECT 1
                             FROM pg_locks
                             JOIN pg_database
                               ON pg_database.oid = pg_locks.database
                            WHERE locktype = 'advisory'
                              AND datname = current_database()
                              AND classid = %(lock_class)s
                              AND objid = gateway_claim::oid
                              AND objsubid = 2))
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                now=NOW,
                lock_class=LOCK_CLASS,
            )
        )
