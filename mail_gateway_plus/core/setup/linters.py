"""Finds mistakes in a server's settings before the server is asked.

Each linter takes a :class:`Case` and yields findings. None of them uses the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from . import lint_credentials, lint_host, lint_port
from .finding import Severity
from .hosts import is_private_host
from .preset import Preset, preset_of_host
from .settings import Settings


@dataclass(frozen=True)
class Case:
    """Settings, and what else is known about them.

    ``preset`` is the provider by the host, else the chosen one; ``region`` is the
    chosen region or ``None``; ``own_addresses`` are those of the person who enters it.
    """

    settings: Settings
    preset: Preset | None = None
    region: str | None = None
    own_addresses: frozenset = frozenset()
    personal_domains: frozenset = frozenset()

    @property
    def half(self):
        """What the provider says of this protocol, or ``None``."""
        return self.preset and self.preset.half(self.settings.protocol)


LINTERS = (*lint_host.LINTERS, *lint_port.LINTERS, *lint_credentials.LINTERS)

_ORDER = list(Severity)


def lint(
    settings: Settings,
    presets: Iterable[Preset] = (),
    chosen: Preset | None = None,
    region: str | None = None,
    own_addresses: Iterable[str] = (),
):
    """Return the findings on settings, the gravest first.

    :param presets: all that are known, to tell a provider by its host
    :param chosen: the provider that was chosen; a known host of another one wins
    """
    presets = tuple(presets)
    host = settings.host.strip()
    # Any server may be on this machine, not only a provider's program.
    if not is_private_host(host) and (not chosen or chosen.region_of(host) is None):
        chosen = preset_of_host(presets, host) or chosen
    personal = [preset.domains for preset in presets if preset.is_personal]
    case = Case(
        settings=settings,
        preset=chosen,
        region=region,
        own_addresses=frozenset(address.lower() for address in own_addresses),
        personal_domains=frozenset(domain for group in personal for domain in group),
    )
    findings = [finding for linter in LINTERS for finding in linter(case)]
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))


def remedies(findings):
    """Return the better values of all findings as one dictionary.

    The gravest finding decides where two name the same field.
    """
    merged = {}
    for finding in findings:
        for name, value in finding.remedy.items():
            merged.setdefault(name, value)
    return merged
