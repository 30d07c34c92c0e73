"""A mailbox over POP3 (RFC 1939, STLS RFC 2595)."""

import logging
import poplib
from contextlib import suppress

from ..errors import LoginRefused, ProtocolViolation
from .after_fetch import Aftercare
from .endpoint import Security
from .mailbox import FetchedMessage, FolderStatus, Mailbox, MessageRef, StockConnection

_logger = logging.getLogger(__name__)

FOLDER = "INBOX"

# Nobody's mail is longer than this, so no line of it is.
MAX_LINE_BYTES = 64 * 1024 * 1024


class _LongLines:
    """Lets ``poplib`` read lines of any length.

    It takes 2 kB at most, 64 kB once Odoo has changed its constant; RETR of a mail
    with a longer line fails each time, and with it all that comes after that mail.
    """

    def _getline(self):
        line = self.file.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            raise poplib.error_proto("line too long")
        if not line:
            raise poplib.error_proto("-ERR EOF")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)


class _Pop3(_LongLines, poplib.POP3):
    pass


class _Pop3Ssl(_LongLines, poplib.POP3_SSL):
    pass


class Pop3Mailbox(StockConnection, Mailbox):
    """One POP3 session: connect, :meth:`login`, then read.

    DELE only marks; the server deletes at QUIT (RFC 1939 section 6).
    """

    acknowledges_on_close = True
    stock_aftercare = Aftercare(delete_at_once=True)

    def __init__(self, endpoint):
        """Connect to ``endpoint`` and protect the connection as it says."""
        where = {"host": endpoint.host, "port": endpoint.port}
        if endpoint.security is Security.SSL:
            self._pop = _Pop3Ssl(
                **where, timeout=endpoint.timeout, context=endpoint.tls_context()
            )
        else:
            self._pop = _Pop3(**where, timeout=endpoint.timeout)
        self._numbers = None
        self.acknowledged = []
        self.removed = []
        if endpoint.security is Security.STARTTLS:
            self._start_tls(endpoint)

    def _start_tls(self, endpoint):
        try:
            if "STLS" not in self._capabilities():
                raise ProtocolViolation("STLS")
            self._pop.stls(endpoint.tls_context())
        except BaseException:
            self.abandon()
            raise

    def _capabilities(self):
        """Return what CAPA lists: nothing if the server does not know the command."""
        try:
            return self._pop.capa()
        except poplib.error_proto as error:
            # poplib says "not supported" whatever happened; the cause is behind it.
            if is_refusal(error.__context__):
                return {}
            raise error.__context__ from None

    @property
    def login(self):
        """The connection as a login needs it, as with IMAP."""
        return Pop3Login(self._pop)

    def open(self, folder=FOLDER):
        """Look into the only folder that POP3 has."""
        messages, _octets = self._pop.stat()
        self.status = FolderStatus(folder=FOLDER, messages=messages)

    def find(self, question):
        # A session's listing does not change (RFC 1939 section 3): ask once.
        if self._numbers is None:
            self._numbers = self._list()
        return list(self._numbers)

    def _list(self):
        try:
            _response, listing, _octets = self._pop.uidl()
        except poplib.error_proto as error:
            if not is_refusal(error):
                raise
            raise ProtocolViolation("UIDL") from error
        numbers = {}
        for line in listing:
            number, _space, uid = line.partition(b" ")
            if not (number.isdigit() and uid.strip()):
                # Without a uid all messages would be one, and pass for known.
                raise ProtocolViolation("UIDL")
            uid = uid.decode("ascii", "replace").strip()
            numbers[MessageRef(FOLDER, "", uid)] = int(number)
        return numbers

    def download(self, refs):
        for ref in refs:
            try:
                _response, lines, _octets = self._pop.retr(self._numbers[ref])
            except poplib.error_proto as error:
                if not is_refusal(error):
                    raise
                # It stays, and is asked for again; the others must not wait for it.
                _logger.warning("%s not handed out: %s", ref.uid, server_words(error))
                continue
            yield FetchedMessage(ref, b"\r\n".join(lines) + b"\r\n")

    def acknowledge(self, refs, aftercare):
        if aftercare.delete_at_once:
            self.remove(refs)
        self.acknowledged += refs

    def remove(self, refs):
        # Who is not listed any more has been deleted by somebody else.
        for ref in refs:
            if number := self._numbers.pop(ref, None):
                self._pop.dele(number)
        self.removed += refs

    def move(self, refs, folder):
        """Nothing: POP3 knows no folders."""

    def close(self):
        self._pop.quit()

    def abandon(self):
        # Without QUIT nothing is deleted (RFC 1939 section 6).
        with suppress(OSError):
            self._pop.close()


class Pop3Login:
    """Logs a POP3 connection in."""

    def __init__(self, pop):
        self._pop = pop

    def login(self, user, password):
        """Log in.

        :raises LoginRefused: with the server's words
        """
        try:
            self._pop.user(user)
            self._pop.pass_(password)
        except poplib.error_proto as error:
            if not is_refusal(error):
                raise
            raise LoginRefused(server_words(error)) from error


def is_refusal(error):
    """Say whether the server said ``-ERR``; what poplib itself finds is a ``str``."""
    return bool(error.args) and isinstance(error.args[0], bytes)


def server_words(error):
    """Return the text of a ``poplib.error_proto``, which holds bytes."""
    words = error.args[0] if error.args else b""
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
