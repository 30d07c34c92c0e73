"""Linters of port and encryption."""

from ..protocols.endpoint import Security
from .finding import Finding, FindingCode, Severity
from .hosts import is_private_host
from .preset import Authentication
from .settings import PORT_SECURITY, STANDARD_PORTS, Login, Protocol


def port_in_range(case):
    """A TCP port is a number from 1 to 65535."""
    settings = case.settings
    if settings.host and not 0 < settings.port < 65536:
        port = STANDARD_PORTS[settings.protocol, settings.security]
        yield Finding(
            FindingCode.PORT_INVALID,
            Severity.ERROR,
            "port",
            {"port": port},
            {"port": port},
        )


def port_of_another_protocol(case):
    """993 reads mail, 465 sends it."""
    settings = case.settings
    others = [kind for kind in Protocol if kind is not settings.protocol]
    if any(settings.port in PORT_SECURITY[kind] for kind in others):
        port = STANDARD_PORTS[settings.protocol, settings.security]
        yield Finding(
            FindingCode.PORT_OTHER_PROTOCOL,
            Severity.ERROR,
            "port",
            {"port": port},
            {"port": port},
        )


def port_and_security(case):
    """SSL/TLS speaks first on 465, 993 and 995; STARTTLS does on the others."""
    settings = case.settings
    expected = PORT_SECURITY[settings.protocol].get(settings.port)
    if expected is None or settings.security is Security.NONE:
        # Without encryption on a port of SSL/TLS nothing is ever heard.
        if expected is not Security.SSL:
            return
    if settings.security is expected:
        return
    remedy = _remedy(case, expected)
    yield Finding(
        FindingCode.PORT_SECURITY,
        Severity.ERROR,
        "security",
        {"port": settings.port, "security": settings.security},
        remedy,
    )


def _remedy(case, expected):
    """Return what fits: SSL/TLS on its own port (RFC 8314 section 3), where offered."""
    settings = case.settings
    if settings.security is not Security.SSL:
        return {"security": expected}
    port = STANDARD_PORTS[settings.protocol, Security.SSL]
    ways = case.half.ways if case.half else ()
    if ways and not any(way.port == port for way in ways):
        return {"security": expected}
    return {"port": port}


def port_that_the_provider_offers(case):
    """A provider's ports are known; another one is not answered."""
    settings = case.settings
    if not case.half or not case.half.ways:
        return
    if case.preset.region_of(settings.host.strip()) is None:
        return
    if any(way.port == settings.port for way in case.half.ways):
        return
    if settings.port in (0, *PORT_SECURITY[settings.protocol]):
        best = case.half.ways[0]
        yield Finding(
            FindingCode.PORT_NOT_OFFERED,
            Severity.WARNING,
            "port",
            {"port": settings.port, "right": best.port},
            {"port": best.port, "security": best.security},
        )


def port_25(case):
    """Port 25 is for servers among themselves; many networks close it."""
    settings = case.settings
    if settings.protocol is not Protocol.SMTP or settings.port != 25:
        return
    if is_private_host(settings.host) or not settings.host:
        return
    if settings.security is Security.NONE or not settings.user:
        return
    yield Finding(
        FindingCode.PORT_25,
        Severity.INFO,
        "port",
        remedy={"port": 587, "security": Security.STARTTLS},
    )


def no_encryption(case):
    """What travels in clear is read on the way; between own machines it may."""
    settings = case.settings
    if settings.security is not Security.NONE or not settings.host:
        return
    if is_private_host(settings.host):
        return
    ways = case.half.ways if case.half else ()
    if ways:
        remedy = {"port": ways[0].port, "security": ways[0].security}
    else:
        known = PORT_SECURITY[settings.protocol]
        security = known.get(settings.port, Security.SSL)
        standard = STANDARD_PORTS[settings.protocol, security]
        port = settings.port if settings.port in known else standard
        remedy = {"port": port, "security": security}
    yield Finding(FindingCode.NO_ENCRYPTION, Severity.ERROR, "security", remedy=remedy)


def not_verified(case):
    """A session whose certificate is not checked is not confidential (RFC 8314 5)."""
    settings = case.settings
    if settings.verify or settings.security is Security.NONE:
        return
    # Odoo insists on it for its OAuth servers, and mailboxes have a banner of theirs.
    if settings.login is Login.OAUTH or settings.protocol is not Protocol.SMTP:
        return
    yield Finding(
        FindingCode.NOT_VERIFIED, Severity.WARNING, "security", remedy={"verify": True}
    )


def anonymous_relay(case):
    """Only a relay in one's own network takes mail from anybody."""
    settings = case.settings
    if settings.protocol is not Protocol.SMTP or settings.user or not settings.host:
        return
    if settings.login is not Login.PASSWORD or is_private_host(settings.host):
        return
    if case.preset and case.preset.authentication is Authentication.NETWORK:
        return
    yield Finding(FindingCode.ANONYMOUS_RELAY, Severity.WARNING, "user")


LINTERS = (
    port_in_range,
    port_of_another_protocol,
    port_and_security,
    port_that_the_provider_offers,
    port_25,
    no_encryption,
    not_verified,
    anonymous_relay,
)
