"""Messages over IMAP that are too large to be fetched at once."""

from imapclient.exceptions import ProtocolError

from ..errors import MessageGone
from ..parsing.envelope import MAX_HEADER_BYTES
from ..parsing.excerpt import MAX_TEXT_BYTES, LeftPart, Text, build
from .body_structure import sections
from .mailbox import FetchedMessage

HEADER = f"BODY.PEEK[HEADER]<0.{MAX_HEADER_BYTES}>"
# What is asked for at once when a message comes piece by piece.
PIECE_BYTES = 1024 * 1024


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
    found = client.fetch([uid], names).get(uid, {}) if names else {}
    contents = []
    for part, count in texts:
        data = _body(found, part.number) or b""
        is_cut = part.size > count
        contents.append(
            Text(part.content_type, part.charset, part.encoding, data, is_cut)
        )
        if is_cut:
            left.append(LeftPart("", part.content_type, part.size))
    return FetchedMessage(ref, build(header, contents), size, tuple(left))


def _outline(client, uid, size):
    """Return header section and parts; of a puzzling message, one unknown part."""
    try:
        found = client.fetch([uid], ["BODYSTRUCTURE", HEADER]).get(uid, {})
        return _body(found, "HEADER"), sections(found.get(b"BODYSTRUCTURE"))
    except (ProtocolError, ValueError, TypeError, IndexError):
        # IMAPClient parses a structure only once the whole answer was read.
        found = client.fetch([uid], [HEADER]).get(uid, {})
        return _body(found, "HEADER"), None


def _divide(parts):
    """Return the texts, each with how much of it is fetched, and what is left."""
    if parts is None:
        return [], [LeftPart("", "message/rfc822")]
    texts, left, room = [], [], MAX_TEXT_BYTES
    for part in parts:
        if part.is_text and room:
            count = min(part.size, room)
            # An empty partial is no FETCH (RFC 3501, "partial": nz-number).
            texts += [(part, count)] if count else []
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


def read_pieces(client, uid):
    """Yield a message piece by piece.

    :raises MessageGone: when the server does not hand it out
    """
    offset = 0
    while True:
        item = f"BODY.PEEK[]<{offset}.{PIECE_BYTES}>"
        piece = _body(client.fetch([uid], [item]).get(uid, {}), "")
        if piece is None:
            raise MessageGone(str(uid))
        # A server may hand out less than was asked for; nothing at all is the end.
        if not piece:
            return
        yield piece
        offset += len(piece)
