"""The few headers that the journal shows."""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime

# The header section is read from this many bytes at most; a longer one is hostile.
MAX_HEADER_BYTES = 256 * 1024
# A journal column is for the eye: no header value needs more.
MAX_VALUE_LENGTH = 1000

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Envelope:
    """Who sent what to whom, as far as the message says.

    ``message_id`` keeps its angle brackets; ``date`` is naive UTC or ``None``.
    """

    message_id: str = ""
    email_from: str = ""
    email_to: str = ""
    subject: str = ""
    date: datetime | None = None


def read_envelope(raw):
    """Return the :class:`Envelope` of a message; what cannot be read stays empty.

    The ``compat32`` policy is used because it hands headers out unparsed: the newer
    one raises on group syntax, CR/LF in a name and ``Message-ID: <>``.
    """
    headers = BytesHeaderParser(policy=compat32).parsebytes(header_section(raw))
    return Envelope(
        message_id=read_text(headers.get("Message-ID")).strip(),
        email_from=read_text(headers.get("From")),
        email_to=read_text(headers.get("To")),
        subject=read_text(headers.get("Subject")),
        date=read_date(headers.get("Date")),
    )


def header_section(raw):
    """Return the bytes up to the first empty line, at most MAX_HEADER_BYTES."""
    head = raw[:MAX_HEADER_BYTES]
    end = re.search(rb"\r?\n\r?\n", head)
    return head[: end.end()] if end else head


def read_text(value):
    """Return a header's value as clean text: decoded, one line, nothing invisible."""
    if value is None:
        return ""
    try:
        text = str(make_header(decode_header(value)))
    except (LookupError, ValueError, AssertionError):  # charset, base64, email bugs
        text = str(value)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(" ", text).strip()[:MAX_VALUE_LENGTH]


def read_date(value):
    """Return a Date header as naive UTC, or ``None`` when it says no real time."""
    try:
        moment = parsedate_to_datetime(str(value))
        if moment.tzinfo:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment
