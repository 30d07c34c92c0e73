"""The calls to one mailbox, none of which lasts beyond its time."""

import time

from ..tasks import call

# An answer is waited for as long as the timeout says; a login is several answers.
ANSWERS_PER_CALL = 3
# What is downloaded at once takes a part of the time, so that some of it is safe.
STEPS = 4
LONGEST_STEP = 5.0


class Asking:
    """Makes the :class:`~..tasks.Call` of whatever is asked of one mailbox.

    :param dial: cuts the connection when time is up; ``None`` for what another addon
        opened, which is used in the caller's own thread and cannot be interrupted
    :param seconds: how long all calls together may take
    :param timeout: how long one answer may take, in seconds
    """

    def __init__(self, dial, seconds, timeout):
        self._dial = dial
        self._end = time.monotonic() + seconds
        self._timeout = timeout
        # How long a batch may take before what came of it is written down.
        self.step_seconds = min(seconds / STEPS, LONGEST_STEP)

    def __call__(self, function, *arguments):
        """Ask for what has a short answer."""
        return self._call(ANSWERS_PER_CALL * self._timeout, function, *arguments)

    def at_length(self, function, *arguments):
        """Ask for a listing or a download: it may take all the time that is left."""
        return self._call(float("inf"), function, *arguments)

    def _call(self, most, function, *arguments):
        if self._dial is None:
            return call(False, function, *arguments)
        seconds = max(min(self._end - time.monotonic(), most), 0)
        give_up = self._dial.abandon
        return call(True, function, *arguments, seconds=seconds, give_up=give_up)
