"""Evaluates SPF records (RFC 7208), within its limits."""

import ipaddress
import re
from dataclasses import dataclass, field

from .domains import clean_domain

# RFC 7208 section 4.6.4.
MAX_LOOKUPS = 10
MAX_VOID_LOOKUPS = 2
MAX_HOSTS = 10

_QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = re.compile(
    r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:]([^/\s]+))?"
    r"((?:/\d{1,3})?(?://\d{1,3})?)\Z",
    re.IGNORECASE,
)
_IP_TERM = re.compile(r"([+?~-]?)ip([46]):([0-9a-f.:]+)(/\d{1,3})?\Z", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)\Z", re.IGNORECASE)
_MACRO = re.compile(r"%(?:\{([slodivhp])(\d{0,3})(r?)([.\-+,/_=]*)\}|([%_-])|(.|$))", re.I)


class _Broken(Exception):
    """The record cannot be evaluated: "permerror"."""


def evaluate_spf(address, sender, lookup):
    """Return what the domain of an envelope's sender says of an address.

    :returns: ``pass``, ``fail``, ``softfail``, ``neutral``, ``none`` or ``permerror``
    :raises NoAnswerNow: when the DNS does not tell ("temperror")
    """
    local, _at, domain = sender.rpartition("@")
    domain = clean_domain(domain)
    if not domain:
        return "none"
    evaluation = _Evaluation(address, local or "postmaster", domain, lookup)
    try:
        return evaluation.check(domain)
    except _Broken:
        return "permerror"


@dataclass
class _Evaluation:
    address: object
    local: str
    sender_domain: str
    lookup: object
    lookups: int = 0
    voids: int = 0
    seen: list = field(default_factory=list)

    def check(self, domain):
        records = [
            text.decode("ascii", "replace")
            for text in self.lookup.texts(domain)
            if re.match(rb"v=spf1(\s|$)", text, re.IGNORECASE)
        ]
        if not records:
            return "none"
        if len(records) > 1:
            raise _Broken
        redirect = ""
        for term in records[0].split()[1:]:
            modifier = _MODIFIER.match(term)
            if modifier:
                if modifier[1].lower() == "redirect":
                    redirect = modifier[2]
                continue
            if result := self._result(term, domain):
                return result
        if not redirect:
            return "neutral"
        self._count()
        result = self.check(self._expand(redirect, domain))
        if result == "none":
            raise _Broken
        return result

    def _result(self, term, domain):
        """Return the term's result if it matches, else nothing."""
        if found := _IP_TERM.match(term):
            qualifier, version, network, length = found.groups()
            is_match = self._is_in(network, length or "", int(version))
        else:
            found = _TERM.match(term)
            if not found or found[2].lower() in ("ip4", "ip6"):
                raise _Broken
            qualifier, name, target, lengths = found.groups()
            is_match = self._matches(name.lower(), target, lengths, domain)
        return _QUALIFIERS[qualifier or "+"] if is_match else None

    def _matches(self, name, target, lengths, domain):
        if name == "all":
            return True
        self._count()
        if name == "ptr":
            return False  # "do not use" (RFC 7208 section 5.5); names nobody checks
        target = self._expand(target, domain) if target else domain
        if name == "include":
            result = self.check(target)
            if result in ("none", "permerror"):
                raise _Broken
            return result == "pass"
        if name == "exists":
            return bool(self._ask(self.lookup.addresses, target, 4))
        hosts = [target]
        if name == "mx":
            hosts = self._ask(self.lookup.mail_hosts, target)
            if len(hosts) > MAX_HOSTS:
                raise _Broken
        return any(self._is_host(host, lengths) for host in hosts if host)

    def _is_host(self, host, lengths):
        four, _slashes, six = lengths.partition("//")
        length = four if self.address.version == 4 else six and f"/{six}"
        found = self._ask(self.lookup.addresses, host, self.address.version)
        return any(self._is_in(each, length, self.address.version) for each in found)

    def _is_in(self, network, length, version):
        try:
            network = ipaddress.ip_network(f"{network}{length}", strict=False)
        except ValueError:
            raise _Broken from None
        if network.version != version:
            raise _Broken
        return self.address.version == version and self.address in network

    def _ask(self, question, *arguments):
        """Ask, and count an empty answer: a record full of them only costs time."""
        answer = question(*arguments)
        if not answer:
            self.voids += 1
            if self.voids > MAX_VOID_LOOKUPS:
                raise _Broken
        return answer

    def _count(self):
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _Broken

    def _expand(self, text, domain):
        """Return a domain with its macros expanded (RFC 7208 section 7)."""
        values = {
            "s": f"{self.local}@{self.sender_domain}",
            "l": self.local,
            "o": self.sender_domain,
            "d": domain,
            "i": self._dotted(),
            "v": "in-addr" if self.address.version == 4 else "ip6",
            "h": self.sender_domain,
            "p": "unknown",
        }

        def expand(found):
            letter, digits, reverse, delimiters, escaped, wrong = found.groups()
            if wrong is not None:
                raise _Broken
            if escaped:
                return {"%": "%", "_": " ", "-": "%20"}[escaped]
            parts = re.split(f"[{re.escape(delimiters or '.')}]", values[letter.lower()])
            parts = parts[::-1] if reverse else parts
            return ".".join(parts[-int(digits) :] if digits and int(digits) else parts)

        expanded = _MACRO.sub(expand, text)
        while len(expanded) > 253 and "." in expanded:
            expanded = expanded.partition(".")[2]
        return expanded.rstrip(".").lower()

    def _dotted(self):
        if self.address.version == 4:
            return str(self.address)
        return ".".join(self.address.exploded.replace(":", ""))
