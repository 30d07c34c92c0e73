"""The mark by which a round-trip mail is known again, whatever others make of it."""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from ..parsing.envelope import header_section

HEADER = "X-Mail-Gateway-Round-Trip"
# Of a delivery report: the mail that it is about comes early, in full or as its header.
MAX_REPORT_BYTES = 256 * 1024

# In words, so that a line that is too long is broken between them.
_VALUE = r"(?P<trip>\d{1,12})\s+(?P<nonce>[0-9a-f]{32})\s+(?P<signature>[0-9a-f]{64})"
_VALUE_ALONE = re.compile(_VALUE)
_IN_REPORT = re.compile(
    rf"^{HEADER}:\s*{_VALUE}\s*$".encode(), re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Mark:
    """What a mark says: which round trip, and the proof that we have made it."""

    trip_id: int
    nonce: str
    signature: str

    def __str__(self):
        return f"{self.trip_id} {self.nonce} {self.signature}"


def read_mark(value):
    """Return the :class:`Mark` that a header's value is, or ``None``."""
    found = _VALUE_ALONE.fullmatch(str(value or "").strip())
    return found and _mark(found)


def find_mark(raw):
    """Return the mark of a message, and whether it is a report about the marked mail.

    A person's answer that quotes the mail is neither: the mark counts in the message's
    own header, and in what a delivery report (RFC 3462) is about.

    :returns: a pair of :class:`Mark`, or ``None``, and a truth value
    """
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(header_section(raw))
    mark = read_mark(head.get(HEADER))
    if mark:
        return mark, False
    if "multipart/report" in str(head.get("content-type", "")).lower():
        found = _IN_REPORT.search(raw[:MAX_REPORT_BYTES])
        if found:
            return _mark(found), True
    return None, False


def _mark(found):
    nonce, signature = found["nonce"], found["signature"]
    if isinstance(nonce, bytes):
        nonce, signature = nonce.decode(), signature.decode()
    return Mark(int(found["trip"]), nonce, signature)


@dataclass(frozen=True)
class Letter:
    """What a round-trip mail says."""

    sender: str
    recipient: str
    subject: str
    text: str
    message_id: str
    date: str
    mark: Mark


def compose(letter):
    """Return the marked mail; no machine answers it (RFC 3834)."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = letter.sender
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = letter.date
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message[HEADER] = str(letter.mark)
    message.set_content(letter.text)
    return message
