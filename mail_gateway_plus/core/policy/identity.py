"""What makes a message the same one."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

# RFC 2606 reserves .invalid: no other program makes such an identifier.
ID_DOMAIN = "mail-gateway.invalid"
# What the sender wrote; other headers are marks that servers add on the way.
HEAD_FIELDS = (
    b"from",
    b"to",
    b"cc",
    b"reply-to",
    b"subject",
    b"date",
    b"in-reply-to",
    b"references",
)
SENDERS_FIELDS = (
    *HEAD_FIELDS,
    b"content-type",
    b"content-disposition",
    b"content-transfer-encoding",
)

PIECE_BYTES = 1024 * 1024

_SECTION_END = re.compile(rb"\r?\n\r?\n|\Z")
_FIELD = re.compile(rb"^([!-9;-~]+):((?:[^\n]*\n[ \t])*[^\n]*)", re.MULTILINE)


class DuplicatePolicy(str, Enum):
    """How often a message that came to several mailboxes becomes a record."""

    DATABASE = "database"
    MAILBOX = "mailbox"


@dataclass(frozen=True)
class Passage:
    """A message on its way, or one that became a record before.

    ``used_id``: the Message-ID under which Odoo knows it. ``mailbox``: any hashable
    name of it, ``None`` when it no longer exists. ``content``: see
    :func:`content_fingerprint`; empty when it was not noted. ``head``: see
    :func:`head_fingerprint`; of a message that is only an excerpt of what was sent
    (``is_partial``) it is all that can be compared.
    """

    content: str
    mailbox: object = None
    sender: str = ""
    date: datetime | None = None
    used_id: str = ""
    head: str = ""
    is_partial: bool = False


@dataclass(frozen=True)
class Identity:
    """The Message-ID under which a message is handed to Odoo, and what it answers.

    ``parent_id``: the message whose variant it is, or ``""``.
    """

    message_id: str
    parent_id: str = ""


def fingerprint(raw):
    """Return the hex SHA-256 of a message's content.

    Line ends and trailing blank lines are levelled out first: the same message comes
    with CRLF over IMAP and may lose its last line end over POP3.
    """
    digest = Fingerprint()
    for piece in _pieces(raw):
        digest.update(piece)
    return digest.hexdigest()


class Fingerprint:
    """The :func:`fingerprint` of a message that comes piece by piece."""

    def __init__(self, before=b""):
        self._digest = hashlib.sha256(before)
        self._held = b""  # line ends at the end: what comes next decides on them

    def update(self, piece):
        piece = self._held + piece
        end = len(piece.rstrip(b"\r\n"))
        self._digest.update(piece[:end].replace(b"\r\n", b"\n"))
        self._held = piece[end:]

    def hexdigest(self):
        """Return the digest as if the last piece had been the end."""
        digest = self._digest.copy()
        digest.update(_level(self._held))
        return digest.hexdigest()


def content_fingerprint(raw, has_id=True):
    """Return the hex SHA-256 of what the sender wrote, without the servers' marks.

    The same on the way to each of its mailboxes, as Received or Delivered-To do not
    count.

    :param has_id: whether the message names itself. If it has neither name nor date,
        nothing of the sender's tells two equal messages of a monitoring script apart,
        and the servers' marks have to.
    """
    found, end = _senders_fields(raw)
    if not has_id and not found.get(b"date"):
        return fingerprint(raw)
    digest = Fingerprint(_listed(found, SENDERS_FIELDS))
    for piece in _pieces(raw, end):
        digest.update(piece)
    return digest.hexdigest()


def head_fingerprint(raw):
    """Return the hex SHA-256 of what the sender wrote above the content.

    The same of a message and its excerpt, in every mailbox; empty for one without a
    date, which may have many like it.
    """
    found, _end = _senders_fields(raw)
    if not found.get(b"date"):
        return ""
    return hashlib.sha256(_listed(found, HEAD_FIELDS)).hexdigest()


def _senders_fields(raw):
    """Return what the sender's fields hold, by name, and where the content begins."""
    end = _SECTION_END.search(raw)
    found = {}
    for match in _FIELD.finditer(_level(raw[: end.start()])):
        name = match.group(1).lower()
        if name in SENDERS_FIELDS:
            found.setdefault(name, b" ".join(match.group(2).split()))
    return found, end.end()


def _listed(found, names):
    return b"".join(name + b":" + found.get(name, b"") + b"\n" for name in names)


def synthetic_id(content, *distinction):
    """Return the Message-ID of a message that has none of its own.

    :param distinction: what else sets it apart: the name that it shares with another
        message, the mailbox in which it is to be a message of its own
    """
    name = content
    if distinction:
        text = " ".join(map(str, (content, *distinction)))
        name = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"<{name[:40]}@{ID_DOMAIN}>"


def identify(message, message_id, earlier, policy):
    """Return the :class:`Identity` under which Odoo takes the message for what it is.

    Odoo drops any message whose Message-ID it has seen. So the same content keeps the
    identifier it had, and is dropped; other content gets one of its own.

    :param message: the :class:`Passage` in question
    :param message_id: the one that it names itself
    :param earlier: the passages under that name that became records
    :param policy: the :class:`DuplicatePolicy` of its mailbox
    """
    per_mailbox = policy is DuplicatePolicy.MAILBOX and message.mailbox is not None
    same = [p for p in earlier if _is_same(message, p)]
    if per_mailbox:
        mine = [p for p in same if p.mailbox == message.mailbox]
        if same and not mine:
            return Identity(synthetic_id(message.content, message_id, message.mailbox))
        same = mine
    if same:
        return Identity(same[0].used_id or message_id)
    if not earlier:
        return Identity(message_id)
    new_id = synthetic_id(message.content, message_id)
    variant = next((p for p in earlier if _is_variant(message, p)), None)
    if variant and not (per_mailbox and variant.mailbox != message.mailbox):
        # As a mailing list sends it back: it joins the record that there is.
        return Identity(new_id, parent_id=variant.used_id or message_id)
    return Identity(new_id)


def _is_same(message, other):
    """Say whether the content is the same, as far as both are there."""
    if other.content in ("", message.content):
        return True
    is_partial = message.is_partial or other.is_partial
    return is_partial and bool(message.head) and message.head == other.head


def _is_variant(message, other):
    """Say whether sender and time agree: the same letter, changed on its way."""
    return bool(
        message.date
        and message.date == other.date
        and message.sender
        and message.sender == other.sender
    )


def _pieces(raw, start=0):
    """Yield the bytes in pieces, so that no second copy of them is made."""
    view = memoryview(raw)
    for position in range(start, len(raw), PIECE_BYTES):
        yield bytes(view[position : position + PIECE_BYTES])


def _level(raw):
    return raw.replace(b"\r\n", b"\n").rstrip(b"\n")
