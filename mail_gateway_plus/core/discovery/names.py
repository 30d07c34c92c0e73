"""Asks the DNS, by way of the optional library dnspython."""

import ipaddress
import socket
from dataclasses import dataclass
from enum import Enum

try:
    import dns.exception
    import dns.resolver
except ImportError:
    dns = None

# Seconds for one question, its repetitions included.
DNS_TIMEOUT = 3.0

is_dns_available = dns is not None


@dataclass(frozen=True)
class Service:
    """An SRV record (RFC 2782)."""

    host: str
    port: int
    priority: int = 0
    weight: int = 0


class AnswerState(Enum):
    """What came of a question; only ``FAILED`` leaves open whether there is a record.

    ``NO_RECORD``: the name exists, a record of the kind asked for does not.
    """

    FOUND = "found"
    NO_RECORD = "no_record"
    NO_NAME = "no_name"
    FAILED = "failed"

    @property
    def is_void(self):
        """Whether the DNS said that there is nothing (RFC 7208 section 4.6.4)."""
        return self in (AnswerState.NO_RECORD, AnswerState.NO_NAME)


@dataclass(frozen=True)
class Answer:
    """An answer of the DNS, with dnspython's records or what was made of them."""

    state: AnswerState
    records: tuple = ()


class SystemNames:
    """What this machine can tell without dnspython: the addresses of hosts."""

    has_records = False

    def addresses(self, host):
        """Return a host's addresses; none where it has none."""
        if address := _literal(host):
            return [address]
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return []
        return list(dict.fromkeys(answer[4][0] for answer in found))

    def mx(self, domain):
        """Return nothing, as the system resolver does not tell."""
        return []

    def srv(self, name):
        """Return nothing, as the system resolver does not tell."""
        return []

    def answer(self, name, kind, seconds=None):
        """Return a failure, as the system resolver does not tell."""
        return Answer(AnswerState.FAILED)


class DnsNames(SystemNames):
    """The records of the DNS.

    :param server: ``address`` or ``address:port`` of the name server to ask for
        everything; without it the system's is asked
    """

    has_records = True

    def __init__(self, server="", timeout=DNS_TIMEOUT):
        self._is_own_server = bool(server)
        self._resolver = dns.resolver.Resolver(configure=not server)
        self._resolver.lifetime = timeout
        if server:
            address, _colon, port = server.rpartition(":")
            if not address or not port.isdigit():
                address, port = server, "53"
            self._resolver.nameservers = [address.strip("[]")]
            self._resolver.port = int(port)

    def addresses(self, host):
        """Return a host's addresses; the hosts file counts unless a server is given."""
        if not self._is_own_server:
            return super().addresses(host)
        if address := _literal(host):
            return [address]
        return [
            record.address for kind in ("A", "AAAA") for record in self._ask(host, kind)
        ]

    def mx(self, domain):
        """Return the hosts that take a domain's mail, the preferred one first."""
        records = sorted(
            self._ask(domain, "MX"), key=lambda r: (r.preference, str(r.exchange))
        )
        hosts = (str(record.exchange).rstrip(".") for record in records)
        return [host for host in hosts if host]  # "." takes none (RFC 7505)

    def srv(self, name):
        """Return the services of a name, the preferred one first.

        A target of "." says that the service is not offered (RFC 6186 section 3.4).
        """
        records = sorted(self._ask(name, "SRV"), key=lambda r: (r.priority, -r.weight))
        services = (
            Service(str(r.target).rstrip("."), r.port, r.priority, r.weight)
            for r in records
        )
        return [service for service in services if service.host]

    def answer(self, name, kind, seconds=None):
        """Return the :class:`Answer` to a question, for those who must tell nothing
        from no answer.

        :param seconds: that it may take at most, its repetitions included
        """
        try:
            found = self._resolver.resolve(name, kind, search=False, lifetime=seconds)
        except dns.resolver.NXDOMAIN:
            return Answer(AnswerState.NO_NAME)
        except dns.resolver.NoAnswer:
            return Answer(AnswerState.NO_RECORD)
        except (dns.exception.DNSException, OSError, UnicodeError):
            return Answer(AnswerState.FAILED)
        return Answer(AnswerState.FOUND, tuple(found))

    def _ask(self, name, kind):
        # No such name, no such record, no answer: there is nothing to go by.
        return list(self.answer(name, kind).records)


def _literal(host):
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def is_public(address):
    """Say whether an address is one of the internet, not of this network or machine."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return parsed.is_global and not parsed.is_multicast
