from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.policy.loops import Excess
from ..core.policy.outcome import State
from ..core.policy.references import REFERENCE_LENGTH
from . import mail_gateway_memo

# In the memo of a batch: its senders who have opened nothing of late.
QUIET_SENDERS = "quiet senders"
# What differs between subjects that a machine writes: numbers, signs, and whatever
# signature follows a number (core/policy/references.py).
_SIGNS = "[[:digit:][:punct:][:space:]]"
SIGNS = rf"{_SIGNS}*[[:digit:]]-[a-z2-7]{{{REFERENCE_LENGTH}}}\M|{_SIGNS}+"


class MailGatewayInbound(models.Model):
    """How much a sender has written of late, from the journal."""

    _inherit = "mail.gateway.inbound"

    sender = fields.Char(
        readonly=True, help="The bare address in From, in lower case: who wrote it."
    )
    has_opened = fields.Boolean(
        string="Opened the Record",
        readonly=True,
        help="Whether a new record was made of it.",
    )
    has_reopened = fields.Boolean(
        string="Reopened the Record",
        readonly=True,
        help="Whether the record that it came to was closed, and was opened again.",
    )
    excess = fields.Selection(
        [
            (Excess.SENDER.value, "Too many from one sender"),
            (Excess.THREAD.value, "Too many on one record"),
        ],
        string="Above a Limit",
        readonly=True,
        help="The limit for which it was quarantined.",
    )

    # By the time of writing first: a mailbox that is read for the first time brings
    # years of mail within minutes.
    _opened_idx = models.Index("(sender, COALESCE(date, fetched_at)) WHERE has_opened")
    _lately_opened_idx = models.Index("(sender, settled_at) WHERE has_opened")
    _thread_idx = models.Index("(res_model, res_id, settled_at) WHERE state = 'done'")
    _reopened_idx = models.Index("(res_model, res_id, settled_at) WHERE has_reopened")
    _excess_idx = models.Index(
        "(sender) WHERE state = 'quarantined' AND excess IS NOT NULL"
    )

    @api.model
    def _count_opened(self, sender, subject, moment, limits):
        """Return how many records a sender has opened around a moment, and just now.

        :param moment: when the message in question was written
        :returns: that, and how many with this subject, but for numbers and signs

        Never counts further than to the limit, whatever has come.
        """
        if sender in self._quiet_senders():
            return 0, 0
        window = timedelta(minutes=limits.minutes)
        self.flush_model(["sender", "has_opened", "date", "fetched_at", "settled_at"])
        return self._count_up_to(
            limits.records,
            SQL(
                "sender = %s AND has_opened AND settled_at >= %s"
                " AND COALESCE(date, fetched_at) BETWEEN %s AND %s",
                sender,
                fields.Datetime.now() - window,
                moment - window,
                moment + window,
            ),
            subject,
        )

    @api.model
    def _know_quiet(self, senders, limits):
        """Find out with one search which of these have opened nothing of late.

        Hardly anybody opens two records within hours, and so nobody else is counted.
        """
        self.flush_model(["sender", "has_opened", "settled_at"])
        found = self.env.execute_query(
            SQL(
                # One row of each is enough, whatever a machine has sent.
                "SELECT sender FROM unnest(%s::varchar[]) AS asked (sender)"
                " WHERE EXISTS (SELECT FROM mail_gateway_inbound AS opened"
                " WHERE opened.sender = asked.sender"
                " AND opened.has_opened AND opened.settled_at >= %s)",
                senders,
                fields.Datetime.now() - timedelta(minutes=limits.minutes),
            )
        )
        quiet = set(senders) - {sender for (sender,) in found}
        mail_gateway_memo.memo_of(self.env)[QUIET_SENDERS] = quiet

    def _quiet_senders(self):
        memo = mail_gateway_memo.memo_of(self.env) or {}
        return memo.get(QUIET_SENDERS, set())

    def _note_outcome(self, outcome, trace):
        if trace.identity.get("has_opened"):
            self._quiet_senders().discard(self.sender)
        return super()._note_outcome(outcome, trace)

    @api.model
    def _count_on_record(self, record, moment, limits):
        """Return how many messages came to a record around a moment, and just now."""
        window = timedelta(minutes=limits.minutes)
        self.flush_model(["res_model", "res_id", "state", "settled_at"])
        return self._count_up_to(
            limits.replies,
            SQL(
                "res_model = %s AND res_id = %s AND state = 'done' AND settled_at >= %s"
                " AND COALESCE(date, fetched_at) BETWEEN %s AND %s",
                record._name,
                record.id,
                fields.Datetime.now() - window,
                moment - window,
                moment + window,
            ),
        )[0]

    @api.model
    def _count_reopened(self, record, limits):
        """Return how often mail has opened a record again within a day."""
        self.flush_model(["res_model", "res_id", "has_reopened", "settled_at"])
        return self._count_up_to(
            limits.reopenings,
            SQL(
                "res_model = %s AND res_id = %s AND has_reopened AND settled_at >= %s",
                record._name,
                record.id,
                fields.Datetime.now() - timedelta(days=1),
            ),
        )[0]

    def _count_up_to(self, limit, condition, subject=""):
        """Return how many rows there are, and how many have a subject like this."""
        query = SQL(
            """
            SELECT count(*), count(*) FILTER (
                       WHERE regexp_replace(lower(subject), %(signs)s, '', 'g')
                           = regexp_replace(lower(%(subject)s), %(signs)s, '', 'g'))
              FROM (SELECT subject FROM mail_gateway_inbound
                     WHERE %(condition)s LIMIT %(limit)s) AS found
            """,
            signs=SIGNS,
            subject=subject,
            condition=condition,
            limit=limit,
        )
        return self.env.execute_query(query)[0]

    @api.model
    def _is_parked_for_excess(self, sender):
        """Say whether messages of a sender wait that were above a limit."""
        return bool(
            self.search_count(
                [
                    ("sender", "=", sender),
                    ("state", "=", State.QUARANTINED.value),
                    ("excess", "!=", False),
                ],
                limit=1,
            )
        )
