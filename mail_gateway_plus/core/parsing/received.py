"""When a message was received, by the server that took it in last."""

from datetime import timedelta

from .envelope import read_date

# A clock that is this far ahead of ours is wrong.
MOST_AHEAD = timedelta(days=1)


def received_at(facts, now):
    """Return when our own mail server took the message in, as naive UTC.

    That is what the first Received header says (RFC 5321 section 4.4): each server puts
    its own on top, so no sender has a say in it.

    :param now: what holds where it does not say
    """
    moment = read_date(facts.value("received").rpartition(";")[2].strip())
    if moment is None or moment > now + MOST_AHEAD:
        return now
    return moment
