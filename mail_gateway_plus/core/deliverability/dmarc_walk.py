"""Which DMARC record holds for a domain, and where its organization begins.

By the tree walk of RFC 9989 section 4.10, which asks the DNS and needs no list of
public suffixes as RFC 7489 did. Where neither a registry nor a department publishes a
record of its own, both come to the same.
"""

from dataclasses import dataclass

from ..discovery.names import AnswerState
from .dmarc_record import DmarcRecord, is_dmarc, parse_dmarc

# RFC 9989 section 4.10: the domain itself, then its last seven labels and fewer.
MAX_QUERIES = 8


@dataclass(frozen=True)
class Discovery:
    """What the walk came to.

    ``record`` is ``None`` where none holds; it was found at ``policy_domain``.
    ``doubled``: domains on the way with several records, of which none counts.
    ``is_certain``: whether every question was answered.
    """

    domain: str
    record: DmarcRecord | None = None
    policy_domain: str = ""
    organization: str = ""
    doubled: tuple = ()
    is_certain: bool = True

    @property
    def is_inherited(self):
        """Whether the record that holds is that of a domain above."""
        return bool(self.record) and self.policy_domain != self.domain


def walked_names(domain):
    """Return the domains that the walk asks about, from the domain upwards."""
    labels = domain.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels))]
    if len(names) > MAX_QUERIES:
        names = names[:1] + names[1 - MAX_QUERIES :]
    return names


def discover_dmarc(lookups, domain):
    """Walk up from a domain; return the :class:`Discovery`."""
    found, doubled, is_certain = {}, [], True
    for name in walked_names(domain):
        answer = lookups.texts(f"_dmarc.{name}")
        is_certain = is_certain and answer.state is not AnswerState.FAILED
        texts = [text for text in answer.records if is_dmarc(text)]
        if len(texts) > 1:
            doubled.append(name)
        elif texts:
            found[name] = parse_dmarc(texts[0])
            if found[name].psd in ("y", "n"):
                break
    organization = _organization(domain, found)
    policy_domain = _policy_domain(domain, organization, found)
    return Discovery(
        domain,
        found.get(policy_domain),
        policy_domain,
        organization,
        tuple(doubled),
        is_certain,
    )


def _organization(domain, found):
    """Return the organizational domain (RFC 9989 section 4.10.2).

    :param found: the records by their domain, in the order of the walk
    """
    for name, record in found.items():
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            below = domain.removesuffix(f".{name}")
            return f"{below.rpartition('.')[2]}.{name}"
    return list(found)[-1] if found else domain


def _policy_domain(domain, organization, found):
    """Return whose record holds (RFC 9989 section 4.10.1): the domain's own, its
    organization's, or the public suffix's above that."""
    for name in (domain, organization):
        if name in found:
            return name
    return list(found)[-1] if found else ""


def is_aligned(lookups, domain, other, is_strict):
    """Say whether two domains count as one (RFC 9989 section 4.4, relaxed or strict).

    :returns: ``None`` where the DNS did not tell
    """
    if domain == other:
        return True
    if is_strict or not other:
        return False
    both = [discover_dmarc(lookups, each) for each in (domain, other)]
    if not all(each.is_certain for each in both):
        return None
    return both[0].organization == both[1].organization
