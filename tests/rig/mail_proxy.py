"""A proxy on loopback that connects its clients to servers: SOCKS5 or HTTP CONNECT.

    with MailProxy("socks5", names={"mail.inside": 1143}) as way:
        ...  # ask way.port for mail.inside; way.asked holds who was asked for

It resolves ``names`` and addresses of its own: those of ``names`` are known to nobody
else, and lead to a port of 127.0.0.1. Its other faults are scripts of a test.
"""

import base64
import contextlib
import selectors
import socket
import time

from tests.rig.middlebox import WAKE_SECONDS, Middlebox

# Long enough for the server behind to have said its greeting.
GREETING_SECONDS = 0.3


class MailProxy(Middlebox):
    """Speaks ``kind`` on ``port``, one thread a client.

    :param login: the user and the password that it wants, if it wants any
    :param names: host names that it knows, each with a port of 127.0.0.1
    :param forbids: refuse all connections, as a rule of its administrator's does
    :param coalesces: answer in one packet with the greeting of the server behind it
    """

    def __init__(
        self,
        kind: str,
        *,
        login: tuple[str, str] | None = None,
        names: dict[str, int] | None = None,
        forbids: bool = False,
        coalesces: bool = False,
    ) -> None:
        super().__init__(0)
        self._kind = kind
        self._login = login
        self._names = names or {}
        self._forbids = forbids
        self._coalesces = coalesces
        self.asked: list[tuple[str, int]] = []

    def _serve(self, client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, _Over), client:
            client.settimeout(self.deadline)
            speaker = _Socks5 if self._kind == "socks5" else _Http
            conversation = speaker(client)
            host, port = conversation.wanted(self._login)
            self.asked.append((host, port))
            if self._forbids:
                conversation.forbid()
            with self._reached(host, port, conversation) as server:
                answer = conversation.granted
                if self._coalesces:
                    time.sleep(GREETING_SECONDS)
                    answer += server.recv(65536)
                client.sendall(answer)
                self._pass_on(client, server)

    def _reached(
        self, host: str, port: int, conversation: "_Socks5 | _Http"
    ) -> socket.socket:
        place = (self.host, self._names[host]) if host in self._names else (host, port)
        try:
            return socket.create_connection(place, self.deadline)
        except OSError:
            conversation.cannot_reach()
            raise

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while not self._closing.is_set():
                for key, _events in selector.select(WAKE_SECONDS):
                    piece = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not piece:
                        return
                    key.data.sendall(piece)


class _Over(Exception):
    """The client was refused."""


class _Socks5:
    """The server's side of RFC 1928 and RFC 1929."""

    granted = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def wanted(self, login: tuple[str, str] | None) -> tuple[str, int]:
        """Let the client log in; return the host and port that it asks for."""
        _version, count = self._read(2)
        methods = self._read(count)
        wanted_method = 2 if login else 0
        if wanted_method not in methods:
            self._refuse(b"\x05\xff")
        self._client.sendall(bytes([5, wanted_method]))
        if login:
            _version, size = self._read(2)
            user = self._read(size).decode()
            password = self._read(self._read(1)[0]).decode()
            if (user, password) != login:
                self._refuse(b"\x01\x01")
            self._client.sendall(b"\x01\x00")
        _version, _command, _reserved, kind = self._read(4)
        if kind == 3:
            host = self._read(self._read(1)[0]).decode()
        elif kind == 1:
            host = socket.inet_ntop(socket.AF_INET, self._read(4))
        else:
            host = socket.inet_ntop(socket.AF_INET6, self._read(16))
        return host, int.from_bytes(self._read(2), "big")

    def forbid(self) -> None:
        self._refuse(b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00")

    def cannot_reach(self) -> None:
        self._refuse(b"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00")

    def _refuse(self, answer: bytes) -> None:
        self._client.sendall(answer)
        raise _Over

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._client.recv(size - len(data))
            if not piece:
                raise _Over
            data += piece
        return data


class _Http:
    """The server's side of CONNECT (RFC 9110 section 9.3.6)."""

    granted = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 rig\r\n\r\n"

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def wanted(self, login: tuple[str, str] | None) -> tuple[str, int]:
        """Let the client log in; return the host and port that it asks for."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self._client.recv(65536)
            if not piece:
                raise _Over
            head += piece
        first, *lines = head.decode().split("\r\n")
        credentials = base64.b64encode(":".join(login or ()).encode()).decode()
        if login and f"Proxy-Authorization: Basic {credentials}" not in lines:
            self._refuse(
                b"407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="rig"'
            )
        host, _colon, port = first.split(" ")[1].rpartition(":")
        return host.strip("[]"), int(port)

    def forbid(self) -> None:
        self._refuse(b"403 Forbidden")

    def cannot_reach(self) -> None:
        self._refuse(b"502 Bad Gateway")

    def _refuse(self, status: bytes) -> None:
        page = b"<html>no</html>"
        self._client.sendall(
            b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(page), page)
        )
        raise _Over
