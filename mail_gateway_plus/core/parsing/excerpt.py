"""A message of which only header and texts were fetched, as a message of its own."""

import codecs
import hashlib
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from .charsets import choose_charset
from .envelope import header_section, read_text
from .mender import mend

# What a message's texts may have together; a page of print has about 3 kB.
MAX_TEXT_BYTES = 1024 * 1024
BOUNDARY = b"partly-fetched-by-mail-gateway"

_FIELD = re.compile(rb"^([!-9;-~]+):(?:[^\n]*\n[ \t])*[^\n]*", re.MULTILINE)
_TOKEN = re.compile(r"[^\w.+-]", re.ASCII)
_TRANSFER_ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64")


@dataclass(frozen=True)
class LeftPart:
    """A part that stayed on the server; ``size`` in bytes, 0 where it is not known."""

    name: str
    content_type: str
    size: int = 0


@dataclass(frozen=True)
class Text:
    """A text part as the server holds it, or its beginning."""

    content_type: str
    charset: str
    encoding: str
    data: bytes
    is_cut: bool = False


def build(header, texts):
    """Return a message of the original's headers and these texts.

    The same parts make the same bytes: its fingerprint can be compared.

    :param header: the original's header section
    :param texts: a list of :class:`Text`
    """
    texts = [_whole(text) if text.is_cut else text for text in texts]
    boundary = BOUNDARY
    while any(b"--" + boundary in text.data for text in texts):
        boundary += b"-"
    pieces = [
        kept_header(header),
        b"MIME-Version: 1.0\r\n",
        b'Content-Type: multipart/mixed; boundary="%b"\r\n' % boundary,
    ]
    for text in texts or [Text("text/plain", "utf-8", "7bit", b"")]:
        pieces += [b"\r\n--%b\r\n" % boundary, _header_of(text), b"\r\n", text.data]
    return b"".join([*pieces, b"\r\n--%b--\r\n" % boundary])


def kept_header(raw):
    """Return the header section without what describes the content, with CRLF."""
    section = header_section(raw).replace(b"\r\n", b"\n")
    return b"".join(
        match.group().replace(b"\n", b"\r\n") + b"\r\n"
        for match in _FIELD.finditer(section)
        if not match.group(1).lower().startswith((b"content-", b"mime-version"))
    )


def header_fingerprint(raw):
    """Return the hex SHA-256 of what a message and its excerpt have in common."""
    return hashlib.sha256(kept_header(raw)).hexdigest()


def from_beginning(raw):
    """Return the texts in the beginning of a message, and the parts that are not.

    :param raw: header section and as much of the body as was fetched; its last part
        is taken as cut off
    :returns: a list of :class:`Text` and one of :class:`LeftPart`
    """
    # Mended, as on its way into Odoo: a message that the parser chokes on would keep
    # the whole mailbox from being read.
    message = BytesParser(policy=compat32).parsebytes(mend(raw).raw)
    leaves = list(_leaves(message))
    texts, left = [], []
    for part in leaves:
        if not _is_text(part):
            left.append(LeftPart(_name(part), part.get_content_type()))
            continue
        payload = part.get_payload()
        data = payload.encode("utf-8", "surrogateescape")
        charset, encoding = _param(part, "charset"), _encoding(part)
        is_cut = part is leaves[-1]
        texts.append(Text(part.get_content_type(), charset, encoding, data, is_cut))
        if is_cut:
            left.append(LeftPart("", part.get_content_type()))
    return texts, left


def _leaves(message):
    """Yield the parts without parts; of alternatives, what Odoo would show."""
    if message.get_content_maintype() == "message" or not message.is_multipart():
        yield message
        return
    children = message.get_payload()
    shown = None
    if message.get_content_subtype() == "alternative":
        shown = _shown([child.get_content_type() for child in children])
    for number, child in enumerate(children):
        if shown is None or number == shown or not _is_text(child):
            yield from _leaves(child)


def _shown(content_types):
    """Return the index of the alternative with HTML, else ``None`` for all."""
    shown = None
    for number, content_type in enumerate(content_types):
        if content_type in ("text/html", "multipart/related"):
            shown = number
    return shown


def _is_text(part):
    disposition = str(part.get("content-disposition", "")).strip().lower()
    return (
        part.get_content_type() in ("text/plain", "text/html")
        and not disposition.startswith("attachment")
        and not part.get_filename()
    )


def _name(part):
    return read_text(part.get_filename() or "")


def _param(part, name):
    value = part.get_param(name)
    return value if isinstance(value, str) else ""


def _encoding(part):
    return str(part.get("content-transfer-encoding", "")).strip()


def _header_of(text):
    """Return the header section of a text part, from values of a stranger."""
    charset = _TOKEN.sub("", text.charset)
    encoding = text.encoding.lower()
    lines = f"Content-Type: {text.content_type}"
    lines += f'; charset="{charset}"\r\n' if charset else "\r\n"
    if encoding in _TRANSFER_ENCODINGS:
        lines += f"Content-Transfer-Encoding: {encoding}\r\n"
    return lines.encode("ascii")


def _whole(text):
    """Return a text that was cut off anywhere as one that ends with a character."""
    part = Message()
    part["Content-Transfer-Encoding"] = text.encoding
    data = text.data
    if text.encoding.lower() == "base64":
        data = b"".join(data.split())
        data = data[: len(data) // 4 * 4]
    part.set_payload(data.decode("ascii", "surrogateescape"))
    payload = part.get_payload(decode=True) or b""
    content = payload.decode(choose_charset(payload, text.charset), "replace")
    content = content.rstrip("\ufffd")  # what is left of a character at the end
    encoded = codecs.encode(content.encode("utf-8", "replace"), "base64")
    encoded = encoded.replace(b"\n", b"\r\n")
    return Text(text.content_type, "utf-8", "base64", encoded)
