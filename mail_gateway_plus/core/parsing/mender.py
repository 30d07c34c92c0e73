"""Mend what Odoo's parser would choke on, and leave every other byte as it is."""

import base64
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from enum import Enum

from ..policy.identity import content_fingerprint, synthetic_id
from .charsets import ASCII_SUPERSETS, choose_charset, decodes, is_usable
from .enclosing import enclose
from .envelope import MAX_HEADER_BYTES
from .header_values import is_readable, mend_value, parses
from .reading import can_be_read
from .remembering import REMEMBERING
from .structure import Scanner, boundary_of

# Postfix passes on 100 levels (mime_nesting_limit); Python's generator takes six
# frames of its thousand for each, and Odoo has used up some.
MAX_DEPTH = 50
# As Go's mime/multipart has it; a person attaches tens.
MAX_PARTS = 1000
MAX_FIELDS = 10_000  # in all parts together; from there, too
# How many parts that hold too many others are closed before the message is given up.
MAX_ROUNDS = 5
# Odoo joins all inline texts to one body and sanitizes it anew for each one that is
# HTML, at 0.6 s per MB: 16 texts of together 4 MB take it 20 s at most.
MAX_INLINE_TEXTS = 16
MAX_INLINE_BYTES = 4 * 1024 * 1024
# A longer identifier does not fit into the index on mail_message.message_id (a third
# of PostgreSQL's page of 8 kB); RFC 5322 section 2.1.1 allows a line of 998.
MAX_ID_LENGTH = 998

_CHARSET = re.compile(
    r';\s*charset(?:\*\d*\*?)?\s*(?:=\s*(?:"[^"]*"?|[^;]*))?(?=;|\Z)', re.IGNORECASE
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Mend(str, Enum):
    """What was done to a message before Odoo read it."""

    HEADER = "header"
    NO_ID = "no_id"
    CHARSET = "charset"
    TEXT = "text"
    STRUCTURE = "structure"
    LIMIT = "limit"
    ENCLOSED = "enclosed"


@dataclass(frozen=True)
class Note:
    """One thing that was mended; ``detail`` names the header, charset or part."""

    mend: Mend
    detail: str = ""


@dataclass(frozen=True)
class Mended:
    """A message that Odoo can read, the notes on it, and its Message-ID."""

    raw: bytes
    notes: tuple = ()
    message_id: str = ""


def mend(raw):
    """Return the message as a :class:`Mended`; a sound one comes back as it is."""
    for opens_messages in (True, False):
        mender = _Mender(raw, opens_messages)
        mended = mender.run()
        if mended is None:
            break
        # What was changed, or holds messages that Odoo writes anew, is tried first.
        is_sound = mended is raw and not mender.has_messages
        if is_sound or can_be_read(mended):
            notes = tuple(dict.fromkeys(mender.notes))
            return Mended(mended, notes, mender.message_id)
        if not mender.has_messages:
            break
    message_id = mender.message_id or synthetic_id(content_fingerprint(raw, False))
    return Mended(enclose(raw, message_id), (Note(Mend.ENCLOSED),), message_id)


class _Mender:
    """Collects the edits to one message.

    :param opens_messages: whether messages inside of it stay such
    """

    def __init__(self, raw, opens_messages):
        self.raw = raw
        self.opens_messages = opens_messages
        self._start()
        self.line_end = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"

    def _start(self):
        self.edits = {}  # by where they end
        self.field_count = 0
        self.inserts = {}
        self.notes = []
        self.message_id = ""
        self.has_messages = False

    def run(self):
        """Return the mended bytes, or ``None`` when only enclosing helps."""
        leaves = set()
        for _round in range(MAX_ROUNDS):
            self._start()
            scanner = Scanner(
                self.raw, self._describe, MAX_DEPTH, MAX_PARTS, frozenset(leaves)
            )
            root = scanner.scan()
            if root.body > MAX_HEADER_BYTES or self.field_count > MAX_FIELDS:
                return None
            if scanner.count < MAX_PARTS:
                break
            # The largest of the parts just below is what makes it too many.
            largest = max(root.children, key=_count, default=None)
            if not largest or not largest.children:
                return None
            leaves.add(largest.start)
        else:
            return None
        texts = self._mend_parts(root, scanner.cut)
        if not self._mend_texts(texts, root):
            return None
        self._mend_id(root)
        return self._apply()

    def _mend_parts(self, root, closed):
        """Close what is not to be looked into; return the parts that are texts."""
        texts, opened = [], [root]
        while opened:
            part = opened.pop()
            is_message = part.maintype == "message"
            self.has_messages |= is_message and part not in closed
            if part in closed:
                self._close(part, Mend.LIMIT)
            elif is_message and part is not root and not self.opens_messages:
                self._close(part, Mend.STRUCTURE)
            elif part.children:
                opened.extend(reversed(part.children))
            elif part.maintype == "multipart":
                self._as_text(part)
                texts.append(part)
            elif part.maintype == "text":
                texts.append(part)
        return texts

    # ---------------------------------------------------------------------- headers

    def _describe(self, part):
        """Mend the part's headers; note what they say about its content."""
        lines = []
        self.field_count += len(part.fields)
        for field in part.fields[:MAX_FIELDS]:
            value = self._value(field)
            if field.name == "message-id" and part.start == 0:
                continue  # has its own rules
            if not is_readable(field.name, value):
                mended = mend_value(field.name, value)
                if mended is not None and not is_readable(field.name, mended):
                    mended = None
                self._edit_field(field, mended)
                self.notes.append(Note(Mend.HEADER, field.name))
                value = mended
            if value is not None and field.name.startswith("content-"):
                lines.append(f"{field.name}: {value.strip()}\n")
        section = "".join(lines).encode("ascii", "surrogateescape")
        info = BytesHeaderParser(policy=REMEMBERING).parsebytes(section)
        info.set_default_type(part.default_type)
        part.info = info
        part.content_type = info.get_content_type()
        part.boundary = boundary_of(info)

    def _value(self, field):
        value = self.raw[field.value_start : field.end]
        return value.rstrip(b"\r\n").decode("ascii", "surrogateescape")

    def _edit_field(self, field, value):
        """Give a header another value, or take it out."""
        if value is None:
            self._edit(field.start, field.end, b"")
            return
        text = " " + value.replace("\r\n", "\n")
        data = text.replace("\n", self.line_end.decode()).encode("ascii")
        self._edit(field.value_start, field.end, data + self.line_end)

    def _set_field(self, part, name, value):
        """Replace a header of a part, or insert it."""
        for field in part.fields:
            if field.name == name:
                self._edit_field(field, value)
                return
        self.inserts.setdefault(part, {})[name] = value

    def _mend_id(self, root):
        """See that the message has one Message-ID that Odoo can read and store."""
        found = [f for f in root.fields if f.name == "message-id"]
        useless = 0
        for field in found:
            value = self._value(field)
            text = " ".join(value.split())
            bare = text.strip("<> ")
            if (
                not self.message_id
                and bare
                and text.isascii()
                and len(text) <= MAX_ID_LENGTH
                and parses("message-id", value)
            ):
                header = REMEMBERING.header_fetch_parse("message-id", value)
                self.message_id = str(header).strip()
            else:
                self._edit_field(field, None)
                useless += 1
        if self.message_id:
            self.notes += [Note(Mend.HEADER, "message-id")] * useless
        else:
            content = content_fingerprint(self.raw, has_id=False)
            self.message_id = synthetic_id(content)
            root.fields = [f for f in root.fields if f.name != "message-id"]
            self._set_field(root, "message-id", self.message_id)
            self.notes.append(Note(Mend.NO_ID, self.message_id))

    # ------------------------------------------------------------------------ parts

    def _close(self, part, reason):
        """Keep a part as bytes: an attachment that nobody looks into."""
        self._drop_edits(part.start, part.end)
        for below in part.walk():
            self.inserts.pop(below, None)
        for field in part.fields:
            if field.name == "content-transfer-encoding":
                value = mend_value(field.name, self._value(field))
                # Composite parts may not be encoded (RFC 2045 section 6.4), but are.
                self._edit_field(field, value)
            elif not is_readable(field.name, self._value(field)):
                self._edit_field(field, mend_value(field.name, self._value(field)))
            if field.name in ("content-type", "content-disposition"):
                self._drop_edits(field.start, field.end)
        self._set_field(part, "content-type", "application/octet-stream")
        self._set_field(
            part, "content-disposition", 'attachment; filename="message.eml"'
        )
        self.notes.append(Note(reason, part.content_type))

    def _as_text(self, part):
        """Have a multipart without parts read as the text that it then is."""
        for field in part.fields:
            if field.name == "content-type":
                self._drop_edits(field.start, field.end)
        info = EmailMessage(policy=REMEMBERING)
        info["content-type"] = "text/plain"
        encoding = part.info.get("content-transfer-encoding")
        if encoding:
            info["content-transfer-encoding"] = str(encoding)
        self.notes.append(Note(Mend.STRUCTURE, part.content_type))
        part.info, part.content_type = info, "text/plain"
        payload = self._payload(part) or b""
        charset = choose_charset(payload)
        info.set_param("charset", charset)
        self._set_field(part, "content-type", f"text/plain; charset={charset}")

    def _mend_texts(self, texts, root):
        """Mend the texts; turn those beyond the limits into attachments.

        :returns: whether that was possible: a message that is one text has no parts
        """
        count = size = 0
        for part in texts:
            inline = not part.info.get_filename() and (
                part.info.get_content_disposition() != "attachment"
            )
            if inline and part.content_type in ("text/plain", "text/html"):
                count += 1
                size += part.end - part.body
                if count > MAX_INLINE_TEXTS or size > MAX_INLINE_BYTES:
                    if part is root:
                        return False
                    inline = False
                    size -= part.end - part.body
                    extension = "html" if part.content_type == "text/html" else "txt"
                    filename = f'attachment; filename="text-{count}.{extension}"'
                    self._set_field(part, "content-disposition", filename)
                    self.notes.append(Note(Mend.LIMIT, part.content_type))
            self._mend_text(part, inline)
        return True

    def _mend_text(self, part, inline):
        """Have the part's charset decode its bytes, and its text fit the database."""
        info = part.info
        declared = info.get_param("charset")
        has_label = declared is not None
        declared = declared if isinstance(declared, str) else ""
        raw = self.raw[part.body : part.end]
        encoding = str(info.get("content-transfer-encoding", "")).strip().lower()
        is_known = declared.lower() in ASCII_SUPERSETS or not has_label
        if is_known and raw.isascii() and b"\0" not in raw:
            if encoding in ("", "7bit", "8bit", "binary"):
                return
        payload = self._payload(part)
        if payload is None:
            self._close(part, Mend.STRUCTURE)
            return
        charset = declared or ("us-ascii" if part.start == 0 else "utf-8")
        is_empty = has_label and not declared
        if is_empty or not (is_usable(charset) and decodes(payload, charset)):
            charset = choose_charset(payload, declared, keep_bytes=not inline)
            self._set_charset(part, charset)
            self.notes.append(Note(Mend.CHARSET, f"{declared or '?'} → {charset}"))
        if not inline:
            return
        text = payload.decode(charset, "replace")
        if _UNSTORABLE.search(text):
            data = _UNSTORABLE.sub("", text).encode("utf-8")
            self._edit(part.body, self._text_end(part), _base64(data, self.line_end))
            self._set_charset(part, "utf-8")
            self._set_field(part, "content-transfer-encoding", "base64")
            self.notes.append(Note(Mend.TEXT, part.content_type))

    def _set_charset(self, part, charset):
        current = str(part.info.get("content-type", part.content_type))
        mended = _CHARSET.sub("", current).rstrip("; \t\r\n") + f"; charset={charset}"
        if not mended.isascii() or not parses("content-type", mended):
            mended = f"{part.content_type}; charset={charset}"
        self._set_field(part, "content-type", mended)

    def _payload(self, part):
        """Return the decoded bytes of a leaf, or ``None``."""
        text = self.raw[part.body : self._text_end(part)]
        holder = EmailMessage(policy=REMEMBERING)
        encoding = part.info.get("content-transfer-encoding")
        if encoding:
            holder["content-transfer-encoding"] = str(encoding)
        holder.set_payload(text.decode("ascii", "surrogateescape"))
        try:
            return holder.get_payload(decode=True)
        except Exception:  # whatever email raises, it raises in Odoo as well
            return None

    def _text_end(self, part):
        """Return the part's end without the line end that belongs to a boundary."""
        end = part.end
        if end < len(self.raw):
            if self.raw[part.body : end].endswith(b"\r\n"):
                end -= 2
            elif self.raw[part.body : end].endswith((b"\n", b"\r")):
                end -= 1
        return end

    # ------------------------------------------------------------------------ edits

    def _edit(self, start, end, data):
        """Replace these bytes; a later edit of the same header or text wins."""
        self.edits[end] = (start, end, data)

    def _drop_edits(self, start, end):
        self.edits = {
            e: edit for e, edit in self.edits.items() if e <= start or end <= edit[0]
        }

    def _apply(self):
        edits = list(self.edits.values())
        for part, fields in self.inserts.items():
            text = "".join(f"{name.title()}: {fields[name]}\n" for name in fields)
            if part.body == part.start:  # no header section, nor its blank line
                text += "\n"
            place = part.start if part.is_glued else part.first_header
            before = self.raw[part.start : place]
            if part.is_glued or before and not before.endswith((b"\r", b"\n")):
                text = "\n" + text
            data = text.replace("\n", self.line_end.decode()).encode("ascii")
            edits.append((place, place, data))
        if not edits:
            return self.raw
        pieces, position = [], 0
        for start, end, data in sorted(edits, key=lambda edit: edit[:2]):
            pieces += [self.raw[position:start], data]
            position = end
        pieces.append(self.raw[position:])
        return b"".join(pieces)


def _count(part):
    return sum(1 for _part in part.walk())


def _base64(data, line_end):
    return line_end.join(
        base64.b64encode(data[i : i + 57]) for i in range(0, len(data), 57)
    )
