from odoo import fields, models
from odoo.tools import SQL

from ..core.policy.outcome import State
from ..core.policy.waiting import answered_first, look_again_at


class MailGatewayInboundWaiting(models.Model):
    """Replies that came before what they answer has become a record.

    Odoo would find no message that they answer, and make a second record.
    """

    _inherit = "mail.gateway.inbound"

    answers = fields.Text(
        string="Answers to",
        readonly=True,
        help="The Message-IDs of the messages that it answers, oldest first.",
    )
    waiting_since = fields.Datetime(
        readonly=True,
        help="When it began to wait for the message that it answers.",
    )

    def _ready(self):
        """Return those of these claimed rows that can be processed now, in order.

        A reply comes after what it answers. One whose message is still to be processed
        by others waits, and so does what answers that one.
        """
        replies = self.filtered("answers")
        if not replies:
            return self
        due = dict(self.env.execute_query(replies._awaited_query(self)))
        waiting = self.browse()
        ordered = self._answered_first()
        for row in ordered:
            if row.id in due:
                has_to_wait = row._wait(due[row.id])
            else:
                has_to_wait = row._joins_the_wait(waiting)
            if has_to_wait:
                waiting |= row
        return ordered - waiting

    def _awaited_query(self, batch):
        """Return the statement that hands out which of these replies have to wait.

        It yields their ids, and when what they answer is processed next. Whoever
        answers a message that Odoo knows finds its record by that. Two that answer
        each other do not wait.
        """
        return SQL(
            """
            SELECT reply.id, min(answered.retry_at)
              FROM mail_gateway_inbound AS reply
             CROSS JOIN unnest(string_to_array(reply.answers, ' ')) AS named(id)
              JOIN mail_gateway_inbound AS answered ON answered.message_id = named.id
             WHERE reply.id = ANY(%(replies)s)
               AND answered.state IN ('pending', 'retry')
               AND answered.id != ALL(%(batch)s)
               AND answered.message_id IS DISTINCT FROM reply.message_id
               AND (reply.message_id = ANY(string_to_array(answered.answers, ' ')))
                   IS NOT TRUE
               AND NOT EXISTS (
                   SELECT FROM mail_message
                    WHERE message_id = ANY(string_to_array(reply.answers, ' '))
                      AND model IS NOT NULL)
             GROUP BY reply.id
            """,
            replies=self.ids,
            batch=batch.ids,
        )

    def _answered_first(self):
        messages = [(row.id, row.message_id, row._answered()) for row in self]
        return self.browse(answered_first(messages))

    def _answered(self):
        return (self.answers or "").split()

    def _joins_the_wait(self, rows):
        """Have this row wait if it answers one of these, which are not done yet.

        :returns: whether it does
        """
        answered = self._answered()
        due = [row.retry_at for row in rows if row.message_id in answered]
        return bool(due) and self._wait(min(due))

    def _wait(self, answered_at):
        """Put this row off until what it answers has been processed.

        :param answered_at: when that is to be, or ``None``
        :returns: whether it waits; not when it has waited long enough
        """
        now = fields.Datetime.now()
        since = self.waiting_since or now
        again_at = look_again_at(now, since, answered_at or now)
        if again_at is None:
            return False
        self._lay_down()
        self.write({"waiting_since": since, "retry_at": again_at})
        if self.state == State.PENDING.value and not self.reason:
            self.reason = self._waiting_text()
        self._wake_processing(again_at)
        return True

    def _waiting_text(self):
        return self.env._("Waits for the message that it answers.")

    def _standing_order(self):
        """Return who or what had the message processed, if the reason says that."""
        return self.reason != self._waiting_text() and self.reason
