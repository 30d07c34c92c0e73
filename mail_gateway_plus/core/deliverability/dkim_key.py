"""The public key that checks a domain's signatures (RFC 6376 section 3.6.1)."""

import base64
import binascii
from dataclasses import dataclass
from enum import Enum

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

# RFC 8301 section 3.2: signers use 2048 bits, verifiers take 1024.
GOOD_BITS = 2048
LEAST_BITS = 1024
ED25519_BYTES = 32  # RFC 8463 section 3


class KeyState(Enum):
    """What a key is good for."""

    GOOD = "good"
    SHORT = "short"
    USELESS = "useless"
    REVOKED = "revoked"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class DkimKey:
    """A key; ``bits`` is 0 where it is none of RSA's."""

    state: KeyState
    kind: str = "rsa"
    bits: int = 0
    is_testing: bool = False


def is_key(text):
    """Say whether a TXT record is meant as a key: the version may be left out."""
    tags = _tags(text)
    return "p" in tags and tags.get("v", "DKIM1") == "DKIM1"


def parse_key(text):
    """Return the :class:`DkimKey` that a TXT record is."""
    tags = _tags(text)
    kind = tags.get("k", "rsa").lower()
    flags = tags.get("t", "").lower().split(":")
    testing = "y" in [flag.strip() for flag in flags]
    data = "".join(tags.get("p", "").split())
    if not data:
        return DkimKey(KeyState.REVOKED, kind, is_testing=testing)
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return DkimKey(KeyState.UNREADABLE, kind, is_testing=testing)
    if kind == "ed25519":
        is_good = len(raw) == ED25519_BYTES
        state = KeyState.GOOD if is_good else KeyState.UNREADABLE
        return DkimKey(state, kind, is_testing=testing)
    bits = _rsa_bits(raw) if kind == "rsa" else 0
    return DkimKey(_state(bits), kind, bits, testing)


def _state(bits):
    if not bits:
        return KeyState.UNREADABLE
    if bits < LEAST_BITS:
        return KeyState.USELESS
    return KeyState.GOOD if bits >= GOOD_BITS else KeyState.SHORT


def _rsa_bits(raw):
    try:
        key = load_der_public_key(raw)
    except Exception:  # whatever the library makes of hostile bytes
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0


def _tags(text):
    pairs = (part.partition("=") for part in text.split(";")[:50])
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}
