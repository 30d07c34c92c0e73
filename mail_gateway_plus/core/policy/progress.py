"""How far a folder has been read, and what to ask it for next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

# A message's INTERNALDATE is the server's clock at delivery; ours may differ, and a
# SEARCH SINCE knows only days in the server's time zone (RFC 3501 section 6.4.4).
CLOCK_MARGIN = timedelta(days=2)

# How often a folder is held against the journal, and how far back: what is older has
# been looked at that many times, and retention may have taken its rows.
RECONCILED_EVERY = timedelta(days=1)
RECONCILED_DAYS = 30
# UIDs asked for at once; each one in the answer has up to eleven bytes.
WINDOW_UIDS = 20_000
MAX_WINDOWS = 10


class StartPolicy(str, Enum):
    """Which of the messages that a folder holds at the first contact are fetched."""

    ALL = "all"
    UNREAD = "unread"
    NEW = "new"


class Listing(str, Enum):
    """What to ask the server for."""

    ABOVE = "above"
    UNREAD = "unread"
    UNREAD_OR_ABOVE = "unread_or_above"
    SINCE = "since"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Progress:
    """What we know of a folder: everything up to ``last_uid`` was dealt with.

    ``uidvalidity`` is empty before the first contact is completed. ``missing`` are
    UIDs below that the server listed but did not hand out, the first of them at
    ``missing_since``. ``start_uid`` is the first that is fetched whatever its flags,
    under its own ``start_uidvalidity``.
    """

    uidvalidity: str = ""
    last_uid: int = 0
    missing: tuple = ()
    polled_at: datetime | None = None
    missing_since: datetime | None = None
    start_uidvalidity: str = ""
    start_uid: int = 0


@dataclass(frozen=True)
class Question:
    """A listing with its bound: a UID for what is above it, a date for SINCE."""

    listing: Listing
    above: int = 0
    since: datetime | None = None

    @property
    def advances_by_uid(self):
        """Whether progress may follow each batch, or only the completed listing."""
        return self.listing is Listing.ABOVE


_FIRST_QUESTION = {
    StartPolicy.ALL: Question(Listing.ABOVE),
    StartPolicy.UNREAD: Question(Listing.UNREAD),
    StartPolicy.NEW: Question(Listing.NOTHING),
}


def next_question(progress, uidvalidity, start_policy):
    """Return what to ask a folder for whose UIDVALIDITY is ``uidvalidity``.

    UIDs mean nothing under another UIDVALIDITY (RFC 3501 section 2.3.1.1). All that
    arrived before the last poll was dealt with then, so only what came since has to be
    looked at, and since the first time that the server did not hand out what is missing
    still; the content's fingerprint tells which of it the journal knows.
    """
    if not progress.uidvalidity or not uidvalidity:
        return _first_question(progress, uidvalidity, start_policy)
    if progress.uidvalidity == uidvalidity:
        return Question(Listing.ABOVE, above=progress.last_uid)
    if progress.polled_at is None:
        return _first_question(progress, uidvalidity, start_policy)
    since = min(progress.polled_at, progress.missing_since or progress.polled_at)
    return Question(Listing.SINCE, since=since - CLOCK_MARGIN)


def _first_question(progress, uidvalidity, start_policy):
    """Return what to ask for at the first contact.

    What came after the confirmation may have been read by somebody before we came.
    """
    has_begun = uidvalidity and progress.start_uidvalidity == uidvalidity
    if start_policy is StartPolicy.UNREAD and has_begun and progress.start_uid:
        return Question(Listing.UNREAD_OR_ABOVE, above=progress.start_uid - 1)
    return _FIRST_QUESTION[start_policy]


def windows(first, last):
    """Return the ranges of UIDs in which a folder is held against the journal.

    The newest first, and no more of them than one visit has time for.

    :returns: pairs of a first and a last UID, both included
    """
    found = []
    while last >= first and len(found) < MAX_WINDOWS:
        found.append((max(first, last - WINDOW_UIDS + 1), last))
        last -= WINDOW_UIDS
    return found
