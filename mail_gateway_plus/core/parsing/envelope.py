"""The few headers that the journal shows."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from email.errors import MessageError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime

# The header section is read from this many bytes at most; a longer one is hostile.
MAX_HEADER_BYTES = 256 * 1024
# A journal column is for the eye: no header value needs more.
MAX_VALUE_LENGTH = 1000
# Nor more than this before decoding, which takes quadratic time on hostile values.
MAX_ENCODED_LENGTH = 8 * MAX_VALUE_LENGTH

# Of the messages that one answers so many count, as Odoo has it (mail_thread.py,
# ``message_route``): the last ones are the nearest.
MAX_ANSWERED = 32
# Servers of our own that a message passes: no house has more.
MAX_RECEIVED = 10

_IDENTIFIER = re.compile(r"<[^<>\s\x00-\x1f\x7f]+>")
# C0, C1, and the separators that Unicode and str.splitlines take for line ends.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Envelope:
    """Who sent what to whom, as far as the message says.

    ``message_id`` keeps its angle brackets; ``date`` is naive UTC or ``None``.
    ``answers`` are the Message-IDs of its References and In-Reply-To, oldest first,
    ``received`` the values of the topmost Received headers.
    """

    message_id: str = ""
    email_from: str = ""
    email_to: str = ""
    subject: str = ""
    date: datetime | None = None
    answers: tuple = ()
    received: tuple = ()


def read_envelope(raw):
    """Return the :class:`Envelope` of a message; what cannot be read stays empty.

    The ``compat32`` policy is used because it hands headers out unparsed: the newer
    one raises on group syntax, CR/LF in a name and ``Message-ID: <>``.
    """
    parsed = BytesHeaderParser(policy=compat32).parsebytes(header_section(raw))
    headers, answers, received = {}, {}, []
    for name, value in parsed.raw_items():
        if name.lower() == "received" and len(received) < MAX_RECEIVED:
            received.append(read_text(value[:MAX_ENCODED_LENGTH]))
        headers.setdefault(name.lower(), value[:MAX_ENCODED_LENGTH])
        answers.setdefault(name.lower(), value[-MAX_ENCODED_LENGTH:])
    return Envelope(
        message_id=read_text(headers.get("message-id")).strip(),
        email_from=read_text(headers.get("from")),
        email_to=read_text(headers.get("to")),
        subject=read_text(headers.get("subject")),
        date=read_date(headers.get("date")),
        answers=read_identifiers(answers.get("references"), answers.get("in-reply-to")),
        received=tuple(received),
    )


def header_section(raw):
    """Return the bytes up to the first empty line, at most MAX_HEADER_BYTES."""
    head = raw[:MAX_HEADER_BYTES]
    end = re.search(rb"\r?\n\r?\n", head)
    return head[: end.end()] if end else head


def read_text(value):
    """Return a header's value as clean text: decoded, one line, nothing invisible.

    :param value: as the parser leaves it, with raw 8-bit as surrogate escapes; those
        are UTF-8 (RFC 6532) or unreadable
    """
    if value is None:
        return ""
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    # An unknown charset, broken base64, a bug of email: then it is shown undecoded.
    with suppress(LookupError, ValueError, AssertionError, MessageError):
        text = str(make_header(map(_as_text, decode_header(text))))
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(" ", text).strip()[:MAX_VALUE_LENGTH]


def _as_text(chunk):
    """Undo ``decode_header``'s raw-unicode-escape, which ``make_header`` cannot."""
    text, charset = chunk
    if charset is None and isinstance(text, bytes) and not text.isascii():
        text = text.decode("raw-unicode-escape").strip()  # make_header adds spaces
    return text, charset


def read_identifiers(*values):
    """Return the Message-IDs in these headers (RFC 5322 section 3.6.4), each once.

    :param values: as the parser leaves them; the last one's identifiers come last
    """
    text = " ".join(filter(None, values))
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    last_first = dict.fromkeys(reversed(_IDENTIFIER.findall(text)))
    return tuple(reversed(list(last_first)[:MAX_ANSWERED]))


def read_date(value):
    """Return a Date header as naive UTC, or ``None`` when it says no real time."""
    try:
        moment = parsedate_to_datetime(str(value))
        if moment.tzinfo:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment
