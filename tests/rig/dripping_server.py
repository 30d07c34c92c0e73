"""A server that never falls silent and never comes to an end: a byte now and then.

No timeout of a socket notices it, as each byte starts that anew::

    with DrippingServer(b"+OK ready\\r\\n", pause=0.1) as server:
        ...  # connect to server.port
"""

import itertools
import socket
import threading
import time


class DrippingServer:
    """Sends ``said`` at once, then ``dripped`` over and over, a byte every ``pause``.

    It reads nothing; ``connections`` counts who came, ``has_lost`` says whether all
    of them have gone.
    """

    def __init__(
        self, said: bytes = b"", dripped: bytes = b"x", pause: float = 0.1
    ) -> None:
        self._said = said
        self._dripped = dripped
        self._pause = pause
        self._is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._left = 0

    @property
    def has_lost(self) -> bool:
        """Whether whoever connected has hung up."""
        return 0 < self.connections == self._left

    def __enter__(self) -> "DrippingServer":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(self._said)
                for byte in itertools.cycle(self._dripped):
                    if self._is_over.is_set():
                        return
                    connection.sendall(bytes([byte]))
                    time.sleep(self._pause)
            except OSError:
                self._left += 1
