"""A middlebox that takes the offer of encryption out of a server's answers.

As firewalls with "SMTP inspection" do, and as somebody does who wants to read along.
What the server offers instead is so many X, or nothing at all.
"""

import contextlib
import selectors
import socket

from tests.rig.middlebox import WAKE_SECONDS, Middlebox

OFFER = b"STARTTLS"


class StarttlsStripper(Middlebox):
    """Listens on ``port`` and passes on to ``target_port``."""

    def __init__(self, target_port: int, *, masks: bool = False) -> None:
        super().__init__(target_port)
        self._masks = masks
        self.said_by_client = b""

    def _serve(self, client: socket.socket, number: int) -> None:
        target = (self.host, self._target_port)
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(target, self.deadline) as server,
            selectors.DefaultSelector() as selector,
        ):
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while not self._closing.is_set():
                for key, _events in selector.select(WAKE_SECONDS):
                    piece = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not piece:
                        return
                    if key.fileobj is client:
                        self.said_by_client += piece
                        server.sendall(piece)
                    else:
                        client.sendall(self._stripped(piece))

    def _stripped(self, piece: bytes) -> bytes:
        if self._masks:
            return piece.replace(OFFER, b"XXXXXXXA")
        return piece.replace(b"250-" + OFFER + b"\r\n", b"").replace(b" " + OFFER, b"")
