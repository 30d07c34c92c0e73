"""Regular expressions of rules: whatever they are, they end in time.

They are held against whole letters of strangers, so no look at the pattern alone can
tell how long it takes (as ../patterns.py does for short replies). The ``regex`` module
stops inside its own loops once its time is over.
"""

import regex

from ..patterns import PatternError

PATTERN_LIMIT = 1000
# What one pattern may take for one text, and all for one message together: seconds of
# this process's CPU time, so that a busy machine changes no message's fate.
PATTERN_SECONDS = 0.1
MESSAGE_SECONDS = 1.0
# What a pattern has when the others took all: plenty for any that is no bomb.
LEAST_SECONDS = 0.01


def compile_pattern(pattern):
    """Return the compiled pattern, for any case.

    :raises PatternError: when it is none
    """
    if len(pattern) > PATTERN_LIMIT:
        raise PatternError(f"longer than {PATTERN_LIMIT} characters", is_slow=True)
    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.VERSION0)
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error


class Allowance:
    """The time that the patterns of all rules have for one message.

    :param clock: of CPU time, as that of ``regex`` is
    """

    def __init__(self, clock, seconds=MESSAGE_SECONDS):
        self._clock = clock
        self.left = seconds
        self._portion = 0

    def begin(self):
        """Give the next condition its portion, for all the values that it looks at."""
        self._portion = max(LEAST_SECONDS, min(PATTERN_SECONDS, self.left))

    def search(self, pattern, text):
        """Return the match of a pattern, or ``None``.

        :raises TimeoutError: when the condition's time is over
        """
        if self._portion <= 0:
            raise TimeoutError
        started = self._clock()
        try:
            return pattern.search(text, timeout=self._portion)
        finally:
            spent = self._clock() - started
            self._portion -= spent
            self.left -= spent
