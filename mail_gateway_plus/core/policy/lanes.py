"""Which mail goes first, and how much of the way is kept for the others."""

from enum import Enum


class Lane(str, Enum):
    """What a mail is, most urgent first; the values sort, as they are stored."""

    INTERACTIVE = "1_interactive"
    NOTIFICATION = "2_notification"
    BULK = "3_bulk"


# The least that a lane gets of every claim as long as it has mail: without it a steady
# stream of more urgent mail would keep a mailing waiting for ever.
RESERVED = {Lane.NOTIFICATION: 0.25, Lane.BULK: 0.1}
# Who sends more at once is not waiting for a single one of them.
INTERACTIVE_AT_ONCE = 10


def lane_of(is_mailing, is_notification):
    """Return the :class:`Lane` of a new mail: of a mailing, a notification."""
    if is_mailing:
        return Lane.BULK
    return Lane.NOTIFICATION if is_notification else Lane.INTERACTIVE


def share_out(limit, claim):
    """Return what ``claim(lane, number)`` gives, called with each lane's share.

    :param limit: how many at the most
    :param claim: returns a list of no more than ``number`` of the lane's mails

    The most urgent lane comes first and, for what the others left, again at the end.
    """
    reserved = {lane: max(1, int(limit * part)) for lane, part in RESERVED.items()}
    if limit <= len(reserved):
        reserved = dict.fromkeys(reserved, 0)
    taken = []
    for lane in Lane:
        kept = sum(number for other, number in reserved.items() if other > lane)
        taken += claim(lane, limit - kept - len(taken))
    for lane in Lane:
        if len(taken) < limit:
            taken += claim(lane, limit - len(taken))
    return taken
