"""When a round trip is late, when it is lost, and when to look again."""

from datetime import timedelta
from enum import Enum

LATE_AFTER = timedelta(minutes=15)
LOST_AFTER = timedelta(days=1)
# After a temporary refusal the mail is offered again for so long.
OFFERED_FOR = timedelta(hours=4)
# Somebody waits in front of a screen: seconds between the first looks.
LIVE_WAITS = (1, 1, 2, 2, 3, 5, 5, 10, 15, 15, 30, 30)
# From then on, by the scheduler: the age until which, and how often.
LOOKS = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (LOST_AFTER, timedelta(minutes=30)),
)


class State(str, Enum):
    """How far a round-trip mail has come."""

    SENDING = "sending"
    SENT = "sent"
    LATE = "late"
    ARRIVED = "arrived"
    LOST = "lost"
    FAILED = "failed"


OPEN_STATES = (State.SENDING, State.SENT, State.LATE)
BAD_STATES = (State.LATE, State.LOST, State.FAILED)


def grown_old(state, age):
    """Return the state of a mail that has not arrived since it was sent."""
    if state not in OPEN_STATES or state is State.SENDING:
        return state
    if age >= LOST_AFTER:
        return State.LOST
    return State.LATE if age >= LATE_AFTER else state


def next_look(age):
    """Return after how long to look again."""
    return next((wait for until, wait in LOOKS if age < until), LOOKS[-1][1])


def plausible_delay(sent_at, delivered_at, found_at):
    """Return how long a mail was on its way, in seconds.

    Until the last server took it, as that server says; its clock may be wrong, so the
    time is no less than none, and no more than until it was found.
    """
    until_found = max((found_at - sent_at).total_seconds(), 0)
    if delivered_at is None:
        return until_found
    return min(max((delivered_at - sent_at).total_seconds(), 0), until_found)
