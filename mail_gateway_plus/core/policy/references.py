"""What a message names its record by, besides the Message-IDs that it answers."""

import re
from dataclasses import dataclass
from email.utils import formataddr, getaddresses

# Of what RFC 4648 calls base32: not mistaken for each other, in any case.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
# 50 bits for an address, which anybody may try out by mail; 30 for a subject, where the
# reference has to fit and the number to exist as well.
TAG_LENGTH = 10
REFERENCE_LENGTH = 6
# A subject names one record; more is noise.
MAX_NAMED = 5

_TAG = re.compile(
    rf"^([^@]+)\+r([0-9a-z]+)-([0-9a-z]+)-([a-z2-7]{{{TAG_LENGTH}}})@(.+)$"
)
_SIGNED = re.compile(
    rf"(?<![\w/-])(?=[\w/.]*\d)([\w][\w/.-]{{1,40}}?)-([a-z2-7]{{{REFERENCE_LENGTH}}})(?![\w/-])"
)
# Letters, then digits with dividers or many of them: GRV/2026/0001, S-00017, S00017.
_PLAIN = re.compile(
    r"(?<![\w/.-])([A-Za-z]{1,12}(?:[/.-]\w{1,12}){0,4}[/.-]\d+|[A-Za-z]{1,12}\d{4,})(?!\w)"
)
_TAG_IN_TEXT = re.compile(
    rf"\+r[0-9a-z]+-[0-9a-z]+-[a-z2-7]{{{TAG_LENGTH}}}@", re.IGNORECASE
)
_TRACKING = re.compile(r"-openerp-(\d+)-([a-z][a-z0-9_.]+)@")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Tag:
    """A record in an address: ``name+r<model>-<id>-<signature>@domain``.

    ``model_id`` is the type's number in this database. Nothing is proven before the
    signature is.
    """

    address: str
    model_id: int
    record_id: int
    signature: str


def short_signature(digest, length):
    """Return a hex digest's beginning as letters and digits that a person can type."""
    number = int(digest[:32], 16)
    letters = []
    for _position in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def with_tag(address, model_id, record_id, signature):
    """Return an address with the tag of a record (RFC 5233's detail)."""
    local, _at, domain = address.rpartition("@")
    return f"{local}+r{_in_36(model_id)}-{_in_36(record_id)}-{signature}@{domain}"


def read_tag(address):
    """Return the :class:`Tag` in an address, or ``None``."""
    found = _TAG.match(address.lower())
    if not found:
        return None
    local, model_id, record_id, signature, domain = found.groups()
    try:
        numbers = int(model_id, 36), int(record_id, 36)
    except ValueError:
        return None
    if max(numbers) >= 2**31:
        return None
    return Tag(f"{local}@{domain}", *numbers, signature)


def tag_pattern(model_id):
    """Return a pattern for PostgreSQL of addresses with a tag of this record type."""
    return rf"\+r{_in_36(model_id)}-[0-9a-z]+-[a-z2-7]{{{TAG_LENGTH}}}@"


def without_tags(message_dict):
    """Return Odoo's values of a message, our addresses in them without their tags.

    Odoo knows its aliases only so, and would take the others for people to write to.
    """
    for key in ("to", "cc", "recipients", "to_filtered", "cc_filtered"):
        text = message_dict.get(key) or ""
        if not _TAG_IN_TEXT.search(text):
            continue
        if key.endswith("_filtered"):
            kept = [pair for pair in getaddresses([text]) if not read_tag(pair[1])]
            message_dict[key] = ",".join(map(formataddr, kept))
        else:
            message_dict[key] = _TAG_IN_TEXT.sub("@", text)
    return message_dict


def signed_references(subject):
    """Return the pairs of reference and signature in a subject."""
    return _SIGNED.findall(subject)[:MAX_NAMED]


def with_signed_reference(subject, reference, signed):
    """Return a subject that names its record, signed; one that does so is left alone.

    :param reference: the number by which people call the record
    :param signed: the same with its signature
    """
    if re.search(rf"(?<![\w/-]){re.escape(signed)}(?![\w/-])", subject):
        return subject
    plain = f"[{reference}]"
    if plain in subject:
        return subject.replace(plain, f"[{signed}]", 1)
    return f"{subject} [{signed}]".lstrip()


def plain_references(subject):
    """Return what looks like a record's number in a subject, each once."""
    return list(dict.fromkeys(_PLAIN.findall(subject)))[:MAX_NAMED]


def tracked_records(identifiers):
    """Return model and id of records that Message-IDs of Odoo's name, last first.

    Odoo writes them (``generate_tracking_message_id``) and no longer believes them, as
    anybody can write such a name. They are left where the message itself is deleted.
    """
    found = [(m, int(n)) for text in identifiers for n, m in _TRACKING.findall(text)]
    return [(m, n) for m, n in reversed(found) if n < 2**31][:MAX_NAMED]


def provider_names(identifiers):
    """Return the local parts of Message-IDs, by which a provider may have queued it."""
    return [each.strip("<>").partition("@")[0] for each in identifiers]


def _in_36(number):
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
