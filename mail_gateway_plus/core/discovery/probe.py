"""Connects to a server and looks at what it says of itself; it never logs in."""

import contextlib
import re
import socket
import ssl
import time
from dataclasses import replace

from ..protocols.endpoint import Security
from ..setup.settings import Protocol
from .names import is_public
from .offer import Offer, Reached, Source

# Seconds for one server, from connecting to its capabilities.
PROBE_TIMEOUT = 4.0

FAREWELL_SECONDS = 0.5

MAX_LINE = 8_192
MAX_LINES = 100

# Names that a domain's own servers have, and how they are asked (RFC 8314 section 3).
_GUESSES = {
    Protocol.SMTP: (("smtp", "mail", ""), ((465, "ssl"), (587, "starttls"))),
    Protocol.IMAP: (("imap", "mail", ""), ((993, "ssl"), (143, "starttls"))),
    Protocol.POP: (("pop", "mail", ""), ((995, "ssl"), (110, "starttls"))),
}


def guesses(protocol, domain):
    """Return the offers that a domain may have, the likeliest and safest first."""
    labels, ways = _GUESSES[protocol]
    return [
        Offer(
            protocol,
            f"{label}.{domain}" if label else domain,
            port,
            Security(security),
            Source.PROBE,
        )
        for port, security in ways
        for label in labels
    ]


class _Mismatch(Exception):
    """The server does not answer as its protocol has it."""


class _NoTls(Exception):
    """The server does not let the connection be encrypted."""


class Prober:
    """Tries offers, see :func:`probe`.

    :param names: resolves host names, see :class:`~.names.SystemNames`
    :param allow_private: whether loopback and private addresses may be reached
    """

    def __init__(self, names, allow_private=False, timeout=PROBE_TIMEOUT, context=None):
        self._names = names
        self._allow_private = allow_private
        self._timeout = timeout
        self._context = context or ssl.create_default_context()

    def probe(self, offer):
        """Return the offer with what came of connecting, and its login mechanisms."""
        addresses = self._names.addresses(offer.host)
        if not addresses:
            return replace(offer, reached=Reached.NO_ADDRESS)
        if not self._allow_private and not all(map(is_public, addresses)):
            return replace(offer, reached=Reached.PRIVATE)
        deadline = time.monotonic() + self._timeout
        reached = Reached.NO_ANSWER
        for address in addresses[:3]:
            reached, login = self._try(offer, address, deadline)
            if reached is not Reached.NO_ANSWER:
                return replace(offer, reached=reached, login=login or offer.login)
        return replace(offer, reached=reached)

    def _try(self, offer, address, deadline):
        """Return what came of one address, and the mechanisms that it names."""
        try:
            left = max(deadline - time.monotonic(), 0.1)
            plain = socket.create_connection((address, offer.port), left)
        except OSError:
            return Reached.NO_ANSWER, ()
        dialogue = _Dialogue(plain, deadline)
        try:
            return Reached.OK, self._talk(dialogue, offer)
        except ssl.SSLCertVerificationError:
            return Reached.CERTIFICATE, ()
        except (ssl.SSLError, _NoTls):
            return Reached.NO_TLS, ()
        except (_Mismatch, UnicodeError):
            return Reached.OTHER_PROTOCOL, ()
        except OSError:
            return Reached.NO_ANSWER, ()
        finally:
            dialogue.close()

    def _talk(self, dialogue, offer):
        speaker = _SPEAKERS[offer.protocol](dialogue)
        if offer.security is Security.SSL:
            dialogue.encrypt(self._context, offer.host)
        speaker.greeting()
        if offer.security is Security.STARTTLS:
            speaker.start_tls()
            dialogue.encrypt(self._context, offer.host)
        login = speaker.mechanisms()
        # Leaving in good order keeps the server's log clean; more it is not worth.
        with contextlib.suppress(OSError, _Mismatch):
            dialogue.hurry(FAREWELL_SECONDS)
            speaker.leave()
            dialogue.next_line()
        return login


class _Dialogue:
    """Lines to and from a server, until a deadline."""

    def __init__(self, connection, deadline):
        self._socket = connection
        self._deadline = deadline
        self._unread = b""

    def encrypt(self, context, host):
        """Go on encrypted; what came in clear before that is not trusted."""
        self._unread = b""
        self._wait()
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def hurry(self, seconds):
        """Wait for so many seconds more at most."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def say(self, line):
        self._wait()
        self._socket.sendall(line + b"\r\n")

    def next_line(self):
        """Return the next line without its end."""
        while b"\n" not in self._unread:
            if len(self._unread) > MAX_LINE:
                raise _Mismatch
            self._wait()
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionError
            self._unread += data
        line, _end, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")

    def read_until(self, is_last):
        """Return lines up to the one for which ``is_last`` is true."""
        lines = []
        while len(lines) < MAX_LINES:
            lines.append(self.next_line())
            if is_last(lines[-1]):
                return lines
        raise _Mismatch

    def close(self):
        self._socket.close()

    def _wait(self):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Smtp:
    """What is said to a submission server (RFC 5321, RFC 3207, RFC 4954)."""

    def __init__(self, dialogue):
        self._dialogue = dialogue

    def greeting(self):
        self._reply(b"220")

    def start_tls(self):
        if not any(line[4:].upper() == b"STARTTLS" for line in self._hello()):
            raise _NoTls
        self._dialogue.say(b"STARTTLS")
        try:
            self._reply(b"220")
        except _Mismatch as error:
            raise _NoTls from error

    def mechanisms(self):
        for line in self._hello():
            if re.match(rb"AUTH[ =]", line[4:], re.IGNORECASE):
                return _words(line[9:])
        return ()

    def leave(self):
        self._dialogue.say(b"QUIT")

    def _hello(self):
        # A literal address, as this machine's name is none of a stranger's business.
        self._dialogue.say(b"EHLO [127.0.0.1]")
        return self._reply(b"250")

    def _reply(self, code):
        lines = self._dialogue.read_until(lambda line: line[3:4] != b"-")
        if not all(line[:3] == code for line in lines):
            raise _Mismatch
        return lines


class _Imap:
    """What is said to an IMAP server (RFC 3501)."""

    def __init__(self, dialogue):
        self._dialogue = dialogue

    def greeting(self):
        if not self._dialogue.next_line().upper().startswith(b"* OK"):
            raise _Mismatch

    def start_tls(self):
        if b"STARTTLS" not in self._capabilities():
            raise _NoTls
        self._dialogue.say(b"b STARTTLS")
        self._completion(b"b", _NoTls)

    def mechanisms(self):
        found = self._capabilities()
        sasl = [word[5:] for word in found if word.startswith(b"AUTH=")]
        plain = [] if b"LOGINDISABLED" in found else [b"LOGIN"]
        return _words(b" ".join(sasl + plain))

    def leave(self):
        self._dialogue.say(b"c LOGOUT")

    def _capabilities(self):
        self._dialogue.say(b"a CAPABILITY")
        lines = self._completion(b"a", _Mismatch)
        found = [line.upper().split()[2:] for line in lines[:-1] if line[:1] == b"*"]
        return [word for words in found for word in words]

    def _completion(self, tag, error):
        lines = self._dialogue.read_until(lambda line: line.startswith(tag + b" "))
        if not lines[-1].upper().startswith(tag.upper() + b" OK"):
            raise error
        return lines


class _Pop:
    """What is said to a POP3 server (RFC 1939, RFC 2449, RFC 2595)."""

    def __init__(self, dialogue):
        self._dialogue = dialogue

    def greeting(self):
        self._ok(_Mismatch)

    def start_tls(self):
        if not any(line.upper() == b"STLS" for line in self._capabilities()):
            raise _NoTls
        self._dialogue.say(b"STLS")
        self._ok(_NoTls)

    def mechanisms(self):
        words = []
        for line in self._capabilities():
            name, _space, rest = line.upper().partition(b" ")
            words += rest.split() if name == b"SASL" else []
            words += [b"USER"] if name == b"USER" else []
        return _words(b" ".join(words))

    def leave(self):
        self._dialogue.say(b"QUIT")

    def _capabilities(self):
        self._dialogue.say(b"CAPA")
        first = self._dialogue.next_line()
        if not first.startswith(b"+OK"):
            return []  # CAPA is an extension, and such a server has no STLS either
        return self._dialogue.read_until(lambda line: line == b".")[:-1]

    def _ok(self, error):
        if not self._dialogue.next_line().startswith(b"+OK"):
            raise error


_SPEAKERS = {Protocol.SMTP: _Smtp, Protocol.IMAP: _Imap, Protocol.POP: _Pop}


def _words(line):
    """Return mechanisms as text, whatever a server put there."""
    found = re.findall(rb"[A-Za-z0-9_-]{1,20}", line.upper())
    return tuple(dict.fromkeys(word.decode() for word in found))
