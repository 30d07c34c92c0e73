"""When a message was received, by the first server that is ours."""

from datetime import timedelta

from .envelope import read_date

# A clock that is this far ahead of ours is wrong.
MOST_AHEAD = timedelta(days=1)


def received_at(lines, now, arrived=None):
    """Return when our side took a message in, as naive UTC.

    Each server puts its own Received line on top (RFC 5321 section 4.4), so no sender
    has a say in those of our own servers. The last of them counts, which is the first
    that was written: a queue of our own is no excuse.

    :param lines: the values of the Received headers of our own servers, topmost first
    :param now: what holds where nothing says when, and what is not exceeded by much
    :param arrived: when the mailbox says that it got it
    """
    moments = [read_date(line.rpartition(";")[2].strip()) for line in reversed(lines)]
    for moment in (*moments, arrived):
        if moment is not None and moment <= now + MOST_AHEAD:
            return moment
    return now
