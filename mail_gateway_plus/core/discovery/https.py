"""Asks by HTTPS, at a place that a stranger may have named: little, and soon."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from urllib.parse import urlencode, urljoin, urlsplit

from .names import is_public

MAX_REDIRECTS = 3
CHUNK = 16_384


class Refused(Exception):
    """The file is not fetched: its place, its size or the answer is not acceptable."""


class HttpsFetcher:
    """Fetches files without ever reaching into this machine's own network.

    A name is resolved once, its addresses are judged, and those very addresses are
    connected to: a name that changes its address between the two gains nothing.

    :param names: resolves host names, see :class:`~.names.SystemNames`
    :param allow_private: whether loopback and private addresses may be reached
    :param timeout: seconds for a whole file, redirects included
    :param port: the port of HTTPS; a URL that names another one is refused
    """

    def __init__(self, names, allow_private=False, timeout=5.0, context=None, port=443):
        self._names = names
        self._allow_private = allow_private
        self._timeout = timeout
        self._context = context or ssl.create_default_context()
        self._port = port

    def fetch(self, url, limit):
        """Return the file's bytes.

        :param int limit: the most bytes that are taken
        :raises Refused: for whatever should not be, or did not, work
        """
        deadline = time.monotonic() + self._timeout
        for _ in range(MAX_REDIRECTS + 1):
            try:
                answer = self._get(url, limit, deadline)
                if isinstance(answer, bytes):
                    return answer
                url = urljoin(url, answer)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise Refused(f"{type(error).__name__}") from error
        raise Refused("too many redirects")

    def post(self, url, fields, limit):
        """Send a form, and return status and body of the answer.

        It may hold secrets, so that it goes nowhere else, wherever the answer points.

        :param int limit: the most bytes that are taken
        :raises Refused: if there is no answer
        """
        deadline = time.monotonic() + self._timeout
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            with self._asking(url, deadline) as (connection, target):
                connection.request("POST", target, urlencode(fields), headers)
                response = connection.getresponse()
                return response.status, _read(response, limit, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused(_words(error, deadline)) from error

    def _get(self, url, limit, deadline):
        """Return a file's bytes, or as text the address that it moved to."""
        with self._asking(url, deadline) as (connection, target):
            connection.request("GET", target, headers={"Accept": "text/xml"})
            response = connection.getresponse()
            if response.status in (301, 302, 303, 307, 308):
                return response.getheader("Location") or ""
            if response.status != 200:
                raise Refused(f"status {response.status}")
            return _read(response, limit, deadline)

    @contextlib.contextmanager
    def _asking(self, url, deadline):
        """Yield a connection, cut off at the deadline, and what to ask it for."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username:
            raise Refused("not a plain https address")
        if parts.port not in (None, self._port):
            raise Refused("another port")
        connection = _PinnedConnection(
            parts.hostname,
            self._port,
            self._addresses(parts.hostname),
            self._context,
            deadline,
        )
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        with contextlib.closing(connection), connection.watched():
            yield connection, target

    def _addresses(self, host):
        addresses = self._names.addresses(host)
        if not addresses:
            raise Refused("unknown host")
        if not self._allow_private and not all(map(is_public, addresses)):
            raise Refused("private address")
        return addresses


class _PinnedConnection(http.client.HTTPSConnection):
    """A connection to given addresses, its certificate checked for the name."""

    def __init__(self, host, port, addresses, context, deadline):
        super().__init__(host, port, context=context)
        self._addresses = addresses
        self._deadline = deadline
        self._cut_off = None

    def connect(self):
        """Connect to the first address that answers."""
        failure = None
        for address in self._addresses:
            try:
                plain = socket.create_connection(
                    (address, self.port), _left(self._deadline)
                )
            except OSError as error:
                failure = error
                continue
            left = _left(self._deadline)
            plain.settimeout(left)
            # A timeout is for one read: one that drips would never reach it.
            self._cut_off = threading.Timer(left, _shut_down, [plain.dup()])
            self._cut_off.daemon = True
            self._cut_off.start()
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
            return
        raise failure or OSError("no address")

    @contextlib.contextmanager
    def watched(self):
        """Cut the connection off at its deadline, should the block last so long."""
        try:
            yield
        finally:
            if self._cut_off:
                self._cut_off.cancel()
                self._cut_off.args[0].close()


def _words(error, deadline):
    """Return what went wrong, in the words of whoever noticed; never what was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return "timed out"  # whatever being cut off looked like
    return getattr(error, "strerror", None) or type(error).__name__


def _read(response, limit, deadline):
    """Return the body, or raise when it is too large or takes too long."""
    body = bytearray()
    while chunk := response.read1(CHUNK):
        body += chunk
        if len(body) > limit:
            raise Refused("too large")
    _left(deadline)  # what was cut off looks whole where no length was announced
    return bytes(body)


def _shut_down(connection):
    """End a connection under whoever is reading from it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _left(deadline):
    """Return the seconds that are left, or raise TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
