"""An SMTP server that takes all mail, counts it, and misbehaves exactly as planned.

Many clients may talk to it at once; it answers as quickly as Python can, offers SIZE,
PIPELINING, 8BITMIME, SMTPUTF8 and, if it knows a login, AUTH PLAIN and LOGIN::

    with SmtpSink(
        Fault("rcpt", Answer("451 4.7.1 Greylisted"), times=1, per=RECIPIENT),
        Fault("mail", Answer("421 4.7.0 Enough", hang_up=True), skip=20, per=SESSION),
    ) as sink:
        ...  # any number of mails to sink.port

    assert sink.counts() == {"<1@home.example>": 1}

A mail counts as accepted in the moment before its 250 is written: what the client makes
of that answer, and whether it ever comes, is no concern of the count. A fault's phases
are ``greet``, ``ehlo``, ``auth``, ``mail``, ``rcpt``, ``data`` (the command), ``dot``
(the content is read; its answer is due) and ``rset``. The first fault that matches is
played; others of the same phase are not asked.
"""

import asyncio
import base64
import collections
import contextlib
import dataclasses
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Hashable

LARGEST = 64 * 1024 * 1024
OK = "250 2.0.0 Ok"


@dataclasses.dataclass
class Mail:
    """One mail as the sink took it."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    session: int
    moment: float


@dataclasses.dataclass
class Session:
    """One connection and the mail that is under way in it."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    user: str = ""
    sender: str = ""
    recipients: list[str] = dataclasses.field(default_factory=list)

    def forget_mail(self) -> None:
        """Be ready for the next MAIL."""
        self.sender, self.recipients = "", []


# Whose occasions a fault counts, for ``skip`` and ``times``.
Scope = Callable[[Session, str], Hashable]


def SERVER(_session: Session, _line: str) -> Hashable:
    """All connections together."""
    return None


def SESSION(session: Session, _line: str) -> Hashable:
    """Each connection for itself."""
    return session.number


def RECIPIENT(session: Session, line: str) -> Hashable:
    """Each pair of sender and recipient for itself, as greylisting does."""
    return session.sender, address_in(line)


@dataclasses.dataclass(frozen=True)
class Answer:
    """Answer so, with further lines where the text has several; maybe hang up then."""

    text: str
    hang_up: bool = False


@dataclasses.dataclass(frozen=True)
class HangUp:
    """Say nothing and go: with a FIN, or a RST; a mail may have been taken before."""

    reset: bool = False
    taking: bool = False


@dataclasses.dataclass(frozen=True)
class Late:
    """Answer as if nothing were wrong, but later."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Silence:
    """Never answer, until the client goes; a mail may have been taken before."""

    taking: bool = False


Action = Answer | HangUp | Late | Silence


@dataclasses.dataclass(frozen=True)
class Fault:
    """When which action is played.

    ``about`` is searched for in the command's line, or in the content at the dot. Of
    the occasions that match, the first ``skip`` pass, the next ``times`` (all, unless
    it is given) are harmed, counted ``per`` scope.
    """

    phase: str
    action: Action
    about: str = ""
    skip: int = 0
    times: int | None = None
    per: Scope = SERVER


class Gone(Exception):
    """The conversation is over."""


class SmtpSink:
    """Listens on ``port`` of 127.0.0.1 in a thread; use it as a context manager.

    ``login`` is the one user and password that AUTH accepts, ``size`` what EHLO tells
    as the largest mail; what is larger is refused, at MAIL if it says so.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *faults: Fault,
        login: tuple[str, str] | None = None,
        size: int = LARGEST,
        port: int = 0,
    ) -> None:
        self.faults = list(faults)
        self.login = login
        self.size = size
        self.accepted: list[Mail] = []
        self.sessions = 0
        self.open_sessions = 0
        self.most_sessions = 0
        # Final dots that were read, whatever was answered.
        self.dots = 0
        # Every command of every session: (number of the session, line).
        self.commands: list[tuple[int, str]] = []
        self._seen: collections.Counter[tuple[int, Hashable]] = collections.Counter()
        self._listener = socket.create_server((self.host, port), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SmtpSink":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def counts(self) -> dict[str, int]:
        """Return how often each Message-ID was accepted."""
        return dict(collections.Counter(mail.message_id for mail in self.accepted))

    def recipients(self) -> list[str]:
        """Return every address to which a mail was accepted, sorted."""
        return sorted(a for mail in self.accepted for a in mail.recipients)

    # ---------------------------------------------------------------- the server

    def _run(self) -> None:
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self._listener, limit=LARGEST)
        )
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.sessions += 1
        self.open_sessions += 1
        self.most_sessions = max(self.most_sessions, self.open_sessions)
        session = Session(self.sessions, reader, writer)
        # Python leaves that to us for a listener of ours. Answers to commands that were
        # sent ahead would else wait 40 ms for the client's receipt of the first.
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._converse(session)
        except (Gone, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_sessions -= 1
            with contextlib.suppress(OSError):
                writer.close()

    async def _converse(self, session: Session) -> None:
        await self._answer(session, "greet", "", "220 sink.example ESMTP")
        while True:
            raw = await session.reader.readuntil(b"\r\n")
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            self.commands.append((session.number, line))
            verb = line.split(" ")[0].lower()
            handler = getattr(self, f"_do_{verb}", None)
            if handler is None:
                await self._say(session, "502 5.5.2 Command not recognized")
            else:
                await handler(session, line)

    async def _say(self, session: Session, text: str) -> None:
        session.writer.write(text.replace("\n", "\r\n").encode() + b"\r\n")
        await session.writer.drain()

    async def _answer(self, session: Session, phase: str, line: str, text: str) -> bool:
        """Play the fault that is planned here, or answer; say whether all went well."""
        action = self._planned(session, phase, line)
        if isinstance(action, Late):
            await asyncio.sleep(action.seconds)
        elif action is not None:
            await self._harm(session, action)
            return False
        await self._say(session, text)
        return True

    def _planned(self, session: Session, phase: str, line: str) -> Action | None:
        for number, fault in enumerate(self.faults):
            if fault.phase != phase or not re.search(fault.about, line):
                continue
            key = (number, fault.per(session, line))
            occasion = self._seen[key]
            self._seen[key] += 1
            last = None if fault.times is None else fault.skip + fault.times
            if occasion >= fault.skip and (last is None or occasion < last):
                return fault.action
        return None

    async def _harm(self, session: Session, action: Action) -> None:
        if isinstance(action, Answer):
            await self._say(session, action.text)
            if action.hang_up:
                raise Gone
        elif isinstance(action, HangUp):
            if action.reset:
                linger = struct.pack("ii", 1, 0)
                sock = session.writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                session.writer.transport.abort()
            raise Gone
        else:
            while await session.reader.read(65536):
                pass
            raise Gone

    # -------------------------------------------------------------- the commands

    async def _do_ehlo(self, session: Session, line: str) -> None:
        session.forget_mail()
        extensions = [f"SIZE {self.size}", "PIPELINING", "8BITMIME", "SMTPUTF8"]
        if self.login:
            extensions.append("AUTH PLAIN LOGIN")
        lines = ["sink.example", *extensions, "ENHANCEDSTATUSCODES"]
        told = [f"250-{extension}" for extension in lines[:-1]]
        await self._answer(
            session, "ehlo", line, "\n".join([*told, f"250 {lines[-1]}"])
        )

    _do_helo = _do_ehlo

    async def _do_auth(self, session: Session, line: str) -> None:
        _verb, mechanism, *initial = line.split(" ")
        words = initial
        if mechanism.upper() == "LOGIN":
            words = [*initial, *[""] * (2 - len(initial))]
            for number, prompt in enumerate((b"Username:", b"Password:")):
                if not words[number]:
                    words[number] = await self._ask(session, prompt)
            user, password = (base64.b64decode(word).decode() for word in words)
        else:
            word = initial[0] if initial else await self._ask(session, b"")
            _identity, user, password = base64.b64decode(word).decode().split("\0")
        if (user, password) != self.login:
            await self._say(session, "535 5.7.8 Authentication credentials invalid")
        elif await self._answer(session, "auth", user, "235 2.7.0 Welcome"):
            session.user = user

    async def _ask(self, session: Session, prompt: bytes) -> str:
        await self._say(session, f"334 {base64.b64encode(prompt).decode()}")
        return (await session.reader.readuntil(b"\r\n")).decode().strip()

    async def _do_mail(self, session: Session, line: str) -> None:
        size = re.search(r"(?i)\bsize=(\d+)", line)
        if self.login and not session.user:
            await self._say(session, "530 5.7.0 Authentication required")
        elif session.sender:
            await self._say(session, "503 5.5.1 Error: nested MAIL command")
        elif size and int(size[1]) > self.size:
            await self._say(session, "552 5.3.4 Message size exceeds fixed limit")
        elif await self._answer(session, "mail", line, "250 2.1.0 Ok"):
            session.sender = address_in(line) or "<>"

    async def _do_rcpt(self, session: Session, line: str) -> None:
        if not session.sender:
            await self._say(session, "503 5.5.1 Error: need MAIL command")
        elif await self._answer(session, "rcpt", line, "250 2.1.5 Ok"):
            session.recipients.append(address_in(line))

    async def _do_data(self, session: Session, line: str) -> None:
        if not session.recipients:
            await self._say(session, "554 5.5.1 Error: no valid recipients")
            return
        if not await self._answer(session, "data", line, "354 End with a dot"):
            return
        content = await session.reader.readuntil(b"\r\n.\r\n")
        await self._end(session, content)

    async def _end(self, session: Session, content: bytes) -> None:
        """Answer the final dot."""
        header = content.partition(b"\r\n\r\n")[0]
        found = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", header)
        message_id = found[1].decode() if found else ""
        mail = Mail(
            message_id,
            session.sender,
            tuple(session.recipients),
            content,
            session.number,
            time.monotonic(),
        )
        session.forget_mail()
        action = self._planned(session, "dot", content.decode("utf-8", "replace"))
        if isinstance(action, Late):
            await asyncio.sleep(action.seconds)
            action = None
        if action is None and len(content) > self.size:
            action = Answer("552 5.3.4 Message too big")
        if action is None or getattr(action, "taking", False):
            self.accepted.append(mail)
        self.dots += 1
        if action is None:
            await self._say(session, f"{OK}: queued as S{len(self.accepted):06}")
        else:
            await self._harm(session, action)

    async def _do_rset(self, session: Session, line: str) -> None:
        session.forget_mail()
        await self._answer(session, "rset", line, OK)

    async def _do_noop(self, session: Session, _line: str) -> None:
        await self._say(session, OK)

    async def _do_quit(self, session: Session, _line: str) -> None:
        await self._say(session, "221 2.0.0 Bye")
        raise Gone


def address_in(line: str) -> str:
    """Return the address of a MAIL or RCPT command, without its angle brackets."""
    found = re.search(r"<([^>]*)>", line)
    return found[1] if found else ""
