"""When a mailbox is read next."""

from datetime import timedelta

# A failing mailbox is asked less and less often, but at least this often.
LONGEST_WAIT = timedelta(hours=1)
# Mailboxes that failed together, as in an outage, shall not all come back together.
JITTER = 0.2
# Failures in a row after which people are told: one or two happen every day.
FAILURES_UNTIL_TOLD = 3


def next_wait(interval, failures, chance):
    """Return how long to wait before the next poll.

    :param interval: the mailbox's own ``timedelta``
    :param failures: how often in a row it could not be read
    :param chance: a number from 0 to 1 that spreads the waits of failing mailboxes
    """
    if not failures:
        return interval
    wait = min(interval * 2 ** min(failures, 16), max(LONGEST_WAIT, interval))
    return wait * (1 - JITTER + 2 * JITTER * chance)
