"""A message as it goes over the wire, and for whom it is."""

import copy
import re
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from io import BytesIO


@dataclass(frozen=True)
class Content:
    """The bytes of a message: CRLF line ends, the last line ended (RFC 5321 §2.3.8).

    ``is_utf8`` says whether its headers need SMTPUTF8 (RFC 6531).
    """

    payload: bytes
    message_id: str
    is_utf8: bool = False

    @classmethod
    def of_message(cls, message, addresses):
        """Return the content of an ``email.message.Message`` for these addresses."""
        is_utf8 = not all(address.isascii() for address in addresses)
        payload = _flatten(message, is_utf8)
        return cls(_with_crlf(payload), message["Message-Id"] or "", is_utf8)

    @classmethod
    def of_bytes(cls, message):
        """Return the content of what ``smtplib.SMTP.sendmail`` takes."""
        if isinstance(message, str):
            message = message.encode("ascii")
        payload = _with_crlf(message)
        headers = BytesHeaderParser().parsebytes(payload)
        return cls(payload, str(headers["Message-Id"] or ""))

    @property
    def stuffed(self):
        """The payload with dots doubled at the start of lines (RFC 5321 §4.5.2)."""
        return re.sub(rb"(?m)^\.", b"..", self.payload)


def envelope(message, sender, recipients):
    """Return sender and recipients, each once; those not given are the headers'.

    The headers are those that ``smtplib.SMTP.send_message`` reads: ``Resent-`` ones
    where there are any (RFC 5322 section 3.6.6).
    """
    prefix = "Resent-" if "Resent-Date" in message else ""
    if sender is None:
        header = message[f"{prefix}Sender"] or message[f"{prefix}From"] or ""
        sender = getaddresses([str(header)])[0][1]
    if recipients is None:
        headers = [message[f"{prefix}{name}"] for name in ("To", "Bcc", "Cc")]
        found = getaddresses([str(header) for header in headers if header])
        recipients = [address for _name, address in found]
    elif isinstance(recipients, str):
        recipients = [recipients]
    # Each once: two refusals of one address would count as one.
    return sender, list(dict.fromkeys(recipients))


def _flatten(message, is_utf8):
    """Return the bytes of a message for the wire.

    Bcc stays behind, as in ``smtplib.SMTP.send_message`` (RFC 5322 section 3.6.3).
    """
    message = copy.copy(message)
    del message["Bcc"]
    del message["Resent-Bcc"]
    buffer = BytesIO()
    policy = message.policy.clone(utf8=True) if is_utf8 else None
    BytesGenerator(buffer, policy=policy).flatten(message, linesep="\r\n")
    return buffer.getvalue()


def _with_crlf(payload):
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", payload)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
