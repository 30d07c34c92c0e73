"""Where the parts of a message are, byte by byte, as Python's ``email`` sees them.

``email`` itself keeps no positions; with them a message can be mended in one place
and stay as it is everywhere else. The rules are those of ``email.feedparser``.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?")
_HEADER_LINE = re.compile(rb"From |[!-9;-~]*:|[\t ]")
_DASH_LINE = re.compile(rb"\n--[^\r\n]*")
# Where a line may end with CR alone; a search for the class is many times slower.
_DASH_LINE_AFTER_CR = re.compile(rb"[\r\n]--[^\r\n]*")


@dataclass
class Field:
    """One header: its lower-case name, where it starts, its value, its end."""

    name: str
    start: int
    value_start: int
    end: int


@dataclass(eq=False)
class Part:
    """A message or a part of one; ``body`` is where its header section is over."""

    start: int
    body: int = 0
    end: int = 0
    depth: int = 0
    # Where a header can be put in: behind mbox's "From " and lines that continue none.
    first_header: int = 0
    # Whether an empty line ends the header section, and whether it begins where
    # another one ends without such a line.
    is_separated: bool = False
    is_glued: bool = False
    fields: list = field(default_factory=list)
    children: list = field(default_factory=list)
    # What the describer found: the content type and, of a multipart, the boundary.
    content_type: str = ""
    default_type: str = "text/plain"
    boundary: bytes | None = None
    info: object = None

    @property
    def maintype(self):
        return self.content_type.partition("/")[0]

    def walk(self):
        """Yield the part and all below it, without recursion."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))


def boundary_of(headers):
    """Return the boundary line's bytes after the dashes, ``None`` if there is none.

    One that is no ASCII, or is given in a charset that does not exist, is none.

    :param headers: a parsed message with the part's Content-Type
    """
    try:
        boundary = headers.get_boundary()
        return None if boundary is None else boundary.encode("ascii", "surrogateescape")
    except ValueError:
        return None


class Scanner:
    """Finds the parts of one message.

    :param describe: called with each part once its fields are known; sets its content
        type and boundary
    :param max_depth: parts this deep are taken as leaves and end up in ``cut``
    :param max_parts: from here on no part is looked into
    :param leaves: starts of parts just below the message that are taken as leaves
    """

    def __init__(self, raw, describe, max_depth, max_parts, leaves=()):
        self.raw = raw
        self.describe = describe
        self.max_depth = max_depth
        self.max_parts = max_parts
        self.leaves = leaves
        self.count = 0
        self.cut = []
        # Any line that may be a boundary; the very first one of a message is none.
        dash_line = _DASH_LINE_AFTER_CR if b"\r--" in raw else _DASH_LINE
        dashes = list(dash_line.finditer(raw))
        self._dash_starts = [match.start() + 1 for match in dashes]
        self._dashes = [match.group()[1:].rstrip(b" \t") for match in dashes]

    def scan(self):
        return self._part(0, frozenset(), 0)

    def _part(self, start, stops, depth, default_type="text/plain"):
        part = Part(start, depth=depth, default_type=default_type)
        self.count += 1
        self._read_fields(part, stops)
        self.describe(part)
        is_leaf = depth == 1 and start in self.leaves
        if part.maintype not in ("multipart", "message") and not is_leaf:
            part.end = self._next_stop(part.body, stops)
        elif is_leaf or depth >= self.max_depth or self.count >= self.max_parts:
            self.cut.append(part)
            part.end = self._next_stop(part.body, stops)
        elif part.content_type == "message/delivery-status":
            part.end = self._next_stop(part.body, stops)
            self._read_blocks(part)
        elif part.maintype == "message":
            child = self._part(part.body, stops, depth + 1)
            child.is_glued = not part.is_separated
            part.children.append(child)
            part.end = child.end
        elif part.boundary is None:
            part.end = self._next_stop(part.body, stops)
        else:
            self._read_multipart(part, stops)
        return part

    def _read_multipart(self, part, stops):
        own = b"--" + part.boundary
        closing = own + b"--"
        inner = stops | {own, closing}
        is_digest = part.content_type == "multipart/digest"
        default_type = "message/rfc822" if is_digest else "text/plain"
        position = self._next_stop(part.body, inner)
        while self._stop_at(position) == own and own not in stops:
            # As email does: boundaries in a row, a closing one too, count as one.
            while self._stop_at(position) in (own, closing):
                position = self._after_line(position)
            child = self._part(position, inner, part.depth + 1, default_type)
            part.children.append(child)
            position = child.end
            if self.count >= self.max_parts:
                break
        # The epilogue, and what a broken part leaves, belong to this part.
        part.end = self._next_stop(position, stops)

    def _read_blocks(self, part):
        """Read a delivery status: blocks of fields, each a child."""
        position = part.body
        while position < part.end and self.count < self.max_parts:
            child = Part(position, depth=part.depth + 1)
            self._read_fields(child, frozenset())
            child.body = child.end = min(max(child.body, position + 1), part.end)
            child.fields = [f for f in child.fields if f.end <= part.end]
            self.count += 1
            if child.fields:
                self.describe(child)
                child.content_type, child.boundary = "message/block", None
                part.children.append(child)
            else:
                child.body = child.end = self._after_line(position)
            position = child.end

    def _read_fields(self, part, stops):
        raw, position = self.raw, part.start
        part.first_header = position
        current = None
        first = True
        while True:
            line = _LINE.match(raw, position)
            text = line.group()
            if not _HEADER_LINE.match(text):
                if text and text[:1] in b"\r\n":
                    position = line.end()
                    part.is_separated = True
                break
            if text[:2] == b"--" and text.rstrip(b"\r\n \t") in stops:
                break
            if text[:1] in b" \t":
                if current:
                    current.end = line.end()
                elif not part.fields:
                    part.first_header = line.end()
            elif text.startswith(b"From "):
                current = None
                if first:
                    part.first_header = line.end()
                elif not _HEADER_LINE.match(raw, line.end()):
                    break  # the last line of the section: email takes it as body
            else:
                colon = text.index(b":")
                current = None
                if colon:
                    name = text[:colon].decode("ascii").lower()
                    value = position + colon + 1
                    current = Field(name, position, value, line.end())
                    part.fields.append(current)
            first = False
            position = line.end()
        part.body = position

    def _next_stop(self, position, stops):
        """Return where the next line is that ends the part, or the message's end."""
        if stops:
            for index in range(
                bisect_left(self._dash_starts, position), len(self._dashes)
            ):
                if self._dashes[index] in stops:
                    return self._dash_starts[index]
        return len(self.raw)

    def _stop_at(self, position):
        """Return the boundary line at this offset, or nothing."""
        index = bisect_left(self._dash_starts, position)
        if index < len(self._dash_starts) and self._dash_starts[index] == position:
            return self._dashes[index]
        return None

    def _after_line(self, position):
        return _LINE.match(self.raw, position).end()
