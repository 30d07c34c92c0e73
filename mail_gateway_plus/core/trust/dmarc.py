"""What a domain asks to be done with mail in its name: DMARC (RFC 9989)."""

import re
from dataclasses import dataclass

from .domains import is_at_or_below

# RFC 9989 section 4.10: a walk up the tree takes eight questions at most.
MAX_LABELS = 8
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True)
class Policy:
    """A domain's DMARC record, as far as it matters to who receives mail.

    ``action`` holds for the domain itself, ``action_below`` for those below it; none
    is asked for while the domain is testing (t=y). ``is_suffix`` is the record's psd=
    where it says so.
    """

    domain: str
    action: str = "none"
    action_below: str = "none"
    is_dkim_strict: bool = False
    is_spf_strict: bool = False
    is_suffix: bool | None = None

    def action_for(self, domain):
        return self.action if domain == self.domain else self.action_below


def read_policy(domain, texts):
    """Return the :class:`Policy` in a name's texts, or ``None``.

    Two records are as good as none (RFC 9989 section 4.10).
    """
    records = [text for text in texts if re.match(rb"v\s*=\s*DMARC1\s*(;|$)", text)]
    if len(records) != 1:
        return None
    tags = {}
    for spec in records[0].decode("utf-8", "replace").split(";"):
        name, _equals, value = spec.partition("=")
        tags.setdefault(name.strip().lower(), value.strip().lower())
    action = tags.get("p") if tags.get("p") in _POLICIES else "none"
    below = tags.get("sp") if tags.get("sp") in _POLICIES else action
    if tags.get("t") == "y" or tags.get("pct") == "0":
        action = below = "none"
    return Policy(
        domain=domain,
        action=action,
        action_below=below,
        is_dkim_strict=tags.get("adkim") == "s",
        is_spf_strict=tags.get("aspf") == "s",
        is_suffix={"y": True, "n": False}.get(tags.get("psd")),
    )


def walk_up(domain, lookup):
    """Return the policies at a domain and above it, the nearest first.

    :raises NoAnswerNow: when the DNS does not tell
    """
    labels = domain.split(".")
    names = [domain]
    # Names of more labels are cut to seven after the first question.
    start = 1 if len(labels) <= MAX_LABELS else len(labels) - (MAX_LABELS - 1)
    names += [".".join(labels[index:]) for index in range(start, len(labels))]
    found = []
    for name in names:
        policy = read_policy(name, lookup.texts(f"_dmarc.{name}"))
        if policy:
            found.append(policy)
            if policy.is_suffix is not None:
                break
    return found


def organization_of(domain, policies):
    """Return the organizational domain, given the policies of :func:`walk_up`."""
    for policy in policies:
        if policy.is_suffix is False:
            return policy.domain
        if policy.is_suffix and policy.domain != domain:
            labels = domain.split(".")
            return ".".join(labels[-(policy.domain.count(".") + 2) :])
    return policies[-1].domain if policies else domain


def policy_for(domain, policies):
    """Return the policy that holds for a sender's domain, or ``None``."""
    if not policies:
        return None
    organization = organization_of(domain, policies)
    for policy in policies:
        if policy.domain in (domain, organization):
            return policy
    return policies[-1]


def is_aligned(domain, other, is_strict, organization, lookup):
    """Say whether ``other``, which is proven, speaks for a sender's domain.

    Whoever holds a domain holds all below it, so that needs no question. Otherwise both
    must be of one organization, which the DNS tells.

    :param organization: the sender's domain's
    """
    if domain == other:
        return True
    if is_strict:
        return False
    if is_at_or_below(domain, other):
        return True
    if not is_at_or_below(other, organization):
        return False
    return organization_of(other, walk_up(other, lookup)) == organization
