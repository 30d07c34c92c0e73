"""The SPF record of a domain, as it is written (RFC 7208 section 4.6)."""

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum

# A record has to fit a UDP answer (RFC 7208 section 3.4); a much longer one is hostile.
MAX_TERMS = 200

_VERSION = re.compile(r"v=spf1(?: +|$)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.IGNORECASE)
_MECHANISM = re.compile(
    r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?![a-z0-9._-])(.*)", re.IGNORECASE
)
_PREFIXES = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?$")

# Terms that cost a lookup; redirect is one as well (RFC 7208 section 4.6.4).
ASKING = frozenset(("include", "a", "mx", "ptr", "exists"))


class Result(str, Enum):
    """What a record says of an address (RFC 7208 section 2.6)."""

    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"


QUALIFIERS = {
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}


@dataclass(frozen=True)
class Mechanism:
    """One mechanism: what it matches, and what follows when it does.

    ``domain`` is empty where it is the record's own; ``network`` is that of ``ip4`` and
    ``ip6``; ``prefix4`` and ``prefix6`` widen the addresses of ``a`` and ``mx``.
    """

    name: str
    result: Result
    domain: str = ""
    network: object = None
    prefix4: int = 32
    prefix6: int = 128

    @property
    def has_macro(self):
        """Whether the domain depends on the mail (RFC 7208 section 7)."""
        return "%" in self.domain


@dataclass(frozen=True)
class SpfRecord:
    """A record's mechanisms in their order, and where it sends the reader else.

    ``bad_terms`` are those that make the whole record void (RFC 7208 section 4.6).
    """

    text: str
    mechanisms: tuple = ()
    redirect: str = ""
    bad_terms: tuple = ()

    @property
    def ending(self):
        """The result of ``all``, or ``None`` where it does not say."""
        for mechanism in self.mechanisms:
            if mechanism.name == "all":
                return mechanism.result
        return None


def is_spf(text):
    """Say whether a TXT record is one of SPF (RFC 7208 section 4.5)."""
    return bool(_VERSION.match(text))


def parse_spf(text):
    """Return the :class:`SpfRecord` that a TXT record is."""
    mechanisms, bad, modifiers = [], [], {}
    terms = text.split()[1:]
    for term in terms[:MAX_TERMS]:
        modifier = _MODIFIER.fullmatch(term)
        if modifier:
            name = modifier[1].lower()
            is_ours = name in ("redirect", "exp")
            if is_ours and (name in modifiers or not _domain(modifier[2])):
                bad.append(term)
            modifiers[name] = modifier[2]
        elif mechanism := _mechanism(term):
            mechanisms.append(mechanism)
        else:
            bad.append(term)
    bad += terms[MAX_TERMS:][:1]
    return SpfRecord(
        text=text,
        mechanisms=tuple(mechanisms),
        redirect=_domain(modifiers.get("redirect", "")),
        bad_terms=tuple(bad),
    )


def _mechanism(term):
    """Return the :class:`Mechanism` of a term, ``None`` where it is none."""
    found = _MECHANISM.fullmatch(term)
    if not found:
        return None
    sign, name, rest = found[1] or "+", found[2].lower(), found[3]
    result = QUALIFIERS[sign]
    if name in ("ip4", "ip6"):
        network = _network(name, rest)
        return network and Mechanism(name, result, network=network)
    if name == "all":
        return None if rest else Mechanism(name, result)
    if name in ("a", "mx"):
        return _with_prefixes(name, result, rest)
    domain = _domain(rest[1:]) if rest.startswith(":") else ""
    if not domain and (rest or name != "ptr"):
        return None
    return Mechanism(name, result, domain)


def _with_prefixes(name, result, rest):
    prefixes = _PREFIXES.search(rest)
    target = rest[: prefixes.start()]
    prefix4, prefix6 = int(prefixes[1] or 32), int(prefixes[2] or 128)
    domain = _domain(target[1:]) if target.startswith(":") else ""
    if (target and not domain) or prefix4 > 32 or prefix6 > 128:
        return None
    return Mechanism(name, result, domain, prefix4=prefix4, prefix6=prefix6)


def _network(name, rest):
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    try:
        return kind(rest[1:], strict=False) if rest.startswith(":") else None
    except ValueError:
        return None


def _domain(text):
    """Return a domain as it is asked for, empty where it can be none (RFC 1035)."""
    domain = text.removesuffix(".").lower()
    labels = domain.split(".")
    is_name = "%" in domain or all(0 < len(label) < 64 for label in labels)
    return domain if is_name and len(domain) < 254 else ""
