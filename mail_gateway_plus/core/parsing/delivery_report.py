"""What a report says about mail that was sent: RFC 3464, RFC 8098 and RFC 5965."""

import re
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from email.policy import compat32

from .envelope import MAX_VALUE_LENGTH, read_identifiers, read_text

# RFC 6533 has the same parts in UTF-8; the last one is what some programs call it.
STATUS_TYPES = (
    "message/delivery-status",
    "message/global-delivery-status",
    "text/delivery-status",
)
RECEIPT_TYPES = (
    "message/disposition-notification",
    "message/global-disposition-notification",
)
FEEDBACK_TYPES = ("message/feedback-report",)
ORIGINAL_TYPES = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
# How many recipients and how much of a report are read at most.
MAX_RECIPIENTS = 200
MAX_REPORT_LENGTH = 256 * 1024

FAILED, DELAYED = "failed", "delayed"
DELIVERED, RELAYED = "delivered", "relayed"
# RFC 3464 section 2.3.3; "expanded" says that a list took it and reports no further.
_ACTIONS = {
    "failed": FAILED,
    "delayed": DELAYED,
    "delivered": DELIVERED,
    "relayed": RELAYED,
    "expanded": RELAYED,
}
# RFC 3463 section 3.1, where the Action is missing or none of these.
_CLASSES = {"5": FAILED, "4": DELAYED, "2": DELIVERED}

_ADDRESS = re.compile(r"[^\s<>;,\"()\[\]]+@[^\s<>;,\"()\[\]]+")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")


@dataclass(frozen=True)
class Reported:
    """What a report says of one recipient.

    ``action``: FAILED, DELAYED, DELIVERED or RELAYED; of a read receipt what became of
    the mail there. ``addresses``: as we wrote it and as it was at last, in lower case,
    whichever are told. ``status`` is RFC 3463's, ``code`` the reply's or 0.
    """

    action: str
    addresses: tuple = ()
    status: str = ""
    code: int = 0
    words: str = ""

    @property
    def address(self):
        """Return the address as the sender knows it, or ``""``."""
        return next(iter(self.addresses), "")


@dataclass(frozen=True)
class Report:
    """What was sent back: the recipients, and what names the original.

    ``message_ids``: the original's, more than one where a server gave it a new one.
    ``kind`` is the type of feedback (RFC 5965 section 7.3), for an abuse report.
    """

    recipients: tuple = ()
    message_ids: tuple = ()
    kind: str = ""

    @property
    def worst(self):
        """Return the action that matters most, or ``""``."""
        found = {recipient.action for recipient in self.recipients}
        order = (FAILED, DELAYED, DELIVERED, RELAYED)
        return next((action for action in order if action in found), "")


def read_status(facts):
    """Return the :class:`Report` of a delivery status, or ``None`` without one."""
    part = _first(facts, STATUS_TYPES)
    if part is None:
        return None
    reported = [_reported(block) for block in _blocks(part)[:MAX_RECIPIENTS]]
    recipients = tuple(each for each in reported if each)
    return Report(recipients, original_ids(facts)) if recipients else None


def read_receipt(facts):
    """Return the :class:`Report` of a read receipt (RFC 8098), or ``None``."""
    part = _first(facts, RECEIPT_TYPES)
    if part is None:
        return None
    block = next(iter(_blocks(part)), {})
    disposition = block.get("disposition", "").rpartition(";")[2]
    action = disposition.partition("/")[0].strip().lower() or "displayed"
    ids = read_identifiers(block.get("original-message-id", ""))
    recipient = Reported(action, _addresses(block))
    return Report((recipient,), tuple(dict.fromkeys(ids + original_ids(facts))))


def read_feedback(facts):
    """Return the :class:`Report` of an abuse report (RFC 5965), or ``None``."""
    part = _first(facts, FEEDBACK_TYPES)
    if part is None:
        return None
    block = next(iter(_blocks(part)), {})
    kind = block.get("feedback-type", "abuse").strip().lower()
    found = tuple(_ADDRESS.findall(block.get("original-rcpt-to", "").lower()))
    recipients = (Reported(kind, found),) if found else ()
    return Report(recipients, original_ids(facts), kind)


def original_ids(facts):
    """Return the Message-IDs of the original that came back, whole or in part."""
    part = _first(facts, ORIGINAL_TYPES)
    return _ids_of(_enclosed(part)) if part is not None else ()


def status_in(words):
    """Return the status (RFC 3463) that stands in a text, or ``""``."""
    found = _STATUS.search(words)
    return found.group(1) if found else ""


def code_in(words):
    """Return the reply code that stands in a text, or 0."""
    found = _CODE.search(words)
    return int(found.group(1)) if found else 0


def _first(facts, types):
    return next((f.part for f in facts.files if f.content_type in types), None)


def _enclosed(part):
    """Return the message that is in a part, or that its text holds the headers of."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload else Message()
    return message_from_string(_text(part), policy=compat32)


def _ids_of(original):
    names = ("message-id", "x-microsoft-original-message-id", "x-original-message-id")
    values = [
        str(value) for name, value in original.raw_items() if name.lower() in names
    ]
    return read_identifiers(*values)


def _text(part):
    try:
        payload = part.get_payload(decode=True) or b""
    except (LookupError, ValueError, AssertionError):
        return ""
    return payload[:MAX_REPORT_LENGTH].decode("utf-8", "replace")


def _blocks(part):
    """Return the groups of fields in a report, as dicts by lower-case name.

    Python parses ``message/delivery-status`` into one message for each group, other
    types of ``message`` into one with the rest as its text, unless it is encoded.
    """
    payload = part.get_payload()
    messages = payload if isinstance(payload, list) else []
    blocks = [_fields(message) for message in messages]
    rests = [str(each.get_payload()) for each in messages if not each.is_multipart()]
    text = "\n\n".join(rests) if messages else _text(part)
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if messages and encoding in ("base64", "quoted-printable"):
        text = _decoded(text, encoding)
    for group in re.split(r"\r?\n[ \t]*\r?\n", text[:MAX_REPORT_LENGTH].strip()):
        blocks.append(_fields(message_from_string(group, policy=compat32)))
    return [block for block in blocks if block]


def _decoded(text, encoding):
    stand_in = Message()
    stand_in["Content-Transfer-Encoding"] = encoding
    stand_in.set_payload(text)
    return _text(stand_in)


def _fields(message):
    """Return the fields of a group on one line each; the first of a name counts."""
    fields = {}
    for name, value in message.raw_items():
        fields.setdefault(name.lower(), read_text(str(value)[: 4 * MAX_VALUE_LENGTH]))
    return fields


def _addresses(block):
    """Return the addresses of a group: what we wrote before what it became.

    RFC 3464 section 2.3.1: type, semicolon, address; old servers leave the type out.
    """
    found = []
    for name in ("original-recipient", "x-actual-recipient", "final-recipient"):
        found += _ADDRESS.findall(block.get(name, "").lower())
    return tuple(dict.fromkeys(found))


def _reported(block):
    """Return what a group says of its recipient, ``None`` for one without."""
    if not {"final-recipient", "original-recipient", "action"} & set(block):
        return None
    status = status_in(block.get("status", ""))
    action = _ACTIONS.get(block.get("action", "").partition(" ")[0].strip().lower())
    action = action or _CLASSES.get(status[:1])
    if not action:
        return None
    diagnostic = block.get("diagnostic-code", "")
    words = re.sub(r"^[\w.-]+\s*;\s*", "", diagnostic) or block.get("status", "")
    return Reported(
        action=action,
        addresses=_addresses(block),
        # What the far server said is more exact than what ours made of it.
        status=status_in(words) or status,
        code=code_in(words + " "),
        words=words,
    )
