"""A TCP proxy that harms what a server says: a bad line in front of a good server.

It passes everything on between a client and a server on 127.0.0.1, and counts the
bytes of the server. At a given byte it hangs up, resets the connection or falls
silent::

    with FaultProxy(dovecot.imap_port, cut_after_bytes=900, only_first=1) as proxy:
        ...  # connect to proxy.port; the second connection is a good one

    assert proxy.connections == 2

What was promised arrives: exactly ``cut_after_bytes`` bytes, then the end; at byte 0
the server does not even hear of the client. With
``reset`` the end is a RST instead of a FIN, at the first byte unless another is given.
``delay_seconds`` pass before each piece of an answer. ``only_first`` connections are
harmed, all of them unless it is given. Leaving the ``with`` block ends all connections.
"""

import contextlib
import selectors
import socket
import struct

from tests.rig.middlebox import WAKE_SECONDS, Middlebox

PIECE_BYTES = 65536


class FaultProxy(Middlebox):
    """Listens on ``port`` and passes on to ``target_port``, a thread a connection."""

    deadline = 30.0

    def __init__(
        self,
        target_port: int,
        *,
        cut_after_bytes: int | None = None,
        stall_after_bytes: int | None = None,
        reset: bool = False,
        delay_seconds: float = 0.0,
        only_first: int | None = None,
    ) -> None:
        if reset and cut_after_bytes is None:
            cut_after_bytes = 0
        super().__init__(target_port)
        self._cut_after_bytes = cut_after_bytes
        self._stall_after_bytes = stall_after_bytes
        self._reset = reset
        self._delay_seconds = delay_seconds
        self._only_first = only_first
        # Bytes of the server that reached the client, the most of one connection.
        self.bytes_from_server = 0

    def _serve(self, client: socket.socket, number: int) -> None:
        is_harmed = self._only_first is None or number <= self._only_first
        client.settimeout(self.deadline)
        with contextlib.suppress(OSError), client:
            is_cut = is_harmed and self._cut_after_bytes == 0
            if not is_cut:
                target = (self.host, self._target_port)
                with socket.create_connection(target, self.deadline) as server:
                    is_cut = self._pass_on(client, server, is_harmed)
            if is_cut and self._reset:
                linger = struct.pack("ii", 1, 0)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                client.shutdown(socket.SHUT_RDWR)

    def _pass_on(
        self, client: socket.socket, server: socket.socket, is_harmed: bool
    ) -> bool:
        """Pass on until one side or a fault ends it; say whether it was a fault."""
        passed = 0
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while not self._closing.is_set():
                for key, _events in selector.select(WAKE_SECONDS):
                    piece = key.fileobj.recv(PIECE_BYTES)  # type: ignore[union-attr]
                    if not piece:
                        return False
                    if key.fileobj is client:
                        server.sendall(piece)
                        continue
                    if is_harmed:
                        piece = self._harmed(piece, passed)
                    client.sendall(piece)
                    passed += len(piece)
                    self.bytes_from_server = max(self.bytes_from_server, passed)
                    if is_harmed and passed == self._cut_after_bytes:
                        return True
        return False

    def _harmed(self, piece: bytes, passed: int) -> bytes:
        """Return what is left of a piece of an answer, late if so wished."""
        self._closing.wait(self._delay_seconds)
        for limit in (self._cut_after_bytes, self._stall_after_bytes):
            if limit is not None:
                piece = piece[: max(0, limit - passed)]
        return piece
