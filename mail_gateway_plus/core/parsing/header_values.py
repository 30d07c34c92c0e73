"""Header values that Odoo's parser cannot read, and what to put in their place."""

import base64
import re
from email.utils import format_datetime, getaddresses

from .charsets import choose_charset
from .envelope import MAX_ENCODED_LENGTH, read_date, read_text
from .remembering import REMEMBERING

# Postfix's header_size_limit: no logical header that it passes on is longer.
MAX_FIELD_BYTES = 102_400
# A value that is not of the plain kind below is handed to Python's parser, whose time
# grows with the square of some (32 kB of quotes: 11 s). This many bytes cost 0.4 s.
MAX_TRIED_BYTES = 4096
# The parser of these is the fastest; RFC 2231 spreads a long file name over many.
MAX_PARAMETER_BYTES = 16 * 1024
# An address list of the plain kind takes 4 µs a byte; 30 kB are a thousand recipients.
MAX_PLAIN_BYTES = 32 * 1024
# Each comment in a comment takes stack, of which Odoo has used up some already.
MAX_NESTING = 10

ADDRESS_FIELDS = frozenset(
    "from to cc bcc sender reply-to delivered-to resent-from resent-sender resent-to "
    "resent-cc resent-bcc".split()
)
# Those that email.policy.SMTP takes apart; any other is text.
STRUCTURED_FIELDS = ADDRESS_FIELDS | frozenset(
    "date orig-date resent-date mime-version content-type content-disposition "
    "content-transfer-encoding message-id".split()
)
ENCODINGS = ("base64", "quoted-printable", "7bit", "8bit", "binary")
# Spaces only, no other control character, no Unicode line end, no lone surrogate.
_UNCLEAN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN_TEXT = re.compile(r"[\t\r\n -~]*")
_ATOM = r"[\w!#$%&'*+/=?^`{|}~.-]+"
_PLAIN_ADDRESS = (
    rf'(?:(?:{_ATOM}[ \t]+)*(?:"[^"\\=]*"[ \t]*)?<{_ATOM}@{_ATOM}>|{_ATOM}@{_ATOM})'
)
_PLAIN_ADDRESSES = re.compile(
    rf"[ \t\r\n]*{_PLAIN_ADDRESS}(?:,[ \t\r\n]*{_PLAIN_ADDRESS})*[ \t\r\n]*", re.ASCII
)
_BARE_ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w.-]{1,253}", re.ASCII)
_MEDIA_TYPE = re.compile(r"\s*([\w.+-]+)\s*/\s*([\w.+-]+)", re.ASCII)


def is_readable(name, value):
    """Say whether Odoo can read the header and PostgreSQL store it.

    :param name: in lower case
    :param value: raw and folded, 8-bit as surrogate escapes
    """
    if len(value) > MAX_FIELD_BYTES:
        return False
    is_plain = _PLAIN_TEXT.fullmatch(value) and "=?" not in value
    if is_plain and name not in STRUCTURED_FIELDS:
        return True
    if name in ADDRESS_FIELDS and is_plain and _PLAIN_ADDRESSES.fullmatch(value):
        return len(value) <= MAX_PLAIN_BYTES
    has_parameters = name in ("content-type", "content-disposition")
    limit = MAX_PARAMETER_BYTES if has_parameters else MAX_TRIED_BYTES
    if len(value) > limit or _comments(value) > MAX_NESTING:
        return False
    if name == "subject" and is_plain:
        return True
    return parses(name, value)


def _comments(value):
    """Return how many comments may be inside of one another."""
    return re.sub(r'"[^"]*"', "", value).count("(")


def parses(name, value):
    """Read the header as Odoo does, and say whether that went well."""
    try:
        source = REMEMBERING.header_source_parse([f"{name}:{value}"])
        header = REMEMBERING.header_fetch_parse(*source)
        text = str(header)
        # Deferred until somebody asks: so ask.
        getattr(header, "addresses", None)
        getattr(header, "params", None)
    except Exception:  # whatever email raises, it raises in Odoo as well
        return False
    raw_8bit = not value.isascii() and "\ufffd" in text
    return not raw_8bit and not _UNCLEAN.search(text)


def mend_value(name, value):
    """Return a value that is readable and says the same, or ``None`` for none.

    :returns: ASCII, folded where it is long; the caller checks it once more
    """
    value = _as_unicode(value[:MAX_FIELD_BYTES])
    if name in ADDRESS_FIELDS:
        return _addresses(value)
    if name in ("date", "resent-date", "orig-date"):
        moment = read_date(_one_line(value))
        return format_datetime(moment) if moment else None
    if name == "content-type":
        return _content_type(value)
    if name == "content-disposition":
        kind = "inline" if value.strip().lower().startswith("inline") else "attachment"
        filename = parameter(value, "filename")
        return kind + (f'; filename="{filename}"' if filename else "")
    if name == "content-transfer-encoding":
        return next((e for e in ENCODINGS if e in value.lower()), "8bit")
    if name in ("message-id", "mime-version"):
        return None
    return encode_text(read_text(value[:MAX_ENCODED_LENGTH]))


def _as_unicode(value):
    """Return the value with raw 8-bit read by the charset ladder."""
    if value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    return raw.decode(choose_charset(raw), "replace")


def _one_line(value):
    return re.sub(r"[\x00-\x20\x7f]+", " ", value).strip()


def _addresses(value):
    pairs = []
    if len(value) <= MAX_TRIED_BYTES and _comments(value) <= MAX_NESTING:
        try:
            pairs = getaddresses([_one_line(value)])
        except Exception:  # seen: IndexError, RecursionError
            pairs = []
    pairs = [(n, a) for n, a in pairs if _BARE_ADDRESS.fullmatch(a)]
    if not pairs:
        text = value[:MAX_PLAIN_BYTES]
        pairs = [("", address) for address in _BARE_ADDRESS.findall(text)]
    mended = []
    for name, address in pairs:
        name = encode_text(read_text(name[:MAX_ENCODED_LENGTH]), in_phrase=True)
        one = f"{name} <{address}>" if name else address
        mended.append(one if parses("to", one) else address)
    return ",\r\n ".join(m for m in mended if parses("to", m)) or None


def _content_type(value):
    found = _MEDIA_TYPE.match(value)
    mended = "/".join(found.groups()).lower() if found else "application/octet-stream"
    for name in ("boundary", "charset", "name", "report-type"):
        text = parameter(value, name)
        if text:
            mended += f';\r\n {name}="{text}"'
    return mended


def parameter(value, name):
    """Return a parameter's text as far as it is fit for a quoted string, or ``""``."""
    pattern = rf';\s*{name}\s*=\s*(?:"([^"]{{0,500}})"|([^;\s"]{{0,500}}))'
    found = re.search(pattern, value[:MAX_ENCODED_LENGTH], re.IGNORECASE)
    text = read_text(found.group(1) or found.group(2)) if found else ""
    return re.sub(r"[^ !#-\[\]-~]", "_", text)


def encode_text(text, in_phrase=False):
    """Return text as ASCII for a header, in encoded words (RFC 2047) where needed."""
    if re.fullmatch(r"[\w .,:;!?'/+*%&#@()-]*" if not in_phrase else r"[\w ]*", text):
        if text.isascii() and len(text) < 900:
            return text
    words, piece = [], b""
    for letter in text:
        encoded = letter.encode("utf-8", "replace")
        if len(piece) + len(encoded) > 45:  # 75 characters a word, RFC 2047 section 2
            words.append(piece)
            piece = b""
        piece += encoded
    words.append(piece)
    parts = (f"=?utf-8?b?{base64.b64encode(w).decode()}?=" for w in words if w)
    return "\r\n ".join(parts)
