"""A middlebox that takes the offer of encryption out of a server's answers.

As firewalls with "SMTP inspection" do, and as somebody does who wants to read along.
What the server offers instead is so many X, or nothing at all.
"""

import contextlib
import selectors
import socket
import threading
from types import TracebackType

DEADLINE = 10.0
WAKE_SECONDS = 0.05
OFFER = b"STARTTLS"


class StarttlsStripper:
    """Listens on ``port`` and passes on to ``target_port``."""

    host = "127.0.0.1"

    def __init__(self, target_port: int, *, masks: bool = False) -> None:
        self._target_port = target_port
        self._masks = masks
        self._closing = threading.Event()
        self._listener = socket.create_server((self.host, 0))
        self._listener.settimeout(WAKE_SECONDS)
        self._threads: list[threading.Thread] = []
        self.port = int(self._listener.getsockname()[1])
        self.said_by_client = b""

    def __enter__(self) -> "StarttlsStripper":
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join(DEADLINE)
        self._listener.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                client, _address = self._listener.accept()
                self._start(self._pass_on, client)

    def _pass_on(self, client: socket.socket) -> None:
        target = (self.host, self._target_port)
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(target, DEADLINE) as server,
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
