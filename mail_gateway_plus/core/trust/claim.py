"""What a message says of its sender and of its way, before anybody is believed."""

import ipaddress
import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses

from ..parsing.envelope import MAX_ENCODED_LENGTH, header_section, read_text
from .domains import clean_domain, domain_of, is_named
from .results import read_results

MAX_FIELDS = 1000

_COMMENT_FREE_BY = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9][a-z0-9._:-]{0,99}\Z")
_SEALER = re.compile(r"(?:^|;)\s*d\s*=\s*([^;\s]+)")
# Written by the receiving server in brackets (RFC 5321 section 4.4), by Microsoft's
# in parentheses only.
_ADDRESS = re.compile(r"[\[(](?:IPv6:)?([0-9a-f.:]{3,45})[\])]", re.IGNORECASE)


@dataclass(frozen=True)
class Hop:
    """A Received line: the host that wrote it, and the addresses that it heard from."""

    by: str = ""
    addresses: tuple = ()


@dataclass(frozen=True)
class Claim:
    """The sender that a message names, and what its own servers wrote above it.

    ``senders`` are all addresses in From; ``results`` the believed
    :class:`~.results.Result`; ``signatures`` the DKIM-Signature fields, unfolded, in
    their order, ``seals`` the ARC-Seal fields. ``return_path`` is ``None`` where our
    side wrote none; ``border`` is the hop at which the message came in, ``None`` if
    that is not known.
    """

    senders: tuple = ()
    results: tuple = ()
    signatures: tuple = ()
    seals: tuple = ()
    return_path: str | None = None
    border: Hop | None = None

    @property
    def sender(self):
        """The one sender; empty where there is none or more than one."""
        return self.senders[0] if len(self.senders) == 1 else ""

    @property
    def domain(self):
        return domain_of(self.sender)


def read_claim(raw, settings):
    """Return the :class:`Claim` of a message for one mailbox's settings."""
    parsed = BytesHeaderParser(policy=compat32).parsebytes(header_section(raw))
    fields = [
        (name.lower(), value[:MAX_ENCODED_LENGTH])
        for name, value in list(parsed.raw_items())[:MAX_FIELDS]
    ]
    received = [index for index, (name, _) in enumerate(fields) if name == "received"]
    border, top = _border(fields, received, settings)
    return Claim(
        senders=_senders(fields),
        results=_believed(top, settings),
        signatures=tuple(
            _unfold(value) for name, value in fields if name == "dkim-signature"
        ),
        seals=tuple(_unfold(value) for name, value in fields if name == "arc-seal"),
        return_path=_return_path(fields, received, settings),
        border=border,
    )


def _senders(fields):
    """Return every address of every From field: a second one is there to deceive."""
    values = [read_text(value) for name, value in fields if name == "from"]
    try:
        pairs = getaddresses(values)
    except Exception:  # seen: IndexError, RecursionError
        return ()
    return tuple(address.strip().lower() for _name, address in pairs if "@" in address)


def _border(fields, received, settings):
    """Return the hop where the message came in, and the fields that are our side's.

    Those are above the sender's first line: RFC 5321 section 4.4 has each server put
    its own on top. The border's results may stand right below its line.
    """
    hops = settings.own_hops
    if hops <= 0:
        return None, fields
    ours = [_hop(fields[index][1]) for index in received[:hops]]
    if not _are_ours(ours, settings):
        # It did not come the way that it should: nothing on it is believed.
        return None, []
    end = received[hops] if len(received) > hops else len(fields)
    return ours[-1], fields[:end]


def _are_ours(hops, settings):
    """Say whether a message came the way that it should."""
    hosts = settings.own_hosts
    return len(hops) == settings.own_hops and (
        not hosts or all(is_named(hop.by, hosts) for hop in hops)
    )


def own_received_lines(lines, settings):
    """Return those of a message's Received lines that our own servers wrote.

    The topmost is the mailbox's own server's in any case.

    :param lines: the values of these headers, in their order
    """
    ours = lines[: settings.own_hops]
    return ours if ours and _are_ours([*map(_hop, ours)], settings) else lines[:1]


def _believed(fields, settings):
    """Return what the topmost block of pinned Authentication-Results says.

    RFC 8601 section 5 has a border server take out those that bear its own name. One
    that does not leaves the sender's below its own: so a result that repeats a method
    of the block's ends it, as does any field of another kind but a trace field.
    """
    found, methods, last_host = [], set(), ""
    for name, value in fields:
        if name == "received":
            if found:
                break
            last_host = _hop(value).by
        if name != "authentication-results":
            if found and name not in _BETWEEN:
                break
            continue
        authserv_id, results = read_results(_unfold(value))
        # Microsoft's has no id: then it is the host's whose line is above it.
        if not is_named(authserv_id or last_host, settings.authserv_ids):
            if found:
                break
            continue
        if methods & {result.method for result in results}:
            break
        methods |= {result.method for result in results}
        found += results
    return tuple(found)


# What filters of the same server write between two results.
_BETWEEN = {"received-spf", "dkim-filter", "x-spf", "arc-authentication-results"}


def _return_path(fields, received, settings):
    """Return the envelope's sender, if a server of our side wrote it down."""
    ours = received[: max(settings.own_hops, 1)]
    end = ours[-1] if ours else 0
    for name, value in fields[:end]:
        if name == "return-path":
            return _unfold(value).strip().strip("<>").lower()
    return None


def _hop(value):
    text = _unfold(value)
    by = _COMMENT_FREE_BY.search(re.sub(r"\([^()]*\)", " ", text))
    heard, _by, _rest = text.partition(" by ")
    addresses = []
    if heard.lower().startswith("from"):
        addresses = [_ip(found) for found in _ADDRESS.findall(heard)]
    return Hop(
        by=by[1].rstrip(".").lower() if by else "",
        addresses=tuple(dict.fromkeys(filter(None, addresses))),
    )


def _ip(text):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _unfold(value):
    return re.sub(r"\s+", " ", str(value)).strip()


def seen_results(raw):
    """Return who wrote results on a message, and below how many Received lines each.

    Where there is no id, it is the host's whose line is above it.

    :returns: two lists of pairs, the other one of the domains that sealed it (ARC)
    """
    parsed = BytesHeaderParser(policy=compat32).parsebytes(header_section(raw))
    found, sealed, hops, last_host = [], [], 0, ""
    for name, value in list(parsed.raw_items())[:MAX_FIELDS]:
        if name.lower() == "received":
            hops, last_host = hops + 1, _hop(value[:MAX_ENCODED_LENGTH]).by
        elif name.lower() == "authentication-results":
            authserv_id, _results = read_results(_unfold(value[:MAX_ENCODED_LENGTH]))
            found.append((authserv_id or last_host, hops))
        elif name.lower() == "arc-seal":
            domain = _SEALER.search(value[:MAX_ENCODED_LENGTH])
            sealed.append((clean_domain(domain and domain[1]), hops))
    # Whoever calls itself "*" wants to be believed as anybody.
    return [p for p in found if _NAME.match(p[0])], [p for p in sealed if p[0]]
