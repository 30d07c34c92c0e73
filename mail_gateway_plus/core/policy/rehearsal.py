"""When mails would go out under a server's limits, without sending any."""

from dataclasses import dataclass

from .quota import Use, free_at, grantable

# More pauses than these tell nobody more.
MAX_PORTIONS = 2_000


@dataclass(frozen=True)
class Portion:
    """Mails that go out at once, at ``at`` (seconds since the epoch)."""

    at: float
    messages: int


@dataclass(frozen=True)
class Rehearsal:
    """When so many mails would go out.

    ``left`` are those that were not followed to their end, ``never_fits`` whether even
    one of them is more than a limit.
    """

    portions: tuple = ()
    left: int = 0
    never_fits: bool = False


def rehearse(limits, now, messages, recipients=1):
    """Return the :class:`Rehearsal` of mails that all wait now.

    By the same functions that hold them back in earnest. What a server's answers take
    comes on top.

    :param limits: pairs of a :class:`~.quota.Limit` and its uses so far
    :param recipients: how many each of the mails has
    """
    limits = [(limit, list(uses)) for limit, uses in limits]
    portions, left = [], messages
    while left and len(portions) < MAX_PORTIONS:
        moments = [free_at(limit, uses, now, recipients) for limit, uses in limits]
        if None in moments:
            return Rehearsal(tuple(portions), left, never_fits=True)
        now = max([now, *moments])
        waiting = [recipients] * left
        granted = min(
            (grantable(limit, uses, now, waiting) for limit, uses in limits),
            default=left,
        )
        for limit, uses in limits:
            uses.append(Use(limit.bucket_end(now), granted, granted * recipients))
        portions.append(Portion(now, granted))
        left -= granted
    return Rehearsal(tuple(portions), left)
