"""What a mail provider needs, as plain values: hosts, ways to connect, user names."""

import re
from dataclasses import dataclass
from enum import Enum

from ..protocols.endpoint import Security
from .settings import Protocol


class UserForm(str, Enum):
    """What a provider expects as the user name."""

    ANY = "any"
    ADDRESS = "address"
    LOCAL_PART = "local_part"
    LITERAL = "literal"


class Authentication(str, Enum):
    """What a provider expects as the proof of who logs in."""

    PASSWORD = "password"
    APP_PASSWORD = "app_password"
    OAUTH = "oauth"
    OAUTH_ONLY = "oauth_only"
    NETWORK = "network"


@dataclass(frozen=True)
class Way:
    """A port and how the connection to it is protected."""

    port: int
    security: Security


@dataclass(frozen=True)
class Half:
    """What a provider offers for one protocol; the first way is the recommended one.

    ``host`` may hold ``{region}``, for the part that differs between a provider's
    regions, and ``{domain}``, for the customer's domain written with hyphens.
    """

    protocol: Protocol
    host: str
    ways: tuple = ()
    user_form: UserForm = UserForm.ANY


@dataclass(frozen=True)
class Preset:
    """A provider. ``is_personal`` says that its ``domains`` are those of anybody."""

    code: str
    halves: tuple = ()
    domains: tuple = ()
    mx_patterns: tuple = ()
    regions: tuple = ()
    user_literal: str = ""
    authentication: Authentication = Authentication.PASSWORD
    app_password_length: int = 0
    is_personal: bool = False

    def half(self, protocol):
        """Return the :class:`Half` for a protocol, or ``None``."""
        found = (half for half in self.halves if half.protocol is protocol)
        return next(found, None)

    def region_of(self, host):
        """Return the region in a host of this provider; ``None``: not its host."""
        for half in self.halves:
            found = host_pattern(half.host).fullmatch(host.lower())
            if found:
                return found.groupdict().get("region") or ""
        return None


def host_pattern(template):
    """Return the compiled pattern of the hosts that a template stands for."""
    if not template:
        return re.compile(r"(?!)")
    pattern = re.escape(template.lower())
    pattern = pattern.replace(r"\{region\}", r"(?P<region>[a-z0-9.-]*?)")
    return re.compile(pattern.replace(r"\{domain\}", r"[a-z0-9-]+"))


def host_for(template, region="", domain=""):
    """Return the host for a region and a domain; empty where one of them is missing.

    A region may be empty text, as with providers whose first region has no name.
    """
    if "{domain}" in template and not domain:
        return ""
    if "{region}" in template and region is None:
        return ""
    # Exchange Online names a customer's host after the domain, its dots as hyphens.
    host = template.replace("{domain}", domain.replace(".", "-"))
    return host.replace("{region}", region or "")


def user_for(form, address, literal=""):
    """Return the user name that a provider expects of an address, as far as known."""
    if form is UserForm.LITERAL:
        return literal
    if form is UserForm.LOCAL_PART:
        return address.rpartition("@")[0] or address
    return address if form is UserForm.ADDRESS else ""


def preset_of_host(presets, host):
    """Return the first preset that has such a host, or ``None``."""
    found = (preset for preset in presets if preset.region_of(host) is not None)
    return next(found, None)


def preset_of_domain(presets, domain):
    """Return the preset of a provider whose addresses end so, or ``None``."""
    domain = domain.lower()
    return next((preset for preset in presets if domain in preset.domains), None)


def preset_of_mx(presets, exchangers):
    """Return the preset of the provider that receives a domain's mail, or ``None``.

    :param exchangers: the hosts of its MX records, the preferred one first
    """
    for exchanger in exchangers:
        host = exchanger.lower().rstrip(".")
        for preset in presets:
            if any(_ends_with(host, pattern) for pattern in preset.mx_patterns):
                return preset
    return None


def _ends_with(host, domain):
    """Say whether a host is a domain or below it; not merely spelled alike."""
    domain = domain.lower().lstrip(".")
    return host == domain or host.endswith(f".{domain}")


def parse_ways(text):
    """Return the ways written as ``465/ssl 587/starttls``.

    :raises ValueError: for anything else
    """
    ways = []
    for word in (text or "").replace(",", " ").split():
        port, slash, security = word.partition("/")
        if not slash or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(word)
        ways.append(Way(int(port), Security(security)))
    return tuple(ways)
