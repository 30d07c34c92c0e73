"""A connection that another thread can cut."""

import socket
import threading
from contextlib import suppress

from .endpoint import Security
from .proxy import reach
from .proxy_request import ask


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

        The endpoint's timeout holds for each address of the host, for all that its
        proxy does, and for each answer.

        :raises ConnectionAbortedError: if the line has been cut meanwhile
        """
        sock = connected(endpoint, endpoint.timeout, self._hold)
        if endpoint.security is not Security.SSL:
            return sock
        context = endpoint.shared_tls_context()
        return context.wrap_socket(sock, server_hostname=endpoint.host)

    def _hold(self, sock):
        with self._lock:
            if self._is_cut:
                raise ConnectionAbortedError("given up")
            self._handle = sock.dup()

    def cut(self):
        """End the connection for good: whoever waits for it gets an error."""
        with self._lock:
            self._is_cut = True
            handle, self._handle = self._handle, None
        if handle:
            with suppress(OSError), handle:
                handle.shutdown(socket.SHUT_RDWR)


def connected(endpoint, seconds, hold=lambda sock: None):
    """Return a socket connected to ``endpoint``, through its proxy if it has one.

    :param seconds: for each address, and for all that a proxy does
    :param hold: called with the socket before a proxy is asked for anything
    """
    proxy = endpoint.proxy
    if proxy:
        sock = reach(proxy, seconds)
    else:
        sock = socket.create_connection((endpoint.host, endpoint.port), seconds)
    try:
        hold(sock)
        if proxy:
            ask(sock, proxy, endpoint.host, endpoint.port, seconds)
            sock.settimeout(seconds)
    except BaseException:
        sock.close()
        raise
    return sock
