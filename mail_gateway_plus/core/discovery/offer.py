"""A server that may be the one looked for, and who told of it."""

from dataclasses import dataclass
from enum import Enum

from ..protocols.endpoint import Security
from ..setup.settings import Protocol


class Source(str, Enum):
    """Who told of a server, the most trusted first."""

    PRESET_DOMAIN = "preset_domain"
    PRESET_MX = "preset_mx"
    AUTOCONFIG = "autoconfig"
    SRV = "srv"
    PROBE = "probe"


class Reached(str, Enum):
    """What came of connecting to a server, without logging in."""

    NOT_TRIED = "not_tried"
    OK = "ok"
    NO_ADDRESS = "no_address"
    PRIVATE = "private"
    NO_ANSWER = "no_answer"
    CERTIFICATE = "certificate"
    NO_TLS = "no_tls"
    OTHER_PROTOCOL = "other_protocol"


@dataclass(frozen=True)
class Offer:
    """One server; ``user`` is empty if not known, ``login`` holds its mechanisms."""

    protocol: Protocol
    host: str
    port: int
    security: Security
    source: Source
    user: str = ""
    reached: Reached = Reached.NOT_TRIED
    login: tuple = ()


# Encrypted from the start before encrypted on request (RFC 8314 section 3); IMAP
# before POP3, which knows no folders and no flags.
_SECURITY_RANK = {Security.SSL: 0, Security.STARTTLS: 1, Security.NONE: 2}
_PROTOCOL_RANK = {Protocol.SMTP: 0, Protocol.IMAP: 0, Protocol.POP: 1}


def rank(offer):
    """Return what to sort offers by, the best first."""
    return (
        offer.reached is not Reached.OK,
        _PROTOCOL_RANK[offer.protocol],
        list(Source).index(offer.source),
        _SECURITY_RANK[offer.security],
    )


def is_safe(offer):
    """Say whether a password may be sent to it: never in clear (RFC 8314 section 3)."""
    return offer.security is not Security.NONE
