"""One dialogue in each protocol, written down, step by step.

The libraries are those that work in earnest (core/protocols), so that what they cannot
do shows here. A session is given a socket that is connected, and encrypted where that
comes first.
"""

import poplib
import smtplib
from contextlib import suppress
from imaplib import IMAP4

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from ..errors import ProtocolViolation
from ..protocols.imap_login import ImapLogin
from ..protocols.pop3 import Pop3Login, is_refusal
from ..protocols.smtp_dial import log_in
from ..protocols.smtp_wire import SmtpWire
from .steps import Protocol

MAX_POP3_LINE = 64 * 1024


def open_session(protocol, host, sock, transcript):
    """Return the session for a protocol; nothing was said on it yet."""
    session = {
        Protocol.SMTP: SmtpDialogue,
        Protocol.IMAP: ImapDialogue,
        Protocol.POP: Pop3Dialogue,
    }[protocol]
    return session(host, sock, transcript)


class SmtpDialogue:
    """SMTP (RFC 5321), by smtplib."""

    tls_command = "STARTTLS"

    def __init__(self, host, sock, transcript):
        self.smtp = _Smtp(transcript)
        self.smtp._host = host  # the name that certificates are checked for
        self.smtp.sock = sock

    @property
    def sock(self):
        """The socket, which STARTTLS puts another one in the place of."""
        return self.smtp.sock

    def greet(self):
        """Read the greeting and return its text.

        :raises smtplib.SMTPConnectError: if it is a refusal
        """
        code, text = self.smtp.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        return text.decode("utf-8", "replace")

    def learn(self):
        """Ask what the server can, and return it as a list of words."""
        self.smtp.ehlo_or_helo_if_needed()
        features = self.smtp.esmtp_features
        return sorted(
            " ".join(f"{name} {value}".upper().split())
            for name, value in features.items()
        )

    def offers_tls(self):
        """Say whether encryption is offered; :meth:`learn` has to come first."""
        return self.smtp.has_extn("starttls")

    def takes_tls_unoffered(self):
        """Say whether the server knows what it did not offer.

        Then something on the way has taken the offer out of its answer.
        """
        return self.smtp.docmd("STARTTLS")[0] == 220

    def start_tls(self, context):
        """Go on encrypted."""
        self.smtp.starttls(context=context)

    def mechanisms(self):
        """Return the ways to log in that the server offers."""
        return self.smtp.esmtp_features.get("auth", "").upper().split()

    def log_in(self, steps):
        """Log in as noted.

        :raises smtplib.SMTPException: with the server's words
        """
        log_in(self.smtp, steps)

    def close(self):
        """Say goodbye; it does not matter whether anybody hears."""
        with suppress(OSError):
            self.smtp.quit()
        self.smtp.close()


class _Smtp(smtplib.SMTP):
    """Writes down what is said, and waits no longer for a reply than it should."""

    def __init__(self, transcript):
        super().__init__()
        self._transcript = transcript

    def send(self, s):
        self._transcript.sent(s)
        return super().send(s)

    def getreply(self):
        # smtplib's own takes any number of lines.
        reply = SmtpWire(self).receive(self.sock.gettimeout() or 0)
        lines = reply.text.split("\n")
        for line in lines[:-1]:
            self._transcript.received(f"{reply.code}-{line}")
        self._transcript.received(f"{reply.code} {lines[-1]}")
        return reply.code or -1, reply.text.encode("utf-8", "replace")


class ImapDialogue:
    """IMAP (RFC 3501), by IMAPClient."""

    tls_command = "STARTTLS"

    def __init__(self, host, sock, transcript):
        self._start = (host, sock, transcript)
        self.client = None

    @property
    def sock(self):
        """The socket, which STARTTLS puts another one in the place of."""
        return self.client.socket() if self.client else self._start[1]

    def greet(self):
        """Read the greeting and return its text."""
        self.client = _ImapClient(*self._start)
        welcome = self.client._imap.welcome or b""
        return welcome.decode("utf-8", "replace").strip()

    def learn(self):
        """Ask what the server can, and return it as a list of words."""
        found = self.client.capabilities()
        return sorted(word.decode("ascii", "replace") for word in found)

    def offers_tls(self):
        """Say whether encryption is offered."""
        return self.client.has_capability("STARTTLS")

    def takes_tls_unoffered(self):
        """Say whether the server knows what it did not offer."""
        try:
            return self.client._imap._simple_command("STARTTLS")[0] == "OK"
        except (IMAP4.error, KeyError):  # KeyError: a command that imaplib lacks
            return False

    def start_tls(self, context):
        """Go on encrypted."""
        self.client.starttls(context)

    def mechanisms(self):
        """Return the ways to log in that the server offers."""
        found = [w.removeprefix("AUTH=") for w in self.learn() if w.startswith("AUTH=")]
        is_closed = self.client.has_capability("LOGINDISABLED")
        return found if is_closed else ["LOGIN", *(w for w in found if w != "LOGIN")]

    def log_in(self, steps):
        """Log in as noted."""
        login = ImapLogin(self.client)
        for step in steps:
            getattr(login, step.method)(*step.arguments)

    def close(self):
        """Say goodbye; it does not matter whether anybody hears."""
        if self.client is None:
            self._start[1].close()
            return
        try:
            self.client.logout()
        except (OSError, IMAPClientError):
            with suppress(OSError, IMAPClientError):
                self.client.shutdown()


class _ImapClient(IMAPClient):
    def __init__(self, host, sock, transcript):
        self._given = (sock, transcript)
        super().__init__(host, sock.getpeername()[1], ssl=False, timeout=None)
        # Its own log is no place for a login, not even when debugging.
        self._imap.debug = 0

    def _create_IMAP4(self):
        return _Imap4(self.host, self.port, *self._given)

    def _set_read_timeout(self):
        """Nothing: the socket has one."""


class _Imap4(IMAP4):
    def __init__(self, host, port, sock, transcript):
        self._given = sock
        self._transcript = transcript
        super().__init__(host, port)

    def _create_socket(self, timeout):
        return self._given

    def send(self, data):
        self._transcript.sent(data)
        return super().send(data)

    def readline(self):
        line = super().readline()
        if line:
            self._transcript.received(line)
        return line

    def read(self, size):
        self._transcript.note(f"({size} bytes)")
        return super().read(size)


class Pop3Dialogue:
    """POP3 (RFC 1939), by poplib."""

    tls_command = "STLS"

    def __init__(self, host, sock, transcript):
        self._start = (host, sock, transcript)
        self.pop = None

    @property
    def sock(self):
        """The socket, which STLS puts another one in the place of."""
        return self.pop.sock if self.pop else self._start[1]

    def greet(self):
        """Read the greeting and return its text."""
        self.pop = _Pop3(*self._start)
        return self.pop.getwelcome().decode("utf-8", "replace")

    def learn(self):
        """Ask what the server can, and return it as a list of words."""
        found = self._capabilities()
        return sorted(" ".join([name, *values]) for name, values in found.items())

    def _capabilities(self):
        try:
            return self.pop.capa()
        except poplib.error_proto as error:
            # Optional (RFC 2449); poplib hides what went wrong behind its own words.
            if isinstance(error.__context__, poplib.error_proto):
                error = error.__context__
            if not is_refusal(error):
                raise
            return {}

    def offers_tls(self):
        """Say whether encryption is offered."""
        return "STLS" in self._capabilities()

    def takes_tls_unoffered(self):
        """Say whether the server knows what it did not offer."""
        try:
            self.pop._shortcmd("STLS")
        except poplib.error_proto:
            return False
        return True

    def start_tls(self, context):
        """Go on encrypted."""
        self.pop.stls(context)

    def mechanisms(self):
        """Return the ways to log in that the server offers."""
        found = self._capabilities()
        return (
            ["USER", *(w for w in found.get("SASL", []))]
            if "USER" in found
            else [*found.get("SASL", [])]
        )

    def log_in(self, steps):
        """Log in as noted."""
        login = Pop3Login(self.pop)
        for step in steps:
            if not hasattr(login, step.method):
                raise ProtocolViolation(step.method.upper())
            getattr(login, step.method)(*step.arguments)

    def close(self):
        """Say goodbye. Nothing was marked, so nothing is deleted."""
        if self.pop is None:
            self._start[1].close()
            return
        with suppress(OSError, poplib.error_proto):
            self.pop.quit()
        with suppress(OSError):
            self.pop.close()


class _Pop3(poplib.POP3):
    def __init__(self, host, sock, transcript):
        self._given = sock
        self._transcript = transcript
        super().__init__(host, 0)

    def _create_socket(self, timeout):
        return self._given

    def _putline(self, line):
        self._transcript.sent(line)
        return super()._putline(line)

    def _getline(self):
        line = self.file.readline(MAX_POP3_LINE + 1)
        if len(line) > MAX_POP3_LINE:
            raise poplib.error_proto("line too long")
        if not line:
            raise poplib.error_proto("-ERR EOF")
        self._transcript.received(line)
        return line.rstrip(b"\r\n"), len(line)
