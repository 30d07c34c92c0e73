"""A mailbox over POP3 (RFC 1939, STLS RFC 2595)."""

import logging
import poplib
from contextlib import suppress

from ..errors import LoginRefused, MessageGone, ProtocolViolation
from ..parsing.envelope import MAX_HEADER_BYTES
from ..parsing.excerpt import MAX_TEXT_BYTES, LeftPart, build, from_beginning
from .after_fetch import Aftercare
from .endpoint import Security
from .line import Line
from .mailbox import (
    FetchedMessage,
    FolderStatus,
    Mailbox,
    MessageRef,
    StockConnection,
    bounded,
)

_logger = logging.getLogger(__name__)

FOLDER = "INBOX"

# Nobody's mail is longer than this, so no line of it is.
MAX_LINE_BYTES = 64 * 1024 * 1024
# Of a message above the size limit: the lines of its body that are asked for, and the
# bytes that are kept of header and body.
TOP_LINES = 5000
MAX_START_BYTES = MAX_HEADER_BYTES + MAX_TEXT_BYTES
# What is handed on at once of a message that comes piece by piece.
PIECE_BYTES = 1024 * 1024


class _Pop3(poplib.POP3):
    """Connects by a :class:`~.line.Line`, and reads lines of any length.

    ``poplib`` takes 2 kB at most, 64 kB once Odoo has changed its constant; RETR of a
    mail with a longer line fails each time, and with it all that comes after it.
    """

    def __init__(self, endpoint, line):
        self._endpoint, self._line = endpoint, line
        super().__init__(endpoint.host, endpoint.port, endpoint.timeout)

    def _create_socket(self, timeout):
        return self._line.connect(self._endpoint)

    def _getline(self):
        line = self.file.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            raise poplib.error_proto("line too long")
        if not line.endswith(b"\n"):  # the connection ended within it
            raise poplib.error_proto("-ERR EOF")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)

    def lines(self, command):
        """Send a command and yield the lines of its answer, dots undone.

        Read them all before the next command. poplib's own keeps them all.
        """
        self._shortcmd(command)
        while (line := self._getline()[0]) != b".":
            yield line[1:] if line.startswith(b"..") else line


class Pop3Mailbox(StockConnection, Mailbox):
    """One POP3 session: connect, :meth:`login`, then read.

    DELE only marks; the server deletes at QUIT (RFC 1939 section 6).
    """

    acknowledges_on_close = True
    stock_aftercare = Aftercare(delete_at_once=True)

    def __init__(self, endpoint, line=None):
        """Connect to ``endpoint`` and protect the connection as it says."""
        self._line = line or Line()
        self._pop = _Pop3(endpoint, self._line)
        self._numbers = None
        self.acknowledged = []
        self.removed = []
        if endpoint.security is Security.STARTTLS:
            self._start_tls(endpoint)

    def _start_tls(self, endpoint):
        try:
            if "STLS" not in self._capabilities():
                raise ProtocolViolation("STLS")
            self._pop.stls(endpoint.shared_tls_context())
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
        sizes = self._sizes() if self.size_limit and refs else {}
        size_of = {ref: sizes.get(self._numbers[ref], 0) for ref in refs}
        # Last what is too large: where a server has no TOP it may take all the time.
        for ref in sorted(refs, key=lambda ref: size_of[ref] > self.size_limit):
            number, size = self._numbers[ref], size_of[ref]
            try:
                if size > self.size_limit:
                    message = self._excerpt(ref, number, size)
                else:
                    message = FetchedMessage(ref, self._whole(number))
            except poplib.error_proto as error:
                if not is_refusal(error):
                    raise
                # It stays, and is asked for again; the others must not wait for it.
                _logger.warning("%s not handed out: %s", ref.uid, server_words(error))
                continue
            yield message

    def _whole(self, number):
        """Return a message below the limit.

        :raises ProtocolViolation: when it goes on far beyond the limit all the same
        """
        lines = self._pop.lines(f"RETR {number}")
        if self.size_limit:
            lines = bounded(lines, self.size_limit)
        found = bytearray()
        for line in lines:
            found += line
            found += b"\r\n"
        return bytes(found)

    def _sizes(self):
        """Return the sizes of the messages by their numbers, as the server says."""
        try:
            listing = [line.split() for line in self._pop.lines("LIST")]
        except poplib.error_proto as error:
            if not is_refusal(error):
                raise
            return {}
        pairs = [words[:2] for words in listing if len(words) > 1]
        return {int(n): int(s) for n, s in pairs if n.isdigit() and s.isdigit()}

    def _excerpt(self, ref, number, size):
        """Return header and texts of a message, as far as its beginning has them."""
        try:
            start = self._beginning(f"TOP {number} {TOP_LINES}")
        except poplib.error_proto as error:
            if not is_refusal(error):
                raise
            # TOP is optional (RFC 1939 section 7).
            start = self._beginning(f"RETR {number}")
        texts, left = from_beginning(start)
        # The beginning does not tell what else there is.
        left.append(LeftPart("", "message/rfc822", size))
        return FetchedMessage(ref, build(start, texts), size, tuple(left))

    def _beginning(self, command):
        """Return the beginning of the answer to a command."""
        found = bytearray()
        for line in self._pop.lines(command):
            if len(found) < MAX_START_BYTES:
                found += line
                found += b"\r\n"
        return bytes(found)

    def download_pieces(self, ref, offset=0):
        if ref not in self.find(None):
            raise MessageGone(ref.uid)
        for piece in self._pieces(ref):  # RETR begins at the beginning
            known = min(offset, len(piece))
            offset -= known
            if len(piece) > known:
                yield piece[known:]

    def _pieces(self, ref):
        piece = bytearray()
        for line in self._pop.lines(f"RETR {self._numbers[ref]}"):
            piece += line
            piece += b"\r\n"
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        yield bytes(piece)

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
        self._line.cut()

    def abandon(self):
        # Without QUIT nothing is deleted (RFC 1939 section 6). Cut first: poplib's
        # file is locked while a thread still reads it.
        self._line.cut()
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
