"""A large message without the bytes of its attachments, for a parser that copies them.

Python's parser takes nine times a message's size. So it is given a message in which
each large attachment is replaced by a short name, the attachment's digest; once it is
parsed, the parts that carry such a name read their content from where it is kept.
"""

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, compat32
from functools import partial

from .structure import Scanner, boundary_of

# Smaller ones are quicker as they are.
MIN_MESSAGE_BYTES = 2 * 1024 * 1024
MIN_PART_BYTES = 512 * 1024
# As the mender has it: what nests deeper is left to it.
MAX_DEPTH = 50
MAX_PARTS = 1000
NAME = b"mail-gateway-part-"


@dataclass(frozen=True)
class Light:
    """A message without its large parts; ``places`` says by name where each begins
    and ends in the original, in its encoded form."""

    raw: bytes
    places: dict = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)

    def is_whole_in(self, raw):
        """Say whether a parser finds every name in ``raw``, which was made of ours."""
        found = Counter()
        for part, name in _named(message_from_bytes(raw, policy=SMTP), self.places):
            found[name] += 1
            if part.get_content_maintype() == "text":
                return False
        return found == self.counts


def lighten(raw):
    """Return a message as a :class:`Light`; one without large parts as it is."""
    if len(raw) < MIN_MESSAGE_BYTES:
        return Light(raw)
    root = Scanner(raw, _describer(raw), MAX_DEPTH, MAX_PARTS).scan()
    pieces, position, places, counts = [], 0, {}, Counter()
    for part in _large_leaves(root):
        start, end = part.body, _content_end(raw, part)
        content = _decoded(raw, start, end)
        if content is None:
            continue
        name = NAME + hashlib.sha256(content).hexdigest().encode("ascii")
        del content
        places[name] = (start, end)
        counts[name] += 1
        pieces += [raw[position:start], base64.b64encode(name)]
        position = end
    if not places:
        return Light(raw)
    pieces.append(raw[position:])
    return Light(b"".join(pieces), places, counts)


def restore(message, places, read):
    """Have the parts that carry a name read their content when somebody asks for it.

    :param message: the parsed message
    :param read: called with start and end, returns those bytes of the original
    """
    for part, name in list(_named(message, places)):
        # The object that the parser made, with its headers and place, becomes one
        # that has its content elsewhere.
        part.__class__ = StoredPart
        start, end = places[name]
        part.read_encoded = partial(read, start, end)
        part.encoded_size = end - start


class StoredPart(EmailMessage):
    """A part whose content is read when it is asked for, each time."""

    read_encoded: Callable[[], bytes] | None = None
    encoded_size = 0

    def is_multipart(self):
        """Say no without reading the content, which ``walk`` would have read."""
        return not self.read_encoded and super().is_multipart()

    def get_payload(self, i=None, decode=False):
        if decode and self.read_encoded:
            return binascii.a2b_base64(self.read_encoded())
        return super().get_payload(i, decode)

    @property
    def _payload(self):
        """What the methods of ``EmailMessage`` and the generators take it from."""
        if self.read_encoded:
            return self.read_encoded().decode("ascii")
        return self.__dict__["_payload"]

    @_payload.setter
    def _payload(self, payload):
        self.read_encoded = None
        self.__dict__["_payload"] = payload


def _describer(raw):
    """Return what tells the scanner type, boundary and encoding of a part."""

    def describe(part):
        section = b"".join(
            raw[each.start : each.end]
            for each in part.fields
            if each.name in ("content-type", "content-transfer-encoding")
        )
        headers = BytesHeaderParser(policy=compat32).parsebytes(section)
        headers.set_default_type(part.default_type)
        part.content_type = headers.get_content_type()
        part.boundary = boundary_of(headers)
        encoding = str(headers.get("content-transfer-encoding", ""))
        part.info = encoding.strip().lower()

    return describe


def _large_leaves(root):
    """Yield the large parts, in order, that are no text and in no message inside."""
    opened = list(reversed(root.children))
    while opened:
        part = opened.pop()
        if part.maintype == "message":
            continue
        opened.extend(reversed(part.children))
        if part.children or part.maintype in ("text", "multipart"):
            continue
        if part.info == "base64" and part.end - part.body >= MIN_PART_BYTES:
            yield part


def _content_end(raw, part):
    """Return the part's end without the line end that belongs to a boundary."""
    if part.end == len(raw):
        return part.end
    tail = raw[max(part.body, part.end - 2) : part.end]
    return part.end - (2 if tail == b"\r\n" else tail.endswith((b"\r", b"\n")))


def _decoded(raw, start, end):
    """Return the content of a part in sound base64, else ``None``.

    Of anything else the parser's reading counts, not ours.
    """
    breaks = raw.count(b"\r", start, end) + raw.count(b"\n", start, end)
    count = end - start - breaks
    padding = raw[max(start, end - 8) : end].rstrip().count(b"=")
    try:
        content = binascii.a2b_base64(memoryview(raw)[start:end])
    except binascii.Error:
        return None
    # The decoder passes over what is no base64: then something is missing.
    is_sound = count % 4 == 0 and len(content) == count // 4 * 3 - padding
    return content if is_sound else None


def _named(message, places):
    """Yield the parts that carry a name, with it."""
    for part in message.walk():
        payload = part._payload  # of a part that has none, get_payload raises
        if not isinstance(payload, str) or len(payload) > 2 * len(NAME) + 200:
            continue
        content = part.get_payload(decode=True)
        if content in places:
            yield part, content
