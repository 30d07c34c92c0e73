"""What becomes of a mail, from what became of each of its recipients."""

from dataclasses import dataclass
from enum import Enum

from ..protocols.smtp_delivery import Phase, Reply


class Outcome(str, Enum):
    """What one try came to for one recipient."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    UNTRIED = "untried"

    @property
    def is_taken(self):
        """Whether a server has the mail for this recipient."""
        return self is Outcome.ACCEPTED

    @property
    def is_settled(self):
        """Whether no further try is made by itself."""
        return self in (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.UNCERTAIN)


class Fate(str, Enum):
    """What becomes of the mail."""

    SENT = "sent"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    DEAD = "dead"


@dataclass(frozen=True)
class Answer:
    """What one try came to for one recipient, and why.

    ``verdict`` is None where nothing went wrong (core/policy/replies.py).
    """

    address: str
    outcome: Outcome
    reply: Reply = Reply(0, "")
    verdict: object = None

    def __str__(self):
        code = f"{self.reply.code} " if self.reply.code else ""
        return f"{self.address}: {code}{self.reply.text}"


def answers_of(delivery, judge):
    """Return an :class:`Answer` for each recipient of a delivery.

    :param judge: ``judge(phase, reply, error=None)`` returns the verdict on a reply
    """
    whole = None
    if not delivery.accepted and not delivery.is_uncertain:
        whole = judge(delivery.phase, delivery.reply, delivery.error)
    return [
        _answer(delivery, address, reply, judge, whole)
        for address, reply in delivery.recipients.items()
    ]


def _answer(delivery, address, reply, judge, whole):
    if reply is not None and not reply.is_positive:
        verdict = judge(Phase.RCPT, reply)
        return Answer(address, outcome_of(verdict), reply, verdict)
    if delivery.accepted:
        return Answer(address, Outcome.ACCEPTED, delivery.reply)
    if delivery.is_uncertain:
        verdict = judge(delivery.phase, delivery.reply, delivery.error)
        return Answer(address, Outcome.UNCERTAIN, delivery.reply, verdict)
    return Answer(address, outcome_of(whole), delivery.reply, whole)


def outcome_of(verdict):
    """Return what a verdict on a failure means for a recipient."""
    if concerns_server(verdict):
        return Outcome.UNTRIED
    is_final = verdict.kind.value == "permanent"
    return Outcome.REFUSED if is_final else Outcome.DEFERRED


def concerns_server(verdict):
    """Say whether another server may well take what this one did not."""
    return verdict.scope.value in ("sender", "account", "rate", "connection")


def fault_of(delivery, judge):
    """Return the verdict on a delivery that another server may well take, or None."""
    if delivery.accepted or delivery.is_uncertain:
        return None
    verdict = judge(delivery.phase, delivery.reply, delivery.error)
    return verdict if concerns_server(verdict) else None


def is_of_session(verdict):
    """Say whether only the session ended, so that a new one may do."""
    return verdict.scope.value == "connection" and verdict.kind.value == "temporary"


def fate_of(answers):
    """Return the :class:`Fate` of a mail with these answers, the latest of each.

    Whoever may still be reached is, before anything else is decided; what is uncertain
    outweighs a refusal, as somebody has to look at it in any case.
    """
    outcomes = {answer.outcome for answer in answers}
    if outcomes & {Outcome.DEFERRED, Outcome.UNTRIED}:
        return Fate.RETRY
    if Outcome.UNCERTAIN in outcomes:
        return Fate.UNCERTAIN
    return Fate.DEAD if Outcome.REFUSED in outcomes else Fate.SENT
