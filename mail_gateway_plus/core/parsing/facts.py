"""What a message says about itself, as plain values for rules and other deciders."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.policy import compat32
from email.utils import getaddresses
from html.parser import HTMLParser

from .charsets import choose_charset
from .envelope import MAX_ENCODED_LENGTH, read_text
from .lightening import StoredPart

# Deciders look at the beginning; no more is decoded, and no more than so many parts.
MAX_TEXT_LENGTH = 64 * 1024
MAX_PARTS = 1000
MAX_HEADERS = 1000
# Where a message was sent to, as far as it tells (RFC 5322 section 3.6.3; Delivered-To
# and X-Original-To: Postfix, local(8); Envelope-To: Exim).
RECIPIENT_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")

_BLOCK = frozenset("address blockquote br div dd dt h1 h2 h3 h4 li p pre td tr".split())
_UNSEEN = frozenset("head script style title".split())
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*")


@dataclass(frozen=True)
class FilePart:
    """An attachment: its name and type as the sender says, and its size in bytes.

    ``part`` is the parsed part; its content is read when somebody asks for it.
    """

    name: str
    content_type: str
    size: int
    part: object = None


@dataclass(frozen=True)
class Facts:
    """A message as deciders see it.

    ``headers`` are pairs of a name in lower case and the decoded value, in the order of
    the message. Addresses are bare and in lower case. ``text`` is what a person reads
    of it, at most MAX_TEXT_LENGTH characters.
    """

    headers: tuple = ()
    sender: str = ""
    sender_name: str = ""
    recipients: tuple = ()
    subject: str = ""
    text: str = ""
    files: tuple = ()
    size: int = 0

    def values(self, name):
        """Return all values of a header, in the order of the message."""
        name = name.lower()
        return [value for known, value in self.headers if known == name]

    def value(self, name):
        """Return the first value of a header, or ``""``."""
        return next(iter(self.values(name)), "")


def facts_in(raw):
    """Return the :class:`Facts` of a message's bytes, of which nobody made more yet."""
    return read_facts(message_from_bytes(raw, policy=compat32))


def read_facts(message, size=0):
    """Return the :class:`Facts` of a parsed message; what cannot be read stays empty.

    :param message: an ``email.message.EmailMessage``
    :param size: in bytes, as it was fetched
    """
    raw_headers = list(message.raw_items())[:MAX_HEADERS]
    headers = tuple(
        (name.lower(), read_text(str(value)[:MAX_ENCODED_LENGTH]))
        for name, value in raw_headers
    )
    name, sender = next(iter(_addresses(headers, ("from",))), ("", ""))
    texts, files = _parts(message)
    return Facts(
        headers=headers,
        sender=sender,
        sender_name=name,
        recipients=tuple(
            dict.fromkeys(bare for _name, bare in _addresses(headers, RECIPIENT_FIELDS))
        ),
        subject=next((value for name, value in headers if name == "subject"), ""),
        text=_readable(texts),
        files=tuple(files),
        size=size,
    )


def _addresses(headers, names):
    """Return the pairs of name and bare address in these headers."""
    values = [value for name, value in headers if name in names]
    try:
        found = getaddresses(values)
    except Exception:  # seen: IndexError, RecursionError
        found = []
    return [(name, bare.lower()) for name, bare in found if "@" in bare]


def _parts(message):
    """Return the texts as pairs of subtype and text, and the attachments."""
    texts, files = [], []
    for number, part in enumerate(message.walk()):
        if number == MAX_PARTS:
            break
        if part.get_content_maintype() == "multipart":
            continue
        name = _file_name(part)
        is_text = part.get_content_type() in ("text/plain", "text/html")
        if is_text and not name and _disposition(part) != "attachment":
            texts.append((part.get_content_subtype(), _text(part)))
        else:
            size = _size(part)
            files.append(FilePart(name, part.get_content_type(), size, part))
    return texts, files


def _file_name(part):
    try:
        return read_text(part.get_filename() or "")
    except Exception:  # whatever email raises on a hostile parameter
        return ""


def _disposition(part):
    return str(part.get("content-disposition", "")).partition(";")[0].strip().lower()


def _size(part):
    """Return the content's bytes, near enough: what is kept elsewhere is not read."""
    if isinstance(part, StoredPart) and part.read_encoded:
        return part.encoded_size * 3 // 4
    payload = part.get_payload()
    if not isinstance(payload, str):
        return 0
    is_base64 = str(part.get("content-transfer-encoding", "")).strip().lower()
    return len(payload) * 3 // 4 if is_base64 == "base64" else len(payload)


def _text(part):
    try:
        payload = part.get_payload(decode=True) or b""
    except (LookupError, ValueError, AssertionError, MessageError):
        return ""
    payload = payload[: 4 * MAX_TEXT_LENGTH]
    charset = choose_charset(payload, str(part.get_content_charset() or ""))
    return payload.decode(charset, "replace")


def _readable(texts):
    """Return the plain texts, or the HTML ones without their tags."""
    plain = [text for subtype, text in texts if subtype == "plain" and text.strip()]
    chosen = plain or [_without_tags(text) for _subtype, text in texts]
    text = _SPACES.sub(" ", "\n".join(chosen).replace("\x00", ""))
    return _EMPTY_LINES.sub("\n\n", text).strip()[:MAX_TEXT_LENGTH]


class _TextOfHtml(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.pieces, self._unseen = [], 0

    def handle_starttag(self, tag, attrs):
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCK:
            self.pieces.append("\n")

    def handle_endtag(self, tag):
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)

    def handle_data(self, data):
        if not self._unseen:
            self.pieces.append(data)


def _without_tags(html):
    parser = _TextOfHtml()
    try:
        parser.feed(html)
        parser.close()
    except Exception:  # seen: AssertionError on broken declarations
        return ""
    return "".join(parser.pieces)
