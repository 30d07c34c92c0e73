"""Small IMAP and POP3 servers that tell the truth, except where a test makes them lie.

Where :mod:`tests.rig.scripted_server` plays one conversation word for word, these keep
a mailbox and answer whatever is asked, in any order and over any number of
connections: for tests of what becomes of the mail in the end::

    with LyingPop({"a": raw, "b": raw}) as server:
        server.lie(rb"RETR 1", instead=[b"-ERR not today"])
        ...  # connect to server.port
        assert list(server.messages) == ["a"]

Any user and any password are let in.
"""

import dataclasses
import re
import socketserver
import threading
from collections.abc import Callable, Mapping, Sequence

END = b"\r\n"


@dataclasses.dataclass
class Lie:
    """What is done when a command matches; ``times`` says how often, None always."""

    pattern: bytes
    before: Sequence[bytes] = ()
    instead: Sequence[bytes] | None = None
    hang_up: bool = False
    do: Callable[[], object] | None = None
    times: int | None = None

    def is_told(self, command: bytes) -> bool:
        if self.times == 0 or not re.search(self.pattern, command, re.IGNORECASE):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class _LyingServer:
    """Accepts connections in threads; ``messages`` may change at any time."""

    host = "127.0.0.1"
    greeting = b""

    def __init__(self) -> None:
        self.commands: list[bytes] = []
        self.connections = 0
        self._lies: list[Lie] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = 30

            def handle(self) -> None:
                outer.connections += 1
                outer._converse(self)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._listener = Listener((self.host, 0), Handler)
        self.port = int(self._listener.server_address[1])
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def lie(self, pattern: bytes, **what: object) -> None:
        """Lie in answer to commands in which ``pattern`` is found; see Lie.

        ``do`` is done first; then ``before`` is said and the truth after it, or
        ``instead`` alone. ``<tag>`` stands for the command's tag.
        """
        self._lies.append(Lie(pattern, **what))  # type: ignore[arg-type]

    def _converse(self, handler: socketserver.StreamRequestHandler) -> None:
        session = self._session()
        handler.wfile.write(self.greeting + END)
        while line := handler.rfile.readline().strip():
            self.commands.append(line)
            tag, _space, rest = line.partition(b" ")
            lie = next((lie for lie in self._lies if lie.is_told(line)), Lie(b""))
            if lie.do:
                lie.do()
            lines = lie.instead
            if lines is None:
                lines = [*lie.before, *session.answer(line)]
            for said in lines:
                handler.wfile.write(said.replace(b"<tag>", tag) + END)
            if lie.hang_up or rest == b"LOGOUT" or line == b"QUIT":
                return

    def _session(self):
        raise NotImplementedError


class LyingImap(_LyingServer):
    """An INBOX of ``messages``, by UID."""

    greeting = b"* OK ready"

    def __init__(self, messages: Mapping[int, bytes], uidvalidity: int = 42) -> None:
        super().__init__()
        self.messages = dict(messages)
        self.uidvalidity = uidvalidity
        self.seen: set[int] = set()

    def _session(self) -> "LyingImap":
        return self

    def answer(self, line: bytes) -> list[bytes]:
        """Return the true answer."""
        _tag, _space, command = line.partition(b" ")
        words = command.upper().removeprefix(b"UID ").split(b" ", 1)
        answers = {
            b"CAPABILITY": lambda _rest: [b"* CAPABILITY IMAP4rev1 UIDPLUS"],
            b"SELECT": self._select,
            b"SEARCH": self._search,
            b"FETCH": self._fetch,
            b"STORE": self._store,
            b"LOGOUT": lambda _rest: [b"* BYE"],
        }
        answer = answers.get(words[0], lambda _rest: [])
        return [*answer(words[-1]), b"<tag> OK done"]

    def _select(self, _rest: bytes) -> list[bytes]:
        return [
            b"* %d EXISTS" % len(self.messages),
            b"* OK [UIDVALIDITY %d] numbering" % self.uidvalidity,
            b"* OK [UIDNEXT %d] next" % (max(self.messages, default=0) + 1),
        ]

    def _search(self, criteria: bytes) -> list[bytes]:
        # The order of arrival is that of the UIDs, so both ranges can be told apart.
        found = sorted(self.messages)
        if numbers := re.match(rb"(\d+):(\d+|\*) ?", criteria):
            first, last = numbers.groups()
            end = len(found) if last == b"*" else int(last)
            found = found[int(first) - 1 : end]
            criteria = criteria[numbers.end() :]
        if criteria.startswith(b"UID "):
            named = self._uids(criteria[4:])
            found = [uid for uid in found if uid in named]
        elif criteria.startswith(b"UNSEEN"):
            found = [uid for uid in found if uid not in self.seen]
        return [b" ".join([b"* SEARCH", *(b"%d" % uid for uid in found)])]

    def _fetch(self, rest: bytes) -> list[bytes]:
        uids, _space, what = rest.partition(b" ")
        lines = []
        numbered = {uid: n for n, uid in enumerate(sorted(self.messages), start=1)}
        for uid in sorted(self._uids(uids) & set(self.messages)):
            raw = self.messages[uid]
            item = b"RFC822.SIZE %d" % len(raw)
            if b"BODY" in what:
                item = b"BODY[] {%d}\r\n%b" % (len(raw), raw)
            lines.append(b"* %d FETCH (UID %d %b)" % (numbered[uid], uid, item))
        return lines

    def _store(self, rest: bytes) -> list[bytes]:
        uids, _space, flags = rest.partition(b" ")
        if b"\\SEEN" in flags:
            self.seen |= self._uids(uids)
        return []

    def _uids(self, message_set: bytes) -> set[int]:
        """Return the UIDs that a set names, as far as they exist."""
        highest = max(self.messages, default=0)
        named: set[int] = set()
        for part in message_set.split(b","):
            ends = [highest if end == b"*" else int(end) for end in part.split(b":")]
            first, last = min(ends), max(ends)
            named |= {uid for uid in self.messages if first <= uid <= last}
        return named


class LyingPop(_LyingServer):
    """A maildrop of ``messages``, by UIDL."""

    greeting = b"+OK ready"

    def __init__(self, messages: Mapping[str, bytes]) -> None:
        super().__init__()
        self.messages = dict(messages)

    def _session(self) -> "_PopSession":
        return _PopSession(self)


class _PopSession:
    """A session sees the maildrop as it was at the login (RFC 1939 section 3)."""

    def __init__(self, server: LyingPop) -> None:
        self._server = server
        self._messages = dict(enumerate(server.messages.items(), start=1))
        self._marked: list[str] = []

    def answer(self, line: bytes) -> list[bytes]:
        command, _space, number = line.partition(b" ")
        if command == b"STAT":
            size = sum(len(raw) for _uidl, raw in self._messages.values())
            return [b"+OK %d %d" % (len(self._messages), size)]
        if command == b"UIDL":
            return self._list(lambda uidl, _raw: uidl.encode())
        if command == b"LIST":
            return self._list(lambda _uidl, raw: b"%d" % len(raw))
        if command == b"RETR":
            lines = self._messages[int(number)][1].splitlines()
            dotted = [b"." + line if line.startswith(b".") else line for line in lines]
            return [b"+OK", *dotted, b"."]
        if command == b"DELE":
            self._marked.append(self._messages[int(number)][0])
        if command == b"QUIT":
            for uidl in self._marked:
                self._server.messages.pop(uidl, None)
        return [b"+OK"]

    def _list(self, told: Callable[[str, bytes], bytes]) -> list[bytes]:
        lines = [b"%d %b" % (n, told(*item)) for n, item in self._messages.items()]
        return [b"+OK", *lines, b"."]
