"""Has ClamAV's daemon look at files (clamd(8), command INSTREAM)."""

import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass

from ..errors import GatewayError

CHUNK = 64 * 1024
# Seconds to connect, and for a file altogether.
CONNECT_SECONDS = 3.0
SCAN_SECONDS = 30.0
MAX_REPLY = 4096
DEFAULT_PORT = 3310


class ScannerUnavailable(GatewayError):
    """The scanner cannot be reached, or did not come to an end."""


class TooLargeToScan(ScannerUnavailable):
    """The scanner takes no file of this size, now or later (StreamMaxLength)."""


@dataclass(frozen=True)
class Clamd:
    """A scanner at ``host:port``, or at the path of a socket of this machine.

    A new connection for each file: what one leaves behind does not touch the next.
    """

    address: str
    seconds: float = SCAN_SECONDS

    def scan(self, content):
        """Return the name of what a file is infected with; empty if it is clean.

        :raises ScannerUnavailable: when that cannot be found out
        """
        ends_at = time.monotonic() + self.seconds
        try:
            with self._connect() as line:
                self._send(line, content, ends_at)
                return _verdict(_reply(line, ends_at))
        except (OSError, ValueError) as error:
            raise ScannerUnavailable(str(error) or type(error).__name__) from error

    def _connect(self):
        if self.address.startswith("/"):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.settimeout(CONNECT_SECONDS)
            try:
                line.connect(self.address)
            except BaseException:
                line.close()
                raise
            return line
        host, _colon, port = self.address.rpartition(":")
        if not host or not port.isdigit():
            host, port = self.address, DEFAULT_PORT
        return socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS)

    def _send(self, line, content, ends_at):
        """Send the file; clamd hangs up at its own limit, and its reply says so."""
        with suppress(ConnectionError):
            _within(line, ends_at).sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                piece = content[start : start + CHUNK]
                _within(line, ends_at).sendall(struct.pack("!L", len(piece)) + piece)
            _within(line, ends_at).sendall(struct.pack("!L", 0))


def _within(line, ends_at):
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the scanner took too long")
    line.settimeout(left)
    return line


def _reply(line, ends_at):
    reply = b""
    while len(reply) < MAX_REPLY and not reply.endswith(b"\0"):
        piece = _within(line, ends_at).recv(1024)
        if not piece:
            break
        reply += piece
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")


def _verdict(reply):
    """Return the signature's name out of ``stream: NAME FOUND`` or ``stream: OK``."""
    said = reply.partition(": ")[2]
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")[:200]
    if "size limit exceeded" in reply:
        raise TooLargeToScan(reply[:200])
    raise ScannerUnavailable(reply[:200] or "it hung up")
