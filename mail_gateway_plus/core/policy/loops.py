"""When so much mail comes that two machines may be answering each other."""

from dataclasses import dataclass
from enum import Enum


class Excess(str, Enum):
    """The limit that a message is above."""

    SENDER = "sender"
    THREAD = "thread"


@dataclass(frozen=True)
class Limits:
    """How many messages are plausible within a time.

    ``records``: new records of one sender. ``replies``: messages on one record from
    whomever, as a program's address may change with each. ``answers``: automatic
    answers to one sender's messages with one subject, numbers aside; with two, servers
    that answer each other are silent after five mails. ``reopenings``: of one record
    within a day.
    """

    minutes: int = 120
    records: int = 20
    replies: int = 40
    answers: int = 2
    reopenings: int = 3

    def excess(self, opened=0, on_record=0):
        """Return the limit that one more message would be above, or ``None``."""
        if opened >= self.records:
            return Excess.SENDER
        return Excess.THREAD if on_record >= self.replies else None

    def may_answer(self, alike):
        """Say whether one more automatic answer can still be meant for a person."""
        return alike < self.answers
