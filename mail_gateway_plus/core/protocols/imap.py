"""A mailbox over IMAP (RFC 3501)."""

from contextlib import suppress
from imaplib import IMAP4

from imapclient import SEEN, IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from ..errors import FolderUnavailable, ProtocolViolation
from ..policy.progress import Listing
from .after_fetch import AfterFetch
from .endpoint import Security
from .imap_parts import read_excerpt, read_pieces
from .mailbox import (
    MAX_BATCH_BYTES,
    MAX_BATCH_MESSAGES,
    FetchedMessage,
    FolderStatus,
    Mailbox,
    MessageRef,
    StockConnection,
)

# imaplib takes an answer of a million bytes in one line; each UID has up to eleven.
MAX_SEARCHED = 50_000


class ImapMailbox(StockConnection, Mailbox):
    """One IMAP session: connect, log in through :attr:`login`, open a folder."""

    def __init__(self, endpoint):
        """Connect to ``endpoint`` and protect the connection as it says."""
        self._client = IMAPClient(
            endpoint.host,
            endpoint.port,
            ssl=endpoint.security is Security.SSL,
            ssl_context=endpoint.tls_context(),
            timeout=endpoint.timeout,
        )
        if endpoint.security is Security.STARTTLS:
            self._start_tls(endpoint)

    def _start_tls(self, endpoint):
        try:
            self._client.starttls(endpoint.tls_context())
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
            uidnext=selected.get(b"UIDNEXT", 0),
        )

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
        if question.listing is Listing.SINCE:
            return self._search_in_parts("SINCE", question.since.date())
        if question.listing is Listing.NOTHING:
            return []
        found = self._search_in_parts("UID", f"{question.above + 1}:*")
        # "*" is the highest UID there is: the range holds it, whatever its start is.
        return [uid for uid in found if uid > question.above]

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

    def exist(self, refs):
        """Return those of ``refs`` that are still in the folder."""
        if not refs:  # an empty set of UIDs is no IMAP (RFC 3501, sequence-set)
            return []
        uids = ",".join(ref.uid for ref in refs)
        found = self._client.search(["UID", uids])
        return [ref for ref in refs if int(ref.uid) in found]

    def download(self, refs):
        for batch, size in self._batches([int(ref.uid) for ref in refs]):
            if size:
                excerpt = read_excerpt(self._client, self._ref(batch[0]), size)
                if excerpt is not None:
                    yield excerpt
                continue
            # PEEK leaves \Seen alone: only acknowledging may set it.
            answers = self._client.fetch(batch, ["BODY.PEEK[]"])
            for uid in batch:
                # None: expunged by somebody else since the search.
                raw = answers.pop(uid, {}).get(b"BODY[]")
                if raw is not None:
                    yield FetchedMessage(self._ref(uid), raw)

    def download_pieces(self, ref):
        return read_pieces(self._client, int(ref.uid))

    def acknowledge(self, refs, aftercare):
        uids = [int(ref.uid) for ref in refs]
        if aftercare.delete_at_once:
            self.remove(refs)
        elif aftercare.action is AfterFetch.READ:
            self._client.add_flags(uids, [SEEN], silent=True)
        elif aftercare.action is AfterFetch.KEYWORD:
            self._client.add_flags(uids, [aftercare.keyword], silent=True)
        elif aftercare.action is AfterFetch.MOVE:
            self.move(refs, aftercare.folder)

    def move(self, refs, folder):
        """Move messages; COPY and deletion where the server lacks MOVE (RFC 6851)."""
        uids = [int(ref.uid) for ref in refs]
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
        else:
            self._client.copy(uids, folder)
            self.remove(refs)

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
        self._client.logout()

    def abandon(self):
        with suppress(OSError, IMAPClientError):
            self._client.shutdown()

    def _ref(self, uid):
        return MessageRef(self.status.folder, self.status.uidvalidity, str(uid))

    def _batches(self, uids):
        """Yield lists of UIDs, each small enough to be held in memory at once.

        Each comes with 0, or with the size of the one message that is above the limit.
        """
        for start in range(0, len(uids), 10 * MAX_BATCH_MESSAGES):
            part = uids[start : start + 10 * MAX_BATCH_MESSAGES]
            sizes = self._client.fetch(part, ["RFC822.SIZE"])
            batch, batch_bytes = [], 0
            for uid in part:
                size = sizes.get(uid, {}).get(b"RFC822.SIZE", 0)
                if self.size_limit and size > self.size_limit:
                    if batch:
                        yield batch, 0
                    yield [uid], size
                    batch, batch_bytes = [], 0
                    continue
                full = len(batch) >= MAX_BATCH_MESSAGES
                if batch and (full or batch_bytes + size > MAX_BATCH_BYTES):
                    yield batch, 0
                    batch, batch_bytes = [], 0
                batch.append(uid)
                batch_bytes += size
            if batch:
                yield batch, 0


class ImapLogin:
    """The part of :class:`imaplib.IMAP4` that ``_imap_login__`` overrides use.

    ``google_gmail`` and ``microsoft_outlook`` call ``authenticate`` and ``select``.
    """

    def __init__(self, client):
        self._client = client

    def login(self, user, password):
        """Log in; LOGIN carries ASCII only (RFC 3501), else SASL PLAIN (RFC 4616).

        :raises ProtocolViolation: where the server wants encryption first; sending
            the password all the same would show it to everybody (RFC 3501 §6.2.3)
        """
        if self._client.has_capability("LOGINDISABLED"):
            raise ProtocolViolation("LOGINDISABLED")
        is_ascii = user.isascii() and password.isascii()
        login = self._client.login if is_ascii else self._client.plain_login
        try:
            return login(user, password)
        except LoginError as error:
            # IMAPClient makes a LoginError of everything: a lost connection is none.
            if isinstance(error.__context__, IMAP4.abort):
                raise error.__context__ from None
            raise

    def authenticate(self, mechanism, authobject):
        """Run a SASL exchange; ``authobject`` answers each challenge."""
        return self._client.sasl_login(mechanism, authobject)

    def select(self, mailbox="INBOX", readonly=False):
        """Select a folder, as the overrides do after logging in."""
        return self._client.select_folder(mailbox, readonly=readonly)
