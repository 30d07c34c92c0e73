"""Comparing domains."""

import re
from fnmatch import fnmatchcase

# RFC 1035 section 2.3.4; the underscore is no host's, but in use.
MAX_LENGTH = 253
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))+\Z")


def clean_domain(text):
    """Return a domain in lower case and ASCII; empty if it is none."""
    name = str(text or "").strip().rstrip(".").lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return name if len(name) <= MAX_LENGTH and _NAME.match(name) else ""


def domain_of(address):
    """Return the domain of an address; empty if it has none."""
    return clean_domain(str(address or "").rpartition("@")[2])


def is_at_or_below(name, parent):
    """Say whether a domain is ``parent`` or one of those that it hands out."""
    return bool(parent) and (name == parent or name.endswith(f".{parent}"))


def may_belong_together(one, other):
    """Say whether two domains may be of one organization, without asking the DNS."""
    if is_at_or_below(one, other) or is_at_or_below(other, one):
        return True
    return one.split(".")[-2:] == other.split(".")[-2:]


def is_named(name, patterns):
    """Say whether a host or an id is one of ``patterns``; ``*.`` stands for any."""
    name = name.strip().rstrip(".").lower()
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def read_names(text):
    """Return the names that a person entered, with commas or blanks between them."""
    return tuple(filter(None, re.split(r"[\s,;]+", (text or "").lower())))
