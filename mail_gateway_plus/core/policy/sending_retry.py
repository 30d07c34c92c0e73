"""When a mail that was not taken is tried again."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from .verdict import Kind

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)

# Mails that failed together, as in an outage, shall not all come back together.
JITTER = 0.2
# A server that names the same short wait again and again would have us try for days.
NAMED_WAITS_OBEYED = 3
# After a spent quota that names no wait.
QUOTA_WAIT = 30 * _MINUTE
LAST_WAIT = 6 * _HOUR
# Between two looks whether a server can be used again. Somebody tells the queue as a
# rule, so these are for the cases in which that goes amiss.
LOOKS = (_MINUTE, 30 * _MINUTE)


class Lane(str, Enum):
    """Who waits for a mail: a person at a screen, a person later, nobody."""

    INTERACTIVE = "interactive"
    NOTIFICATION = "notification"
    BULK = "bulk"


# Waits after the first, second, … failed try; LAST_WAIT after all later ones. RFC 5321
# section 4.5.4.1 wants at least 30 minutes as a rule and allows what is cleverer: a
# busy server or a greylisting one takes the mail within minutes.
WAITS = {
    Lane.INTERACTIVE: (
        _MINUTE / 2,
        *(minutes * _MINUTE for minutes in (2, 5, 15, 30)),
        *(hours * _HOUR for hours in (1, 2, 4, 4)),
    ),
    Lane.NOTIFICATION: (
        *(minutes * _MINUTE for minutes in (1, 5, 15, 30)),
        *(hours * _HOUR for hours in (1, 2, 4, 4)),
    ),
    Lane.BULK: (
        *(minutes * _MINUTE for minutes in (15, 30)),
        *(hours * _HOUR for hours in (1, 2, 4)),
    ),
}


@dataclass(frozen=True)
class Patience:
    """How long a mail is tried, as set by the administrator.

    RFC 5321 section 4.5.4.1: at least four to five days.
    """

    give_up_after: timedelta = timedelta(days=4)


def next_try(lane, tries, verdict, age, chance, patience=None):
    """Return how long to wait for the next try, or ``None`` to give the mail up.

    A fault of the server never gives a mail up before its time: another server, or
    this one once it is mended, may still take it.

    :param lane: a :class:`Lane` or its value
    :param tries: how often it was tried in vain, 1 or more
    :param verdict: the :class:`Verdict` on the last try
    :param age: how long ago the mail was first due, a ``timedelta``
    :param chance: a number from 0 to 1 that spreads the waits
    :param patience: a :class:`Patience`
    """
    if verdict.is_final or verdict.kind in (Kind.UNCERTAIN, Kind.OK):
        return None
    patience = patience or Patience()
    left = patience.give_up_after - age
    if left <= timedelta():
        return None
    wait = _scheduled(Lane(lane), tries)
    if verdict.kind is Kind.QUOTA:
        wait = max(wait, QUOTA_WAIT)
    if verdict.wait is None:
        wait *= 1 - JITTER + 2 * JITTER * chance
    else:
        if tries <= NAMED_WAITS_OBEYED:
            wait = verdict.wait
        # Never before the time that was named.
        wait = max(wait, verdict.wait) * (1 + JITTER * chance)
    # The last try is made when the time is up, not hours before.
    return min(wait, left) if verdict.wait is None else wait


def look_again(waited):
    """Return when to look again whether there is a server: in as long as it waited.

    So a short interruption delays a mail little, and a long one costs little.
    """
    shortest, longest = LOOKS
    return min(max(waited, shortest), longest)


def _scheduled(lane, tries):
    waits = WAITS[lane]
    return waits[tries - 1] if 1 <= tries <= len(waits) else LAST_WAIT
