"""Doing what may take for ever, for some seconds only."""

import socket
import threading
from contextlib import contextmanager, suppress
from functools import partial


def within(seconds, function, *arguments):
    """Return what a function returns, or raise what it raises.

    The thread of one that does not return is left alone; it keeps nobody from ending.

    :raises TimeoutError: when it takes longer
    """
    return in_parallel(seconds, partial(function, *arguments))[0].value()


def in_parallel(seconds, *functions):
    """Call functions at the same time; return an :class:`Outcome` for each of them."""
    outcomes = [Outcome() for _function in functions]
    threads = [
        threading.Thread(target=outcome.take, args=(function,), daemon=True)
        for outcome, function in zip(outcomes, functions, strict=True)
    ]
    for thread in threads:
        thread.start()
    ended = threading.Event()
    timer = threading.Timer(seconds, ended.set)
    timer.daemon = True
    timer.start()
    for thread in threads:
        while thread.is_alive() and not ended.is_set():
            thread.join(0.05)
    timer.cancel()
    return outcomes


class Outcome:
    """What came of a function: a result, an error, or nothing in time."""

    def __init__(self):
        self.error = TimeoutError("timed out")
        self.result = None

    def take(self, function):
        """Call a function and keep what comes of it."""
        try:
            self.result = function()
        except Exception as error:
            self.error = error
        else:
            self.error = None

    def value(self):
        """Return the result, or raise the error."""
        if self.error:
            raise self.error
        return self.result


class HangUp:
    """Ends whatever waits for a socket when its time is over.

    A socket's own timeout is for each piece that comes: a server that sends a byte a
    second would be listened to for ever.
    """

    def __init__(self):
        self.has_struck = False
        self._line = None

    def watch(self, sock):
        """Be ready to end a connection, whatever wraps its socket later on.

        A second descriptor of it: to encrypt a socket is to take its own away.
        """
        self.let_go()
        self._line = sock.dup()

    def let_go(self):
        """Watch nothing any more."""
        line, self._line = self._line, None
        if line:
            line.close()

    @contextmanager
    def after(self, seconds):
        """Hang up when what is inside takes longer than ``seconds``."""
        timer = threading.Timer(max(seconds, 0.0), self._strike)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _strike(self):
        self.has_struck = True
        if line := self._line:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
