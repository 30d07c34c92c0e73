"""Messages over IMAP that are too large to be fetched at once."""

import logging
from imaplib import IMAP4

from imapclient.exceptions import IMAPClientError

from ..errors import MessageGone
from ..parsing.envelope import MAX_HEADER_BYTES
from ..parsing.excerpt import MAX_TEXT_BYTES, LeftPart, Text, build
from .body_structure import sections
from .mailbox import FetchedMessage

_logger = logging.getLogger(__name__)

HEADER = f"BODY.PEEK[HEADER]<0.{MAX_HEADER_BYTES}>"
# Of hostile ones there are thousands; the mender makes attachments of those beyond.
MAX_TEXTS = 16
# What is asked for at once when a message comes piece by piece.
PIECE_BYTES = 1024 * 1024


def fetch(client, uids, items):
    """Return the answer to FETCH; what the server refuses is not in it.

    One message that it cannot read (NO) must not stop the others.
    """
    try:
        return client.fetch(uids, items)
    except IMAP4.abort:
        raise
    except IMAPClientError as error:
        _logger.warning("%s not handed out: %s", uids, error)
    if len(uids) == 1:
        return {}
    found = {}
    for uid in uids:
        found.update(fetch(client, [uid], items))
    return found


def fetch_sizes(client, uids):
    """Return the answer to FETCH of sizes, and of when the mailbox got the messages.

    IMAPClient parses a date only once the whole answer was read: one that is none costs
    another question, not the mailbox.
    """
    try:
        return fetch(client, uids, ["RFC822.SIZE", "INTERNALDATE"])
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        _logger.warning("When messages came cannot be read: %s", error)
        return fetch(client, uids, ["RFC822.SIZE"])


def read_excerpt(client, ref, size):
    """Return header and texts of a message as a :class:`FetchedMessage`.

    :param size: what the server says that the message has, in bytes
    :returns: ``None`` when the server does not hand it out
    """
    uid = int(ref.uid)
    header, parts = _outline(client, uid, size)
    if header is None:
        return None
    texts, left = _divide(parts)
    names = [f"BODY.PEEK[{part.number}]<0.{count}>" for part, count in texts]
    found = fetch(client, [uid], names).get(uid, {}) if names else {}
    contents = []
    for part, count in texts:
        data = _body(found, part.number)
        # Cut as well if it goes on where it should have ended.
        is_cut = part.size >= count or data is None or len(data) >= count
        if data is not None:
            contents.append(
                Text(part.content_type, part.charset, part.encoding, data, is_cut)
            )
        if is_cut:
            left.append(LeftPart("", part.content_type, part.size))
    return FetchedMessage(ref, build(header, contents), size, tuple(left))


def _outline(client, uid, size):
    """Return header section and parts; of a puzzling message, one unknown part."""
    try:
        found = fetch(client, [uid], ["BODYSTRUCTURE", HEADER]).get(uid, {})
        return _body(found, "HEADER"), sections(found.get(b"BODYSTRUCTURE"))
    except (ValueError, TypeError, IndexError, RecursionError):
        # IMAPClient parses a structure only once the whole answer was read.
        found = fetch(client, [uid], [HEADER]).get(uid, {})
        return _body(found, "HEADER"), None


def _divide(parts):
    """Return the texts, each with how much of it is fetched, and what is left."""
    if parts is None:
        return [], [LeftPart("", "message/rfc822")]
    texts, left, room = [], [], MAX_TEXT_BYTES
    for part in parts:
        if part.is_text and room > 0 and len(texts) < MAX_TEXTS:
            # One more than there is, as servers do not always know.
            count = min(part.size + 1, room)
            texts.append((part, count))
            room -= count
        else:
            left.append(LeftPart(part.name, part.content_type, part.size))
    return texts, left


def _body(found, section):
    """Return what a FETCH brought of a section; its name may end with ``<0>``."""
    name = f"BODY[{section}]".encode("ascii")
    for key, value in found.items():
        if isinstance(key, bytes) and key.upper().startswith(name):
            return value
    return None


def read_pieces(client, uid, offset=0):
    """Yield a message piece by piece.

    :param offset: the bytes before it are not wanted
    :raises MessageGone: when the server does not hand it out
    """
    while True:
        item = f"BODY.PEEK[]<{offset}.{PIECE_BYTES}>"
        piece = _body(fetch(client, [uid], [item]).get(uid, {}), "")
        if piece is None:
            raise MessageGone(str(uid))
        # A server may hand out less than was asked for; nothing at all is the end.
        if not piece:
            return
        if len(piece) > PIECE_BYTES:
            yield piece[offset:]
            return  # it knows no pieces, and this was the whole message
        yield piece
        offset += len(piece)
