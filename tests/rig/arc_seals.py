"""Forwarding mail with an ARC seal, as a mailing list does (RFC 8617)."""

import dkim

from tests.rig.dkim_keys import key_pair


def sealed(
    raw: bytes, domain: str, results: str, before: str = "", bits: int = 1024
) -> bytes:
    """Return a message that a domain forwards, with its ARC set on top (RFC 8617).

    :param results: what it found out about the sender
    :param before: what it found of the seals before its own, ``pass`` or ``fail``
    """
    private, _public = key_pair(bits)
    found = f"arc={before}; {results}" if before else results
    note = f"Authentication-Results: {domain}; {found}\r\n".encode()
    lines = dkim.arc_sign(
        note + raw, b"mail", domain.encode(), private, domain.encode()
    )
    return b"".join(lines) + raw
