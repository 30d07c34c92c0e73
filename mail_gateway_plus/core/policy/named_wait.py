"""The wait that a reply asks for."""

import re
from datetime import timedelta

# A server that says "in 0 seconds" shall not be hammered; one that says "in 90 days"
# is misread more likely than meant, and the give-up age comes before.
SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(hours=24)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NAMED = re.compile(
    r"\b(?:in|after|for|wait|within|least)\s(?:about\s|another\s|at\sleast\s)?"
    r"(?P<number>\d{1,6}|an?|one)\s?"
    r"(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b",
    re.IGNORECASE,
)
# "Greylisting in action, please come back in 00:04:59" (milter-greylist)
_CLOCK = re.compile(r"\b(?:in|after)\s(\d{1,2}):(\d\d):(\d\d)\b", re.IGNORECASE)


def named_wait(text):
    """Return the bounded ``timedelta`` that a reply's text names, or ``None``.

    :param text: the reply on one line, single spaces between its words
    """
    if match := _CLOCK.search(text):
        hours, minutes, seconds = map(int, match.groups())
        wait = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    elif match := _NAMED.search(text):
        number = match["number"]
        number = int(number) if number.isdigit() else 1
        wait = timedelta(seconds=number * _SECONDS[match["unit"][0].lower()])
    else:
        return None
    return min(max(wait, SHORTEST), LONGEST)
