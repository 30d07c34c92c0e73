"""A server that follows a script: for what no real server can be made to do.

Dovecot and Postfix behave; this one refuses, contradicts itself or hangs up exactly
where a test wants it to, over a real socket on 127.0.0.1. It knows no protocol, so
one class serves SMTP, IMAP and POP3::

    with ScriptedServer(
        Send(b"+OK ready"),
        Expect(rb"USER (.*)", b"+OK"),
        Expect(rb"PASS (.*)", b"-ERR [AUTH] no"),
    ) as server:
        ...  # connect to server.port

    assert server.lines == [b"USER jane", b"PASS secret"]

Lines are given without their CRLF. ``<tag>`` in what is sent stands for the first
word of the last command that has several: IMAP's tag. After its last step the server
stays silent until the client hangs up, which is how a stalled server looks; what comes
in meanwhile is recorded as well. Leaving the ``with`` block ends the conversation and
raises :class:`ScriptError` if it did not follow the script.
"""

import contextlib
import dataclasses
import re
import socket
import ssl
import struct
import threading
from types import TracebackType

# Seconds after which whoever waits gives up: a test that hangs tells nothing.
DEADLINE = 5.0


class ScriptError(AssertionError):
    """The client did not do what the script expects; the text says at which step."""


class Conversation:
    """One accepted connection, and everything that the client said in it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(DEADLINE)
        self.socket = connection
        self.tag = b""
        self.lines: list[bytes] = []
        self.received = bytearray()
        self._unread = bytearray()

    def send(self, data: bytes) -> None:
        """Send bytes as they are, but for ``<tag>``."""
        self.socket.sendall(data.replace(b"<tag>", self.tag))

    def read_line(self) -> bytes:
        """Return and record the next line, without its line end."""
        line = self.read_until(b"\r\n")[:-2]
        self.lines.append(line)
        return line

    def read_until(self, end: bytes) -> bytes:
        """Return what comes in up to and including ``end``."""
        while end not in self._unread:
            if not self._receive():
                raise ScriptError(f"the client hung up; unread: {bytes(self._unread)}")
        return self.read_bytes(self._unread.index(end) + len(end))

    def read_bytes(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        while len(self._unread) < size:
            if not self._receive():
                raise ScriptError(f"the client hung up; unread: {bytes(self._unread)}")
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def drain(self) -> None:
        """Record what still comes in, until the client hangs up."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while self._receive():
                pass
        self.lines += bytes(self._unread).splitlines()

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Continue encrypted, as the server's side."""
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def _receive(self) -> bytes:
        data = self.socket.recv(65536)
        self.received += data
        self._unread += data
        return data


@dataclasses.dataclass(frozen=True)
class Send:
    """Send lines, each with a CRLF."""

    lines: tuple[bytes, ...]

    def __init__(self, *lines: bytes) -> None:
        object.__setattr__(self, "lines", lines)

    def play(self, conversation: Conversation) -> None:
        conversation.send(b"".join(line + b"\r\n" for line in self.lines))


@dataclasses.dataclass(frozen=True)
class SendRaw:
    """Send bytes without a line end: half an answer, a literal, another protocol."""

    data: bytes

    def play(self, conversation: Conversation) -> None:
        conversation.send(self.data)


@dataclasses.dataclass(frozen=True)
class Expect:
    """Read one line that matches ``pattern`` wholly, then send the answer's lines."""

    pattern: bytes
    answer: tuple[bytes, ...]

    def __init__(self, pattern: bytes, *answer: bytes) -> None:
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "answer", answer)

    def play(self, conversation: Conversation) -> None:
        line = conversation.read_line()
        if not re.fullmatch(self.pattern, line, re.IGNORECASE | re.DOTALL):
            raise ScriptError(f"expected {self.pattern!r}, the client said {line!r}")
        first_word, space, _rest = line.partition(b" ")
        if space:  # a lone word continues the command before, as in AUTHENTICATE
            conversation.tag = first_word
        Send(*self.answer).play(conversation)


@dataclasses.dataclass(frozen=True)
class ReadUntil:
    """Read up to ``end``: the content of an SMTP mail, or only its beginning."""

    end: bytes

    def play(self, conversation: Conversation) -> None:
        conversation.read_until(self.end)


@dataclasses.dataclass(frozen=True)
class ReadBytes:
    """Read so many bytes, of a protocol without lines."""

    size: int

    def play(self, conversation: Conversation) -> None:
        conversation.read_bytes(self.size)


@dataclasses.dataclass(frozen=True)
class StartTls:
    """Encrypt from here on; as the first step, a port for implicit TLS.

    A client that does not like the certificate hangs up: that ends the script.
    """

    context: ssl.SSLContext

    def play(self, conversation: Conversation) -> None:
        try:
            conversation.start_tls(self.context)
        except OSError as error:
            raise _ClientLeft from error


class Close:
    """Hang up in good order, with a FIN."""

    def play(self, conversation: Conversation) -> None:
        with contextlib.suppress(OSError):
            conversation.socket.shutdown(socket.SHUT_RDWR)
        conversation.socket.close()


class Reset:
    """Hang up with a RST, as a crashed server or a firewall does."""

    def play(self, conversation: Conversation) -> None:
        linger = struct.pack("ii", 1, 0)
        conversation.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        conversation.socket.close()


Step = Send | SendRaw | Expect | ReadUntil | ReadBytes | StartTls | Close | Reset


class _ClientLeft(Exception):
    """The rest of the script has nobody to talk to, as the test intends."""


class ScriptedServer:
    """Accepts one connection on 127.0.0.1 and plays the steps, in a thread."""

    def __init__(self, *steps: Step) -> None:
        self._steps = steps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(DEADLINE)
        self._conversation: Conversation | None = None
        self._error: BaseException | None = None
        self._accepted = threading.Event()
        self._knocker: tuple[str, int] | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.host = "127.0.0.1"
        self.port = int(self._listener.getsockname()[1])

    @property
    def lines(self) -> list[bytes]:
        """What the client said, line by line; complete after the ``with`` block."""
        return self._conversation.lines if self._conversation else []

    @property
    def received(self) -> bytes:
        """All bytes of the client; complete after the ``with`` block."""
        return bytes(self._conversation.received) if self._conversation else b""

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._knock()
        if self._conversation:
            # Half-closing ends every read of the thread, once what came in is read.
            with contextlib.suppress(OSError):
                self._conversation.socket.shutdown(socket.SHUT_RD)
        self._thread.join(DEADLINE)
        self._listener.close()
        if self._thread.is_alive():
            raise ScriptError("the conversation did not end in time") from error
        if self._error is not None:
            raise ScriptError(f"script broken: {self._error}") from self._error

    def _knock(self) -> None:
        """End the wait for a client; one that connected already is served first."""
        with socket.socket() as knocker:
            knocker.bind(("127.0.0.1", 0))
            self._knocker = knocker.getsockname()
            with contextlib.suppress(OSError):
                knocker.connect((self.host, self.port))
            self._accepted.wait(DEADLINE)

    def _serve(self) -> None:
        try:
            connection, address = self._listener.accept()
            if address != self._knocker:
                self._conversation = Conversation(connection)
        except OSError as error:
            self._error = error
        finally:
            self._accepted.set()
        if self._conversation is None:
            self._error = self._error or ScriptError("no client connected")
            return
        try:
            self._play(self._conversation)
        except _ClientLeft:
            pass
        except Exception as error:  # told to the test by __exit__
            self._error = error
        finally:
            self._conversation.socket.close()

    def _play(self, conversation: Conversation) -> None:
        for number, step in enumerate(self._steps, start=1):
            try:
                step.play(conversation)
            except (ScriptError, OSError) as error:
                raise ScriptError(f"step {number}, {step}: {error}") from error
        if conversation.socket.fileno() != -1:
            conversation.drain()
