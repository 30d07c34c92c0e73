"""Linters of the server's name."""

from .finding import Finding, FindingCode, Severity
from .hosts import split_host
from .preset import host_for, host_pattern
from .settings import Protocol

# How a host's first label says what it serves.
_LABELS = {
    Protocol.SMTP: ("smtp", "smtps", "submission", "relay"),
    Protocol.IMAP: ("imap", "imaps", "imap4"),
    Protocol.POP: ("pop", "pop3", "pops"),
}


def host_with_spaces(case):
    """A copied host often brings a blank along."""
    host = case.settings.host
    if host != host.strip() and "://" not in host:
        yield Finding(
            FindingCode.HOST_SPACES,
            Severity.ERROR,
            "host",
            remedy={"host": host.strip()},
        )


def host_that_is_more(case):
    """A URL, a path or a port is no part of a host name."""
    host = case.settings.host.strip()
    bare, port = split_host(host)
    if not host or bare == host.strip("[]"):
        return
    remedy = {"host": bare, **({"port": port} if port else {})}
    yield Finding(
        FindingCode.HOST_IS_URL, Severity.ERROR, "host", {"host": bare}, remedy
    )


def host_of_another_protocol(case):
    """An IMAP host does not take mail, and an SMTP host holds none."""
    settings = case.settings
    host = settings.host.strip().lower()
    is_served = case.half and case.preset.region_of(host) is not None
    if is_served and _matches(case.half, host):
        return
    serves = _protocol_of(host, case.preset)
    if serves is None or _family(serves) == _family(settings.protocol):
        return
    right = ""
    if case.half and case.preset.region_of(host) is not None:
        right = host_for(case.half.host, case.preset.region_of(host))
    yield Finding(
        FindingCode.HOST_OTHER_PROTOCOL,
        Severity.ERROR,
        "host",
        {"host": right or host},
        {"host": right} if right else {},
    )


def region_of_host(case):
    """A provider's regions know nothing of each other's accounts."""
    if not case.half or not case.preset.regions:
        return
    host = case.settings.host.strip().lower()
    found = case.preset.region_of(host)
    if found is None:
        return
    if found not in case.preset.regions:
        yield Finding(
            FindingCode.REGION_UNKNOWN,
            Severity.WARNING,
            "host",
            {"region": found.strip(".") or host},
        )
    wanted = _region_wanted(case)
    if wanted is not None and wanted != found:
        right = host_for(case.half.host, wanted)
        yield Finding(
            FindingCode.REGION_OTHER,
            Severity.WARNING,
            "host",
            {"host": right},
            {"host": right},
        )


def _region_wanted(case):
    """Return the chosen region, else that of the address, as in jane@zoho.eu."""
    if case.region is not None:
        return case.region
    domain = case.settings.user.strip().lower().rpartition("@")[2]
    if domain not in case.preset.domains:
        return None
    ending = domain.partition(".")[2]
    return ending if ending in case.preset.regions else None


def _matches(half, host):
    return bool(host_pattern(half.host).fullmatch(host))


def _protocol_of(host, preset):
    """Return the protocol that a host serves by its preset or name, or ``None``."""
    for half in preset.halves if preset else ():
        if _matches(half, host):
            return half.protocol
    label = host.partition(".")[0]
    found = (protocol for protocol, labels in _LABELS.items() if label in labels)
    return next(found, None)


def _family(protocol):
    """Say whether a protocol sends; IMAP and POP3 often share a host."""
    return protocol is Protocol.SMTP


LINTERS = (
    host_with_spaces,
    host_that_is_more,
    host_of_another_protocol,
    region_of_host,
)
