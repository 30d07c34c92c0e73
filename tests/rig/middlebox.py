"""What stands between a client and a server: it listens, and serves each client."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

WAKE_SECONDS = 0.05


class Middlebox:
    """Listens on ``port`` and gives each client a thread, until the block ends.

    Say in ``_serve`` what is done for the client with that number, counted from 1; it
    has to end soon after ``_closing`` is set.
    """

    host = "127.0.0.1"
    # Seconds after which the middlebox's own waiting ends.
    deadline = 10.0

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((self.host, 0))
        self._listener.settimeout(WAKE_SECONDS)
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0

    def __enter__(self) -> Self:
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
            thread.join(self.deadline)
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _address = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._start(self._serve, client, self.connections)

    def _serve(self, client: socket.socket, number: int) -> None:
        raise NotImplementedError
