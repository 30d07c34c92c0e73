"""The DMARC record of a domain, as it is written.

RFC 9989 (section 4.7) replaced RFC 7489: ``pct``, ``rf`` and ``ri`` are gone, ``np``,
``psd`` and ``t`` are new. What both have is read alike here; the rest as RFC 9989 says.

Sections are cited as they were read in draft-ietf-dmarc-dmarcbis-41, the last one
before the RFC; what others tell of the printed text (checkdmarc 5.16) agrees with it.
"""

import re
from dataclasses import dataclass
from enum import Enum

MAX_TAGS = 50
# Known to readers of RFC 7489 only.
OLD_TAGS = ("pct", "rf", "ri")

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")


class Policy(str, Enum):
    """What a domain's owner wants done with mail that fails."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


# What is left of a policy that is only being tried (RFC 9989, tag ``t``).
MILDER = {
    Policy.REJECT: Policy.QUARANTINE,
    Policy.QUARANTINE: Policy.NONE,
    Policy.NONE: Policy.NONE,
}


@dataclass(frozen=True)
class DmarcRecord:
    """A record; what it leaves out or spells wrongly has its default.

    ``is_policy_named``: whether it has a valid ``p``; where it has none, RFC 9989 takes
    it for ``none`` (section 4.7; one that is spelled wrongly only if there is a
    ``rua``, section 4.10.1) and RFC 7489 only if there is a ``rua``. ``psd`` is ``y``,
    ``n`` or ``u``. ``bad_tags`` are the known ones whose value is none of theirs.
    """

    text: str
    policy: Policy = Policy.NONE
    is_policy_named: bool = False
    subdomains: Policy | None = None
    missing_subdomains: Policy | None = None
    is_dkim_strict: bool = False
    is_spf_strict: bool = False
    psd: str = "u"
    is_testing: bool = False
    reports: tuple = ()
    old_tags: tuple = ()
    bad_tags: tuple = ()

    def policy_for(self, is_own_domain, exists=True):
        """Return the :class:`Policy` that is asked for (RFC 9989 section 4.7).

        :param is_own_domain: whether the mail is from the very domain of the record
        :param exists: whether the mail's domain is in the DNS at all
        """
        policy = self.policy
        if not is_own_domain:
            policy = self.subdomains or self.policy
            if not exists:
                policy = self.missing_subdomains or policy
        return MILDER[policy] if self.is_testing else policy


def is_dmarc(text):
    """Say whether a TXT record is one of DMARC: its version comes first, so spelled."""
    return bool(_VERSION.match(text))


def parse_dmarc(text):
    """Return the :class:`DmarcRecord` that a TXT record is."""
    tags = _tags(text)
    bad = []

    def one_of(name, values, default=None):
        value = tags.get(name, "").lower()
        if value in values:
            return value
        if name in tags:
            bad.append(name)
        return default

    policies = [policy.value for policy in Policy]
    policy, below, missing = (one_of(name, policies) for name in ("p", "sp", "np"))
    return DmarcRecord(
        text=text,
        policy=Policy(policy or Policy.NONE),
        is_policy_named=bool(policy),
        subdomains=below and Policy(below),
        missing_subdomains=missing and Policy(missing),
        is_dkim_strict=one_of("adkim", ("r", "s"), "r") == "s",
        is_spf_strict=one_of("aspf", ("r", "s"), "r") == "s",
        psd=one_of("psd", ("y", "n", "u"), "u"),
        is_testing=one_of("t", ("y", "n"), "n") == "y",
        reports=tuple(filter(None, re.split(r"[ \t]*,[ \t]*", tags.get("rua", "")))),
        old_tags=tuple(name for name in OLD_TAGS if name in tags),
        bad_tags=tuple(bad),
    )


def _tags(text):
    """Return the tags' values; the first one of a name counts."""
    tags = {}
    for part in text.split(";")[:MAX_TAGS]:
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags
