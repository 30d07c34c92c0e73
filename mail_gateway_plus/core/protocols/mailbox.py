"""What every kind of mailbox can do, whatever its protocol."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from ..errors import MessageGone, ProtocolViolation
from ..policy.identity import fingerprint
from ..policy.progress import Listing, Question
from .after_fetch import Aftercare
from .asking import LONGEST_STEP

# A batch is bounded by both: round trips are saved, memory stays small.
MAX_BATCH_MESSAGES = 40
MAX_BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class MessageRef:
    """The identity of a message inside its mailbox.

    IMAP: folder, UIDVALIDITY, UID (RFC 3501 section 2.3.1.1). POP3: the UIDL
    (RFC 1939 section 7) as ``uid``, ``INBOX`` and an empty validity.
    """

    folder: str
    uidvalidity: str
    uid: str


@dataclass(frozen=True)
class FetchedMessage:
    """A message as the server handed it out: its identity and its exact bytes.

    Of one above the size limit ``raw`` is the excerpt, ``full_size`` what the server
    holds in bytes, and ``left`` a tuple of :class:`~..parsing.excerpt.LeftPart`.
    ``arrived`` is when the mailbox got it, as naive UTC (INTERNALDATE, RFC 3501 section
    2.3.3); ``None`` where the server does not say.
    """

    ref: MessageRef
    raw: bytes
    full_size: int = 0
    left: tuple = ()
    arrived: datetime | None = None


@dataclass(frozen=True)
class FolderStatus:
    """What opening a folder showed.

    ``uidvalidity`` is empty and ``uidnext`` zero where the server does not tell.
    """

    folder: str
    messages: int
    writable: bool = True
    uidvalidity: str = ""
    uidnext: int = 0


class StockConnection:
    """The four methods that Odoo's own fetchmail connection offers.

    ``fetchmail.server._connect__`` promises them to other addons, which may wrap or
    drive the connection as Odoo does (mail/models/fetchmail.py, ``_fetch_mail``).
    """

    stock_aftercare = Aftercare()
    _unhandled = ()

    def check_unread_messages(self):
        """Return how many messages wait, and remember them for the next call."""
        self._unhandled = self.find(Question(Listing.UNREAD))
        return len(self._unhandled)

    def retrieve_unread_messages(self):
        """Yield ``(ref, bytes)`` for each message that the last check found."""
        for message in self.download(self._unhandled):
            yield message.ref, message.raw

    def handled_message(self, ref):
        """Acknowledge one message."""
        self.acknowledge([ref], self.stock_aftercare)

    def disconnect(self):
        """End the session."""
        self.close()


class Mailbox(ABC):
    """A mailbox, with one folder open at a time.

    A message may be listed and downloaded any number of times. Every method may raise
    ``OSError``, an error of the protocol's library or a
    :class:`~..errors.GatewayError`.

    ``status`` is the :class:`FolderStatus`, or ``None`` where it cannot be known.
    Where ``resumes`` holds, a download may begin in the middle of a message. Where
    ``acknowledges_on_close`` holds, an acknowledgement is final only once
    ``close`` returned. Of messages of more than ``size_limit`` bytes only header and
    texts are downloaded, where the protocol knows sizes; 0 is no limit. What is asked
    for at once should come in ``step_seconds``.
    """

    status = None
    resumes = False
    size_limit = 0
    step_seconds = LONGEST_STEP
    acknowledges_on_close = False

    @abstractmethod
    def open(self, folder):
        """Open another folder; nothing to do where there is only one."""

    @abstractmethod
    def find(self, question):
        """Return the :class:`MessageRef` of the messages asked for, oldest first."""

    def find_between(self, first, last):
        """Return the refs of the messages with these UIDs that are not deleted."""
        return []

    def exist(self, refs):
        """Return those of ``refs`` that were listed before and are there still."""
        return []

    @abstractmethod
    def download(self, refs):
        """Yield a :class:`FetchedMessage` for each of ``refs`` that still exists."""

    def download_pieces(self, ref, offset=0):
        """Yield the bytes of one message piece by piece, whatever its size.

        :param offset: how many bytes of it are known already

        :raises MessageGone: when it is no longer there
        """
        raise MessageGone(ref.uid)

    @abstractmethod
    def acknowledge(self, refs, aftercare):
        """Treat messages that the journal holds as :class:`Aftercare` says.

        :returns: as :meth:`move` does
        """

    @abstractmethod
    def remove(self, refs):
        """Delete messages from the server."""

    @abstractmethod
    def move(self, refs, folder):
        """Move messages to another folder, where the protocol has any.

        :returns: a dictionary by the refs that were moved: where each one is now, or
            ``None`` where that is not known; or nothing at all
        """

    @abstractmethod
    def close(self):
        """End the session in good order; with POP3 only this makes DELE final."""

    @abstractmethod
    def abandon(self):
        """Drop the connection without a word, for use after a failure."""


class FourMethodMailbox(Mailbox):
    """Another addon's connection, which has Odoo's four methods and no identity.

    Its numbers mean nothing after the session, so the content's fingerprint is the
    identity. That needs the bytes first: ``find`` downloads, at most one batch.
    """

    UIDVALIDITY = "content"

    def __init__(self, connection, limit=50):
        self._connection = connection
        self._limit = limit
        self._held = {}
        self._waiting = None

    def open(self, folder):
        """Nothing: the connection has one folder, which is open."""

    def remove(self, refs):
        """Nothing: it can only handle a message, which ``acknowledge`` does."""

    def move(self, refs, folder):
        """Nothing: it knows no folders."""

    def find(self, question):
        if self._waiting is None:
            self._connection.check_unread_messages()
            self._waiting = iter(self._connection.retrieve_unread_messages())
        size = sum(len(raw) for raw, _numbers in self._held.values())
        while len(self._held) < self._limit and size < MAX_BATCH_BYTES:
            retrieved = next(self._waiting, None)
            if retrieved is None:
                break
            number, content = retrieved
            raw = as_bytes(content)
            ref = MessageRef("INBOX", self.UIDVALIDITY, fingerprint(raw))
            self._held.setdefault(ref, (raw, []))[1].append(number)
            size += len(raw)
        return list(self._held)

    def download(self, refs):
        for ref in refs:
            yield FetchedMessage(ref, self._held[ref][0])

    def acknowledge(self, refs, aftercare):
        for ref in refs:
            _raw, numbers = self._held.pop(ref)
            for number in numbers:
                self._connection.handled_message(number)

    def close(self):
        self._connection.disconnect()

    def abandon(self):
        self._connection.disconnect()


def as_mailbox(connection):
    """Return ``connection`` itself if it is a :class:`Mailbox`, else wrap it."""
    if isinstance(connection, Mailbox):
        return connection
    return FourMethodMailbox(connection)


def as_bytes(content):
    """Return the bytes of a message that came as bytes, text or an XML-RPC binary."""
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")
    # Not bytes() alone, which makes as many NULs of a number.
    return bytes(memoryview(getattr(content, "data", content)))


def bounded(pieces, size):
    """Yield pieces of a message; an endless one ends here.

    :param size: what the server says that it has, in bytes; some count line ends
        differently, or do not know attachments' sizes exactly
    :raises ProtocolViolation: at twice the size
    """
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > 2 * size:
            raise ProtocolViolation("message much longer than its RFC822.SIZE")
        yield piece


def batches(messages, seconds=LONGEST_STEP):
    """Group downloaded messages so that each list is small enough for one commit.

    :param seconds: after which what has come is handed on, as the line is slow
    """
    batch, size, started = [], 0, time.monotonic()
    for message in messages:
        batch.append(message)
        size += len(message.raw)
        is_late = time.monotonic() - started >= seconds
        if is_late or len(batch) >= MAX_BATCH_MESSAGES or size >= MAX_BATCH_BYTES:
            yield batch
            batch, size, started = [], 0, time.monotonic()
    if batch:
        yield batch
