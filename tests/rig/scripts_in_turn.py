"""Several scripts on one port: the first client hears the first, and so on.

For clients that come back, as one does that looks at a certificate once more without
minding it. Unlike a :class:`ScriptedServer` it takes it calmly when a client does not
keep to its script; whoever tests that reads :attr:`received`.
"""

import contextlib
import socket
import threading
from types import TracebackType

from tests.rig.scripted_server import DEADLINE, Conversation, Step


class ScriptsInTurn:
    """Listens on ``port``; further clients find it closed."""

    def __init__(self, *scripts: tuple[Step, ...]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(DEADLINE)
        self._conversations: list[Conversation] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = int(self._listener.getsockname()[1])

    @property
    def received(self) -> bytes:
        """What all clients said."""
        return b"".join(bytes(c.received) for c in self._conversations)

    def __enter__(self) -> "ScriptsInTurn":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        for conversation in self._conversations:
            conversation.socket.close()
        self._thread.join(DEADLINE)

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            conversation = Conversation(connection)
            self._conversations.append(conversation)
            threading.Thread(
                target=self._play, args=(conversation, script), daemon=True
            ).start()

    @staticmethod
    def _play(conversation: Conversation, script: tuple[Step, ...]) -> None:
        with contextlib.suppress(Exception):
            for step in script:
                step.play(conversation)
            conversation.drain()
        conversation.socket.close()
