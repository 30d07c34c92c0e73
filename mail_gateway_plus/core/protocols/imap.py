"""A mailbox over IMAP (RFC 3501)."""

import io
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from imaplib import IMAP4
from itertools import islice

from imapclient import SEEN, IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError

from ..errors import FolderUnavailable, MessageGone, ProtocolViolation
from ..policy.progress import Listing
from ..round_trip.looking import find_marked
from .after_fetch import AfterFetch
from .endpoint import Security
from .imap_login import ImapLogin
from .imap_parts import fetch, fetch_sizes, read_excerpt, read_pieces
from .line import Line
from .mailbox import (
    MAX_BATCH_BYTES,
    MAX_BATCH_MESSAGES,
    FetchedMessage,
    FolderStatus,
    Mailbox,
    MessageRef,
    StockConnection,
    bounded,
)
from .sent_folder import find_sent

# imaplib takes an answer of a million bytes in one line; each UID has up to eleven.
MAX_SEARCHED = 50_000
# From here on a message comes piece by piece: imaplib keeps an answer several times.
LARGE_BYTES = 4 * 1024 * 1024
# What is asked for at once before it is known how fast the line is.
FIRST_BATCH_BYTES = 512 * 1024


@dataclass(frozen=True)
class _Listed:
    """What a message is before it is fetched; ``size`` is 0 if it is not told."""

    uid: int
    size: int
    arrived: datetime | None


class _Imap4(IMAP4):
    """An ``imaplib`` connection that is made by a :class:`~.line.Line`."""

    def __init__(self, endpoint, line):
        self._endpoint, self._line = endpoint, line
        super().__init__(endpoint.host, endpoint.port, endpoint.timeout)

    def _create_socket(self, timeout=None):
        return self._line.connect(self._endpoint)


class _Client(IMAPClient):
    """An ``IMAPClient`` on a line of ours."""

    def __init__(self, endpoint, line):
        self._endpoint, self._line = endpoint, line
        super().__init__(
            endpoint.host,
            endpoint.port,
            ssl=endpoint.security is Security.SSL,
            timeout=endpoint.timeout,
        )
        # Else dates come in the time zone of this machine, without saying so.
        self.normalise_times = False

    def _create_IMAP4(self):
        return _Imap4(self._endpoint, self._line)


class ImapMailbox(StockConnection, Mailbox):
    """One IMAP session: connect, log in through :attr:`login`, open a folder."""

    resumes = True

    def __init__(self, endpoint, line=None):
        """Connect to ``endpoint`` and protect the connection as it says."""
        self._line = line or Line()
        self._client = _Client(endpoint, self._line)
        self._batch_bytes = FIRST_BATCH_BYTES
        if endpoint.security is Security.STARTTLS:
            self._start_tls(endpoint)

    def _start_tls(self, endpoint):
        try:
            self._client.starttls(endpoint.shared_tls_context())
        except CapabilityError as error:
            self.abandon()
            raise ProtocolViolation("STARTTLS") from error
        except BaseException:
            self.abandon()
            raise

    @property
    def login(self):
        """The connection as Odoo's ``_imap_login__`` hook expects it."""
        return ImapLogin(self._client)

    def open(self, folder):
        """Select ``folder`` for reading and flagging.

        :raises FolderUnavailable: if the server does not open it
        """
        try:
            selected = self._select(folder)
        except IMAP4.abort:
            raise
        except IMAPClientError as error:
            raise FolderUnavailable(str(error)) from error
        self.status = FolderStatus(
            folder=folder,
            messages=selected.get(b"EXISTS", 0),
            writable=b"READ-ONLY" not in selected,
            uidvalidity=str(selected.get(b"UIDVALIDITY", "")),
            uidnext=selected.get(b"UIDNEXT") or self._guess_uidnext(selected),
        )

    def _guess_uidnext(self, selected):
        """Return what UIDNEXT is at least, of a server that does not tell.

        Without it, a mailbox that is read from now on would be read from its beginning.
        """
        if not selected.get(b"EXISTS"):
            return 0
        return max(self._client.search(["UID", "*"]), default=0) + 1

    def _select(self, folder):
        try:
            return self._client.select_folder(folder)
        except IMAP4.readonly:  # an abort by class, but the connection is fine
            return self._client.select_folder(folder, readonly=True)

    def find(self, question):
        return [self._ref(uid) for uid in sorted(self._search(question))]

    def _search(self, question):
        if question.listing is Listing.UNREAD:
            return self._search_in_parts("UNSEEN")
        if question.listing is Listing.UNREAD_OR_ABOVE:
            unread = self._search_in_parts("UNSEEN")
            return unread.union(self._search_above(question.above))
        if question.listing is Listing.SINCE:
            return self._search_in_parts("SINCE", question.since.date())
        if question.listing is Listing.NOTHING:
            return []
        return self._search_above(question.above)

    def _search_above(self, last_uid):
        above = "UID", f"{last_uid + 1}:*"
        # However big the folder is, there are no more new ones than numbers for them.
        is_short = 0 < self.status.uidnext - last_uid <= MAX_SEARCHED
        found = (
            self._client.search(above) if is_short else self._search_in_parts(*above)
        )
        # "*" is the highest UID there is: the range holds it, whatever its start is.
        return [uid for uid in found if uid > last_uid]

    def _search_in_parts(self, *criteria):
        """Search, in a big folder part by part, so that no answer is too long.

        From the end: what others expunge meanwhile moves the rest down, into a part
        that is still to come.
        """
        found, last = set(), "*"
        for first in range(self.status.messages // MAX_SEARCHED, 0, -1):
            part = f"{first * MAX_SEARCHED + 1}:{last}"
            found.update(self._client.search([part, *criteria]))
            last = first * MAX_SEARCHED
        part = [] if last == "*" else [f"1:{last}"]
        return found.union(self._client.search([*part, *criteria]))

    def find_between(self, first, last):
        # What is deleted was handled, where a server without UIDPLUS keeps it.
        found = self._client.search(["UNDELETED", "UID", f"{first}:{last}"])
        return [self._ref(uid) for uid in sorted(found) if first <= uid <= last]

    def exist(self, refs):
        """Return those of ``refs`` that are still in the folder."""
        if not refs:  # an empty set of UIDs is no IMAP (RFC 3501, sequence-set)
            return []
        uids = ",".join(ref.uid for ref in refs)
        found = self._client.search(["UID", uids])
        return [ref for ref in refs if int(ref.uid) in found]

    def download(self, refs):
        for batch in self._batches([int(ref.uid) for ref in refs]):
            if self._is_large(batch[0]):
                message = self._download_large(batch[0])
                if message is not None:
                    yield message
                    del message  # before the next one comes
                continue
            # PEEK leaves \Seen alone: only acknowledging may set it.
            started = time.monotonic()
            uids = [each.uid for each in batch]
            answers = fetch(self._client, uids, ["BODY.PEEK[]"])
            self._adapt_batches(time.monotonic() - started)
            for each in batch:
                # None: expunged by somebody else since the search.
                raw = answers.pop(each.uid, {}).get(b"BODY[]")
                if raw is not None:
                    ref = self._ref(each.uid)
                    yield FetchedMessage(ref, raw, arrived=each.arrived)

    def _adapt_batches(self, seconds):
        """Ask for more or less at once, as the line is fast or slow."""
        factor = 4 if seconds < self.step_seconds / 4 else 1
        if seconds > self.step_seconds:
            factor = 1 / 4
        self._batch_bytes = min(int(self._batch_bytes * factor), MAX_BATCH_BYTES)

    def _download_large(self, listed):
        """Return one message, or its excerpt; ``None`` when it is not there."""
        ref, size = self._ref(listed.uid), listed.size
        if self.size_limit and size > self.size_limit:
            excerpt = read_excerpt(self._client, ref, size)
            return excerpt and replace(excerpt, arrived=listed.arrived)
        found = io.BytesIO()  # hands out what it has collected without a copy
        try:
            for piece in bounded(self.download_pieces(ref), size):
                found.write(piece)
        except MessageGone:
            return None
        return FetchedMessage(ref, found.getvalue(), arrived=listed.arrived)

    def download_pieces(self, ref, offset=0):
        return read_pieces(self._client, int(ref.uid), offset)

    def acknowledge(self, refs, aftercare):
        """Do as the policy says; return what :meth:`move` does."""
        uids = [int(ref.uid) for ref in refs]
        if aftercare.delete_at_once:
            self.remove(refs)
        elif aftercare.action is AfterFetch.READ:
            self._client.add_flags(uids, [SEEN], silent=True)
        elif aftercare.action is AfterFetch.KEYWORD:
            self._client.add_flags(uids, [aftercare.keyword], silent=True)
        elif aftercare.action is AfterFetch.MOVE:
            return self.move(refs, aftercare.folder)
        return {}

    def move(self, refs, folder):
        """Move messages; COPY and deletion where the server lacks MOVE (RFC 6851).

        :returns: by ref its new :class:`MessageRef`, ``None`` where the server did not
            tell (COPYUID, RFC 4315 section 3)
        """
        uids = [int(ref.uid) for ref in refs]
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        self._told_places()  # of an earlier command
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
            places = self._told_places()
        else:
            self._client.copy(uids, folder)
            places = self._told_places()
            self.remove(refs)
        return {ref: _place(places.get(int(ref.uid)), folder) for ref in refs}

    def _told_places(self):
        """Return UIDVALIDITY and UID of copies by their former UIDs, and forget them.

        imaplib keeps response codes, those of MOVE's untagged OK as well (RFC 6851
        section 4.3); the last one counts.
        """
        _code, told = self._client._imap.response("COPYUID")
        places = {}
        for words in (line.split() for line in told if line):
            if len(words) == 3:
                validity, before, after = words
                pairs = zip(_numbers(before), _numbers(after), strict=False)
                # Many more than we ever move at once: a list without end ends here.
                pairs = islice(pairs, MAX_SEARCHED)
                places.update({old: (validity.decode(), new) for old, new in pairs})
        return places

    def find_sent(self, message_ids):
        """Return the folder of sent mail, and which of the messages are in it."""
        return find_sent(self._client, message_ids)

    def find_marked(self, folders, mark, message_id):
        """Return the copies of a round-trip mail, in whatever folder they lie."""
        return find_marked(self._client, folders, mark, message_id)

    def remove(self, refs):
        """Delete messages, and no others.

        A plain EXPUNGE would also take what other people have marked as deleted, so
        without UIDPLUS (RFC 4315) the messages are only marked.
        """
        uids = [int(ref.uid) for ref in refs]
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)

    def close(self):
        # Everything was done and confirmed before: whether the server still says BYE
        # (RFC 3501 section 6.1.3), or is gone already, changes nothing.
        try:
            self._client.logout()
        except (OSError, IMAPClientError):
            self.abandon()
        self._line.cut()

    def abandon(self):
        # Cut first: imaplib's file is locked while a thread still reads it.
        self._line.cut()
        with suppress(OSError, IMAPClientError):
            self._client.shutdown()

    def _ref(self, uid):
        return MessageRef(self.status.folder, self.status.uidvalidity, str(uid))

    def _is_large(self, listed):
        """Say whether a message is too large to be fetched with others."""
        return listed.size > min(self.size_limit or LARGE_BYTES, LARGE_BYTES)

    def _batches(self, uids):
        """Yield lists of :class:`_Listed`, each small enough to be held at once.

        One that is too large to be fetched with others comes alone.
        """
        for start in range(0, len(uids), 10 * MAX_BATCH_MESSAGES):
            part = uids[start : start + 10 * MAX_BATCH_MESSAGES]
            answers = fetch_sizes(self._client, part)
            batch, batch_bytes = [], 0
            for uid in part:
                listed = _listed(uid, answers.get(uid, {}))
                if self._is_large(listed):
                    if batch:
                        yield batch
                    yield [listed]
                    batch, batch_bytes = [], 0
                    continue
                full = len(batch) >= MAX_BATCH_MESSAGES
                if batch and (full or batch_bytes + listed.size > self._batch_bytes):
                    yield batch
                    batch, batch_bytes = [], 0
                batch.append(listed)
                batch_bytes += listed.size
            if batch:
                yield batch


def _listed(uid, answer):
    """Return what a server told of a message, whatever else it told."""
    arrived = answer.get(b"INTERNALDATE")
    try:
        arrived = arrived and arrived.astimezone(timezone.utc).replace(tzinfo=None)
    except (OverflowError, ValueError):  # of no calendar
        arrived = None
    return _Listed(uid, answer.get(b"RFC822.SIZE", 0), arrived)


def _place(told, folder):
    return told and MessageRef(folder, told[0], str(told[1]))


def _numbers(uid_set):
    """Yield the numbers of a set of UIDs, such as ``1:3,7``."""
    for part in uid_set.split(b","):
        first, _colon, last = part.partition(b":")
        if not (first.isdigit() and (last or first).isdigit()):
            return
        ends = int(first), int(last or first)
        yield from range(min(ends), max(ends) + 1)
