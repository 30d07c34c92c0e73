"""Keys to sign mail with, and what a domain publishes of them in its DNS."""

import base64
import functools

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@functools.cache
def key_pair(bits: int) -> tuple[bytes, str]:
    """Return a private key in PEM and the public one in base64, the same each time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, base64.b64encode(public).decode()


def key_record(bits: int = 1024, flags: str = "") -> str:
    """Return the text of the DNS record of that key (RFC 6376 section 3.6.1)."""
    return f"v=DKIM1; k=rsa; {flags}p={key_pair(bits)[1]}"


def as_strings(text: str) -> str:
    """Return a text as a TXT record is written: a string holds at most 255 bytes."""
    pieces = (text[start : start + 200] for start in range(0, len(text), 200))
    return " ".join(f'"{piece}"' for piece in pieces)
