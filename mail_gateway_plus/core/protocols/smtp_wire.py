"""Bytes to and from an SMTP server: never longer than allowed, never out of step."""

import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, fields

from .smtp_delivery import Reply

# What is sent under one timeout. Python's sendall() has one for all that it is given,
# and a large mail over a slow line takes longer than any one wait should.
BLOCK_BYTES = 64 * 1024
# A reply's limit is 512 bytes a line (RFC 5321 section 4.5.3.1.5); some servers tell
# their whole policy.
MAX_REPLY_BYTES = 64 * 1024
# Of what is longer, the content of mails, the debug log shows the length only.
MAX_SHOWN_BYTES = 1000


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for each phase; RFC 5321 section 4.5.3.2 for the order of them.

    ``connect`` is for each address of a host, ``block`` for each 64 KiB of content.
    The minutes for ``dot`` are the RFC's own: who gives up earlier sends mails twice.
    """

    connect: float = 30
    greeting: float = 60
    command: float = 120
    block: float = 180
    dot: float = 600
    reset: float = 20
    quit: float = 5

    def capped(self, seconds):
        """Return these, none of them longer than ``seconds``."""
        return Timeouts(*(min(getattr(self, f.name), seconds) for f in fields(self)))


class SmtpWire:
    """The socket of an ``smtplib.SMTP``, with a deadline for whatever is done.

    ``deadline``: when all has to be over, by ``time.monotonic()``.
    """

    def __init__(self, connection):
        self.connection = connection
        self.deadline = float("inf")
        if connection.sock:
            self._send_at_once(connection.sock)

    @property
    def is_open(self):
        """Whether there is a connection as far as we know."""
        return self.connection.sock is not None

    def send(self, data, seconds):
        """Send bytes, each block of them within ``seconds``.

        :raises smtplib.SMTPServerDisconnected: with smtplib's words
        :raises smtplib.SMTPDataError: with the server's, if it gave its reason first
        """
        sock = self.connection.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        self._show("send:", data if len(data) < MAX_SHOWN_BYTES else len(data))
        try:
            for start in range(0, len(data), BLOCK_BYTES):
                sock.settimeout(self._within_deadline(seconds))
                sock.sendall(data[start : start + BLOCK_BYTES])
        except OSError as error:
            last_words = self.overheard()
            self.connection.close()
            if last_words and last_words.code:
                raise smtplib.SMTPDataError(*last_words.plain) from error
            message = "Server not connected"
            raise smtplib.SMTPServerDisconnected(message) from error

    def receive(self, seconds):
        """Return the next :class:`Reply`; code 0 where it cannot be read.

        Nothing can be said on a connection whose reply was unreadable: who asked does
        not know any more which answer belongs to what.

        :raises smtplib.SMTPServerDisconnected: with smtplib's words
        """
        smtp = self.connection
        if smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        if smtp.file is None:
            smtp.file = smtp.sock.makefile("rb")
        try:
            code, text = self._read_lines(
                min(time.monotonic() + seconds, self.deadline)
            )
        except OSError as error:
            smtp.close()
            message = f"Connection unexpectedly closed: {error}"
            raise smtplib.SMTPServerDisconnected(message) from error
        if not text and code is None:
            smtp.close()
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        self._show("reply:", code, text)
        return Reply.of(code or 0, text)

    def overheard(self):
        """Return what the server says though nobody asked, ``None`` if it is silent.

        A server that shuts down or has seen enough of a mail says so and hangs up; one
        that only hung up is a reply without code and text.
        """
        sock = self.connection.sock
        if sock is None:
            return Reply(0, "")
        try:
            sock.settimeout(0)
            data = sock.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError, TimeoutError):
            return None
        except OSError:
            data = b""
        line = data.partition(b"\r\n")[0]
        return Reply.of(_code(line) or 0, line[4:].strip())

    def _within_deadline(self, seconds):
        """Return how long to wait at most; never 0, which would mean not at all."""
        return max(min(seconds, self.deadline - time.monotonic()), 0.01)

    @staticmethod
    def _send_at_once(sock):
        """Have small packets leave without waiting for the receipt of those before.

        The final dot would stand in line behind the content for the 40 ms by which a
        server delays its receipts (RFC 1122 section 4.2.3.4).
        """
        raw = getattr(sock, "socket", sock)  # PyOpenSSL's is wrapped
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _show(self, *words):
        """Write to Odoo's debug log if the server's *Debugging* is on."""
        if self.connection.debuglevel > 0:
            self.connection._print_debug(*map(repr, words))

    def _read_lines(self, deadline):
        """Return code and text of a reply; code ``None`` where it makes no sense."""
        texts, size = [], 0
        while True:
            line = self._read_line(deadline, MAX_REPLY_BYTES - size)
            size += len(line)
            code = _code(line)
            texts.append(line[4:].strip(b" \t\r\n") if code else line.strip())
            if code is None or not line.endswith(b"\n"):
                return None, b"\n".join(texts)
            if line[3:4] != b"-":
                return code, b"\n".join(texts)

    def _read_line(self, deadline, limit):
        """Return a line with its end; without one where it is cut or too long.

        Read by what has come, not by whole lines: a server that sends a byte a minute
        would be waited for without end.
        """
        line = bytearray()
        while len(line) < limit:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("timed out")
            self.connection.sock.settimeout(remaining)
            waiting = self.connection.file.peek()
            if not waiting:
                break
            end = waiting.find(b"\n") + 1
            line += self.connection.file.read(end or len(waiting))
            if end:
                break
        return bytes(line)


def _code(line):
    """Return the code that a line of a reply begins with, or ``None``."""
    is_code = re.match(rb"\d{3}(?!\d)", line)
    return int(line[:3]) if is_code else None
