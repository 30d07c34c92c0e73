import random
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..core.policy.lanes import Lane
from ..core.policy.sending_retry import next_try
from .ir_mail_server_sending import is_own_quota
from .mail_mail_result import tell

# While no server can be used, mail waits for the first that may be tried again: so long
# at least, and at most, as things change in ways that nobody tells us.
LEAST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=30)


class MailMailPutOff(models.Model):
    """Mails that no server could take at this time wait, all by one statement."""

    _inherit = "mail.mail"

    def _gateway_put_off(self, route, errands, turn, servers):
        """Have mails wait that no server could take; commits.

        What was said about a mail itself, or gives it up, is a result as any other.

        :param servers: those that were asked
        """
        waits, why = [], None
        if not servers:
            found = self.env["ir.mail_server"].browse(route.server_id or ())
            why = found._why_none_usable(route.smtp_from)
        chances = self._gateway_chances(turn, servers, len(errands))
        mails = {mail.id: mail for mail in self._gateway_existing(errands)}
        for errand, chance_at in zip(errands, chances, strict=True):
            mail = mails.get(errand.mail_id)
            if mail is None:
                continue
            wait = mail._gateway_wait(errand, chance_at, why)
            if wait is None:
                self._gateway_surely(
                    lambda mail=mail, e=errand: mail._gateway_put_off_one(e, turn, why)
                )
            else:
                waits.append((errand.mail_id, *wait))
        if waits:
            self._gateway_surely(lambda: self._gateway_write_waits(turn.token, waits))

    def _gateway_existing(self, errands):
        """Return the mails of these errands, but for those deleted meanwhile."""
        return self.browse(errand.mail_id for errand in errands).exists()

    def _gateway_wait(self, errand, chance_at, why):
        """Return until when a mail waits, its tries, since when, why and for what.

        None where it is more than a matter of waiting. What never came to a server,
        or to its quota only, is not the mail's failure and is not counted as a try.

        :param why: cause and words for those that no server was asked about
        """
        verdicts = [verdict for _server, verdict in errand.tried.values()]
        tries, since = self.gateway_tries, self.gateway_since or None
        if not verdicts:
            cause, told = self._gateway_told_unasked(why)
            return self._gateway_wait_unasked(errand, chance_at, told, cause)
        if any(answer.verdict is not None for answer in errand.answers.values()):
            return None
        if all(map(is_own_quota, verdicts)):
            free_at = fields.Datetime.now() + min(v.wait for v in verdicts)
            due_at = min(max(free_at, chance_at), free_at + LONGEST_WAIT)
            return due_at, tries, since, self._gateway_told(errand), verdicts[0].cause
        verdict = _best(verdicts)
        since = since or errand.due_at
        wait = self._gateway_next_try(verdict, tries + 1, since)
        if wait is None:
            return None
        due_at = fields.Datetime.now() + wait
        return due_at, tries + 1, since, self._gateway_told(errand), verdict.cause

    def _gateway_next_try(self, verdict, tries, since):
        """Return how long to wait after a failed try; None: give it up."""
        lane = Lane(self.gateway_lane or Lane.NOTIFICATION.value)
        return next_try(
            lane.name.lower(),
            tries,
            verdict,
            fields.Datetime.now() - since,
            random.random(),
            self.env["ir.mail_server"]._patience(),
        )

    def _gateway_told(self, errand):
        """Return what each server that was asked had against it."""
        told = [
            self.env._(
                "%(server)s: %(cause)s",
                server=server.name or self.env._("Command line settings"),
                cause=verdict.cause,
            )
            for server, verdict in errand.tried.values()
        ]
        return self.env._("No outgoing mail server took it.\n%s", "\n".join(told))

    def _gateway_put_off_one(self, errand, turn, why):
        """Write down the result of one that does not simply wait."""
        if not self._gateway_hold(turn.token):
            return
        if not errand.tried:
            cause, told = self._gateway_told_unasked(why)
            self._gateway_give_up("mail_smtp", told, cause.value, ([], []))
            return
        reason = self._gateway_told(errand)
        answers = [a for a in errand.answers.values() if a.verdict is not None]
        if answers:
            reason = f"{reason}\n{tell(answers)}"
        verdict = _best([verdict for _server, verdict in errand.tried.values()])
        self._gateway_try_again(errand, verdict, reason, ([], []))

    def _gateway_chances(self, turn, tried, count):
        """Return for each of so many mails when a server may be tried for it.

        That is when the first one that is out of use comes back; and of those whose
        quota is spent, when it is this mail's turn: if all came when the window opens,
        each would be taken up and put off again and again.

        Breakers that a person opened, and servers that nothing is known of, do not
        count: who changes something has the waiting mail sent (``_gateway_redrive``).

        :param tried: the servers that were asked; if none were to be had, all count
        :returns: a time for each; None where nothing says when
        """
        now = fields.Datetime.now()
        servers, moments = self.env["ir.mail_server"].sudo(), []
        if tried:
            servers = servers.browse(server.id for server in tried if server.id)
        else:
            servers = servers.search([("quota_ids", "!=", False)])
            breakers = self.env["mail.gateway.breaker"].sudo()
            out_of_use = breakers.search([("open_until", "!=", False)])
            moments = out_of_use.mapped("open_until")
        key = tuple(servers.ids)
        quotas = self.env["mail.gateway.quota"]
        turns = quotas._turns(servers, turn.put_off[key], count)
        turn.put_off[key] += len(turns)
        if tried and turns:
            return turns
        soonest = min(moments, default=None)
        if not (tried or turns or soonest):
            return [None] * count  # nobody knows
        turns = turns or [soonest or now + timedelta(minutes=1)] * count
        least, most = now + LEAST_WAIT, now + LONGEST_WAIT
        return [min(max(min(each, soonest or each), least), most) for each in turns]

    def _gateway_write_waits(self, token, waits):
        """Give claimed mails back until their time, and have the queue run then.

        One statement for all of them. A row that is not ours any more is left alone.
        """
        mail_ids, moments, tries, since, reasons, causes = zip(*waits, strict=True)
        self.env.execute_query(
            SQL(
                """
                UPDATE mail_mail
                   SET gateway_claim = NULL,
                       gateway_claimed_until = NULL,
                       gateway_phase = NULL,
                       scheduled_date = wait.due_at,
                       gateway_tries = wait.tries,
                       gateway_since = wait.since,
                       failure_reason = wait.reason,
                       gateway_cause = wait.cause
                  FROM unnest(%s::int[], %s::timestamp[], %s::int[], %s::timestamp[],
                              %s::text[], %s::text[])
                       AS wait(id, due_at, tries, since, reason, cause)
                 WHERE mail_mail.id = wait.id
                   AND gateway_claim = %s
                   AND state = 'outgoing'
             RETURNING mail_mail.id
                """,
                list(mail_ids),
                [moment.replace(microsecond=0) for moment in moments],
                list(tries),
                list(since),
                list(reasons),
                list(causes),
                token,
            )
        )
        self.browse(mail_ids).invalidate_recordset(flush=False)
        for moment in set(moments):
            self._gateway_wake_queue_at(moment)


def _best(verdicts):
    """Return the verdict that decides about the next try: the most hopeful one."""
    return next((v for v in verdicts if not v.is_final), verdicts[0])
