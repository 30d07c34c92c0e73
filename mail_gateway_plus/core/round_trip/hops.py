"""The way that a message took, as the servers on it have written it down."""

import ipaddress
import re
from dataclasses import asdict, dataclass
from email import policy
from email.parser import BytesHeaderParser

from ..discovery.names import is_public
from ..parsing.envelope import header_section, read_date, read_text

MAX_HOPS = 30
MAX_VALUE = 2000
MAX_RESULTS = 10

_FROM = re.compile(r"^\s*from\s+(\S+)(.*?)(?=\bby\s)", re.IGNORECASE | re.DOTALL)
_BY = re.compile(r"\bby\s+(\S+)", re.IGNORECASE)
# The protocol says whether TLS was used: ESMTPS, ESMTPSA, LMTPS … (RFC 3848).
_WITH = re.compile(r"\bwith\s+(?:utf8)?((?:e?smtp|lmtp|http)s?a?)\b", re.IGNORECASE)
_VERSION = re.compile(r"TLS\s?v?(\d)[._](\d)|\b(TLSv1)\b", re.IGNORECASE)
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]")
_TAG = re.compile(r"(?:^|;)\s*([ds])\s*=\s*([^;\s]+)")


@dataclass(frozen=True)
class Hop:
    """One server handing the message to the next.

    ``address`` is the sender's as the receiver saw it; ``tls`` the version, ``TLS``
    where it is not told which, empty without; ``at`` is naive UTC or ``None``.
    """

    sender: str = ""
    address: str = ""
    receiver: str = ""
    protocol: str = ""
    tls: str = ""
    at: object = None

    def plain(self):
        """Return it as values that JSON knows."""
        return {**asdict(self), "at": self.at and self.at.isoformat(" ")}


@dataclass(frozen=True)
class Journey:
    """What the header of an arrived message tells of its way.

    ``hops`` in the order of the way; ``results``: what the receiver found out about
    its authenticity; ``signatures``: pairs of domain and selector.
    """

    hops: tuple = ()
    results: tuple = ()
    signatures: tuple = ()

    @property
    def delivered_at(self):
        """When the last server took it, ``None`` where it does not say."""
        return self.hops[-1].at if self.hops else None

    @property
    def client_address(self):
        """The address that we had for the first server, empty where it is not told."""
        return self.hops[0].address if self.hops else ""

    @property
    def sending_address(self):
        """The public address that our server had for the next one."""
        addresses = [hop.address for hop in self.hops[1:] if hop.address]
        return next((a for a in addresses if is_public(a)), "")


def read_journey(raw):
    """Return the :class:`Journey` of a message; what cannot be read is left out."""
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(header_section(raw))
    received = [_text(value) for value in (head.get_all("received") or [])[:MAX_HOPS]]
    results = head.get_all("authentication-results") or []
    results += head.get_all("received-spf") or []
    signatures = head.get_all("dkim-signature") or []
    return Journey(
        tuple(_hop(value) for value in reversed(received)),
        tuple(_text(value) for value in results[:MAX_RESULTS]),
        tuple(filter(None, map(_signature, signatures[:MAX_RESULTS]))),
    )


def _text(value):
    return read_text(str(value)[:MAX_VALUE])


def _hop(value):
    words, semicolon, date = value.rpartition(";")
    words = words if semicolon else value
    sender, protocol = _FROM.search(words), _WITH.search(words)
    receiver = _BY.search(words)
    name = protocol[1].upper() if protocol else ""
    return Hop(
        sender=sender[1] if sender else "",
        address=_address(sender[0]) if sender else "",
        receiver=receiver[1] if receiver else "",
        protocol=name,
        tls=_tls(words, name),
        at=read_date(date.strip()) if semicolon else None,
    )


def _address(text):
    # The last one: before it comes what the sender called itself.
    for literal in reversed(_LITERAL.findall(text)):
        try:
            return str(ipaddress.ip_address(literal))
        except ValueError:
            continue
    return ""


def _tls(words, protocol):
    version = _VERSION.search(words)
    if version:
        return f"TLS {version[1]}.{version[2]}" if version[1] else "TLS 1.0"
    is_secured = re.fullmatch(r"(E?SMTP|LMTP|HTTP)SA?", protocol)
    return "TLS" if is_secured else ""


def _signature(value):
    tags = dict(_TAG.findall(_text(value)))
    if "d" in tags and "s" in tags:
        return tags["d"].lower().rstrip("."), tags["s"]
    return None
