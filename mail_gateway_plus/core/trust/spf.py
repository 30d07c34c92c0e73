"""Evaluates SPF records for a message (RFC 7208), within its limits."""

import ipaddress
import re

from ..deliverability.spf_record import Result, is_spf, parse_spf
from ..deliverability.spf_walk import MOST_LOOKUPS, MOST_MX_HOSTS, MOST_VOIDS
from .asking import told
from .domains import MAX_LENGTH, clean_domain

_MACRO = re.compile(
    r"%(?:\{([slodivhp])(\d{0,3})(r?)([.\-+,/_=]*)\}|([%_-])|(.|$))", re.IGNORECASE
)
_ESCAPED = {"%": "%", "_": " ", "-": "%20"}


class BrokenRecord(Exception):
    """The record cannot be evaluated ("permerror")."""


def evaluate_spf(address, sender, lookups):
    """Return what the domain of an envelope's sender says of an address.

    :param address: an ``ipaddress`` object
    :returns: a :class:`~..deliverability.spf_record.Result`
    :raises BrokenRecord: when it cannot be told from its record
    :raises NoAnswerNow: when the DNS does not tell ("temperror")
    """
    local, _at, domain = sender.rpartition("@")
    domain = clean_domain(domain)
    if not domain:
        return Result.NONE
    return _Evaluation(address, local or "postmaster", domain, lookups).check(domain)


class _Evaluation:
    def __init__(self, address, local, sender_domain, lookups):
        self._address = address
        self._lookups = lookups
        self._asked = self._voids = 0
        # What the letters of RFC 7208 section 7.2 stand for; d differs by record.
        self._letters = {
            "s": f"{local}@{sender_domain}",
            "l": local,
            "o": sender_domain,
            "h": sender_domain,
            "i": _dotted(address),
            "v": "in-addr" if address.version == 4 else "ip6",
            "p": "unknown",
        }

    def check(self, domain):
        texts = [t for t in told(self._lookups.texts(domain)) if is_spf(t)]
        if not texts:
            return Result.NONE
        record = parse_spf(texts[0])
        if len(texts) > 1 or record.bad_terms:
            raise BrokenRecord
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain):
                return mechanism.result
        if not record.redirect:
            return Result.NEUTRAL
        self._count()
        return self._check_other(record.redirect, domain)

    def _check_other(self, target, domain):
        """Evaluate a record that another one points to: it has to exist."""
        result = self.check(self._expanded(target, domain))
        if result is Result.NONE:
            raise BrokenRecord
        return result

    def _matches(self, mechanism, domain):
        name = mechanism.name
        if name == "all":
            return True
        if name in ("ip4", "ip6"):
            return self._address in mechanism.network
        self._count()
        if name == "include":
            return self._check_other(mechanism.domain, domain) is Result.PASS
        if name == "ptr":
            return False  # "do not use" (section 5.5): anybody names an address so
        target = domain
        if mechanism.domain:
            target = self._expanded(mechanism.domain, domain)
        if name == "exists":
            return bool(self._tell(self._lookups.addresses(target)))
        hosts = [target]
        if name == "mx":
            hosts = self._tell(self._lookups.mx(target))
            if len(hosts) > MOST_MX_HOSTS:
                raise BrokenRecord
        return any(self._is_of(host, mechanism) for host in hosts if host)

    def _is_of(self, host, mechanism):
        version = self._address.version
        prefix = {4: mechanism.prefix4, 6: mechanism.prefix6}[version]
        found = map(ipaddress.ip_address, self._tell(self._lookups.addresses(host)))
        return any(
            self._address in ipaddress.ip_network((each, prefix), strict=False)
            for each in found
            if each.version == version
        )

    def _tell(self, answer):
        """Count an empty answer: a record full of them only costs time."""
        if answer.state.is_void:
            self._voids += 1
            if self._voids > MOST_VOIDS:
                raise BrokenRecord
        return told(answer)

    def _count(self):
        self._asked += 1
        if self._asked > MOST_LOOKUPS:
            raise BrokenRecord

    def _expanded(self, text, domain):
        """Return a domain with its macros expanded (RFC 7208 section 7)."""

        def expand(found):
            letter, digits, is_reversed, delimiters, escaped, wrong = found.groups()
            if wrong is not None:
                raise BrokenRecord
            if escaped:
                return _ESCAPED[escaped]
            value = {**self._letters, "d": domain}[letter.lower()]
            parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
            if is_reversed:
                parts.reverse()
            return ".".join(parts[-int(digits or 0) :])

        expanded = _MACRO.sub(expand, text)
        while len(expanded) > MAX_LENGTH and "." in expanded:
            expanded = expanded.partition(".")[2]
        return expanded.rstrip(".").lower()


def _dotted(address):
    """Return an address as macros have it: IPv6 as its hexadecimal digits."""
    if address.version == 4:
        return str(address)
    return ".".join(address.exploded.replace(":", ""))
