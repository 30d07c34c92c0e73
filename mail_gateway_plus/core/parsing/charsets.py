"""Which charset some bytes are in, whatever their label says."""

import re

try:  # both come with Odoo: chardet by its own requirements, the other by requests
    import chardet
except ImportError:  # pragma: no cover
    chardet = None

# Labels seen in real mail that Python does not know, or that mean a larger charset.
ALIASES = {
    "ansi_x3.110-1983": "latin-1",
    "cp-850": "cp850",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "x-gbk": "gb18030",
    "x-mac-roman": "mac-roman",
    "x-sjis": "cp932",
    "x-user-defined": "latin-1",
}
# Labels that promise more than the bytes hold: each of these decodes plain ASCII.
ASCII_SUPERSETS = frozenset(
    {"us-ascii", "ascii", "utf-8", "utf8", "iso-8859-1", "iso-8859-15", "windows-1252"}
)
FALLBACK = "windows-1252"
# More than a detector needs, and what keeps it from being the slowest step.
DETECTED_BYTES = 16 * 1024
MIN_CONFIDENCE = 0.7


def is_usable(charset):
    """Say whether ``bytes.decode(charset, "replace")`` never raises."""
    try:
        b"a\xff\x00".decode(charset, "replace")
    except (LookupError, ValueError, TypeError):
        return False  # unknown, no charset (hex, rot13), or one that cannot replace
    return True


def decodes(payload, charset):
    """Say whether the bytes are valid in the charset, but for a cut-off last letter."""
    try:
        payload.decode(charset)
    except UnicodeDecodeError as error:
        return error.start >= len(payload) - 4 and error.start > 0
    except (LookupError, ValueError, TypeError):
        return False
    return True


def choose_charset(payload, declared="", keep_bytes=False):
    """Return the name of a charset that decodes the bytes.

    The ladder: the declared one, what it is an alias of, UTF-8, detection, and then
    the one of Western Windows, whose gaps become replacement characters.

    :param keep_bytes: for attachments, which Odoo decodes and encodes again: end with
        the charset that knows every byte
    """
    label = declared.strip().strip("'\"").lower()
    # "charset=us-ascii" and "_iso-2022-jp$ESC" are labels that were garbled on the way.
    label = label.removeprefix("charset=")
    found = re.search(r"iso-2022-jp", label)
    label = found.group() if found else label
    for charset in (label, ALIASES.get(label), "utf-8"):
        if charset and is_usable(charset) and decodes(payload, charset):
            return charset
    detected = detect(payload)
    if detected:
        return detected
    if keep_bytes and not decodes(payload, FALLBACK):
        return "iso-8859-1"
    return FALLBACK


def detect(payload):
    """Return the charset that the detector is sure of, or ``""``."""
    if chardet is None:
        return ""
    try:
        guess = chardet.detect(payload[:DETECTED_BYTES])
    except Exception:  # a guess may fail: nothing depends on it
        return ""
    charset = (guess.get("encoding") or "").lower()
    if not charset or (guess.get("confidence") or 0) < MIN_CONFIDENCE:
        return ""
    charset = ALIASES.get(charset, charset)
    return charset if is_usable(charset) and decodes(payload, charset) else ""
