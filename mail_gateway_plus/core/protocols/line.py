"""A connection that another thread can cut."""

import socket
import threading
from contextlib import suppress

from .endpoint import Security


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

    def connect(self, endpoint):
        """Return a socket connected to ``endpoint``, with TLS if it wants that at once.

        The endpoint's timeout holds for each address of the host, and for each answer.

        :raises ConnectionAbortedError: if the line has been cut meanwhile
        """
        address = (endpoint.host, endpoint.port)
        sock = socket.create_connection(address, endpoint.timeout)
        with self._lock:
            if self._is_cut:
                sock.close()
                raise ConnectionAbortedError("given up")
            self._handle = sock.dup()
        if endpoint.security is not Security.SSL:
            return sock
        context = endpoint.shared_tls_context()
        return context.wrap_socket(sock, server_hostname=endpoint.host)

    def cut(self):
        """End the connection for good: whoever waits for it gets an error."""
        with self._lock:
            self._is_cut = True
            handle, self._handle = self._handle, None
        if handle:
            with suppress(OSError), handle:
                handle.shutdown(socket.SHUT_RDWR)
