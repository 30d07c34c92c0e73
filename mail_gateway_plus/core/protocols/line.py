"""A connection that another thread can cut."""

import socket
import threading
from contextlib import suppress


class Line:
    """Connects, and hangs up when it is told to, whatever its user waits for.

    Each byte that comes starts the timeout of a socket anew, so a server that sends
    one now and then is waited for without end. Only its connection can end that; and
    the connection's own objects cannot be closed by another thread, as they are locked
    while they are read. Hence a second handle on the same connection.
    """

    def __init__(self):
        self._handle = None
        self._is_cut = False
        self._lock = threading.Lock()

    def connect(self, host, port, timeout):
        """Return a connected socket.

        :param timeout: seconds for each address of the host, and for each answer
        :raises ConnectionAbortedError: if the line has been cut meanwhile
        """
        sock = socket.create_connection((host, port), timeout)
        with self._lock:
            if self._is_cut:
                sock.close()
                raise ConnectionAbortedError("given up")
            self._handle = sock.dup()
        return sock

    def cut(self):
        """End the connection for good: whoever waits for it gets an error."""
        with self._lock:
            self._is_cut = True
            handle, self._handle = self._handle, None
        if handle:
            with suppress(OSError), handle:
                handle.shutdown(socket.SHUT_RDWR)
