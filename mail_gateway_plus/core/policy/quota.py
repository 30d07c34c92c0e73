"""How much a server may still be given, in windows that roll.

Use is counted in buckets of a sixtieth of the window. A bucket counts in full until
all of it has left the window, so that no window, wherever it begins, ever holds more
than the limit; a spent quota opens up to a sixtieth of the window late.

Times are seconds since the epoch: the database's, which all workers share.
"""

from dataclasses import dataclass

BUCKETS = 60
# Of the messages before it, the part that a waiting message takes to be sent.
EARLY = 0.9


@dataclass(frozen=True)
class Limit:
    """What a server takes within a window.

    ``window``: its length in seconds. 0 messages or recipients: no such limit.
    """

    window: float
    max_messages: int = 0
    max_recipients: int = 0

    def bucket_end(self, now):
        """Return the end of the bucket that ``now`` is in."""
        size = self.window / BUCKETS
        return (now // size + 1) * size


@dataclass(frozen=True)
class Use:
    """What was sent in one bucket."""

    ends_at: float
    messages: int
    recipients: int


def used(limit, uses, now):
    """Return the ``(messages, recipients)`` within the window that ends now."""
    counted = _counted(limit, uses, now)
    return sum(use.messages for use in counted), sum(use.recipients for use in counted)


def grantable(limit, uses, now, recipients):
    """Return how many of the messages, from the first on, fit now.

    :param recipients: for each message its number of recipients
    """
    messages_used, recipients_used = used(limit, uses, now)
    for count, number in enumerate(recipients):
        recipients_used += number
        if limit.max_messages and messages_used + count + 1 > limit.max_messages:
            return count
        if limit.max_recipients and recipients_used > limit.max_recipients:
            return count
    return len(recipients)


def free_at(limit, uses, now, recipients=1):
    """Return when one message with so many recipients fits.

    ``now`` if it does at once, ``None`` if it never will: it is more than the limit.
    """
    if limit.max_recipients and recipients > limit.max_recipients:
        return None
    counted = sorted(_counted(limit, uses, now), key=lambda use: use.ends_at)
    moment = now
    while grantable(limit, counted, moment, [recipients]) == 0:
        moment = counted.pop(0).ends_at + limit.window
    return moment


def turns(limit, uses, now, first, count):
    """Return when each of ``count`` messages that wait has its turn.

    What was sent leaves the window bucket by bucket, and the next messages take its
    place, one window after the other. They come a tenth early: some of those before
    them will not be sent after all, and a place that nobody takes is lost.

    :param first: how many others wait before the first of them
    """
    counted = sorted(_counted(limit, uses, now), key=lambda use: use.ends_at)
    in_messages = bool(limit.max_messages)
    sizes = [use.messages if in_messages else use.recipients for use in counted]
    most = limit.max_messages or limit.max_recipients
    places = [now] * max(most - sum(sizes), 0) if most else []
    for use, size in zip(counted, sizes, strict=True):
        places += [use.ends_at + limit.window] * size
    if not places:
        return [now] * count
    moments = []
    for number in range(first, first + count):
        window, place = divmod(int(number * EARLY), len(places))
        moments.append(places[place] + window * limit.window)
    return moments


def given_back(limit, uses, now, messages, recipients):
    """Return the changed uses once messages were not sent after all.

    Taken off the oldest ones: what is then left counts longer than it should, and
    never shorter, whenever the messages were granted.
    """
    changed = []
    for use in sorted(_counted(limit, uses, now), key=lambda use: use.ends_at):
        fewer = min(messages, use.messages), min(recipients, use.recipients)
        if any(fewer):
            messages, recipients = messages - fewer[0], recipients - fewer[1]
            changed.append(
                Use(use.ends_at, use.messages - fewer[0], use.recipients - fewer[1])
            )
    return changed


def spread(total, count):
    """Return ``total`` recipients spread over ``count`` messages, the larger first."""
    each, rest = divmod(total, count)
    return [each + (number < rest) for number in range(count)]


def _counted(limit, uses, now):
    return [use for use in uses if use.ends_at > now - limit.window]
