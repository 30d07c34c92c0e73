"""From an address to its servers: provider, announcements, then trying."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from functools import partial

from ..setup.hosts import is_address
from ..setup.preset import host_for, preset_of_domain, preset_of_mx, user_for
from ..setup.settings import Protocol
from .autoconfig import MAX_BYTES, Unreadable, parse, urls_for
from .https import Refused
from .offer import Offer, Reached, Source, is_safe, rank
from .probe import guesses
from .srv import SERVICES, offers_from_srv

# Network threads at once, and the seconds after which a round is over whoever is late.
THREADS = 16
ROUND_SECONDS = 10.0

# A hostile domain may name any number of servers; so many are tried.
MAX_PROBES = 24


class Note(str, Enum):
    """What a person has to know about what was found."""

    DNS_UNAVAILABLE = "dns_unavailable"
    CLEAR_ONLY = "clear_only"
    FOREIGN_HOST = "foreign_host"
    PRIVATE_ADDRESS = "private_address"
    CERTIFICATE = "certificate"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Network:
    """What discovery talks to the world with.

    See :class:`~.names.SystemNames`, :class:`~.https.HttpsFetcher` and
    :class:`~.probe.Prober`; a test has its own.
    """

    names: object
    fetcher: object
    prober: object


@dataclass(frozen=True)
class Discovery:
    """What was found for an address; ``offers`` are ranked, the best first."""

    address: str
    offers: tuple = ()
    preset: str = ""
    notes: tuple = ()

    def best(self, *protocols):
        """Return the best offer for one of the protocols, or ``None``."""
        found = (offer for offer in self.offers if offer.protocol in protocols)
        return next(found, None)


class InvalidAddress(ValueError):
    """What was entered is no mail address."""


def discover(address, presets: Iterable, network: Network):
    """Return the :class:`Discovery` for an address.

    No password is needed and none is ever sent. An offer that would take one in clear
    is left out, and so is one whose certificate does not fit.

    :raises InvalidAddress: unless it is spelled as an address
    """
    address = _ascii_address(address)
    domain = address.rpartition("@")[2]
    presets = tuple(presets)
    preset, exchangers, found = preset_of_domain(presets, domain), [], []
    source = Source.PRESET_DOMAIN
    if preset is None:
        exchangers, found = _announced(address, domain, network)
        preset = preset_of_mx(presets, exchangers)
        source = Source.PRESET_MX
    if preset is not None:
        # A provider's own facts count more than what was announced about it.
        found = _of_preset(preset, address, exchangers, source) + found
    elif not any(offer.source is Source.AUTOCONFIG for offer in found):
        found += _from_exchangers(address, exchangers, network)
    safe = [offer for offer in _unique(found) if is_safe(offer)][:MAX_PROBES]
    tried = _in_threads([partial(network.prober.probe, offer) for offer in safe], safe)
    if preset is None:
        tried += _guessed(tried, domain, network)
    return Discovery(
        address=address,
        offers=tuple(sorted(filter(_is_usable, tried), key=rank)),
        preset=preset.code if preset else "",
        notes=tuple(_notes(found, tried, domain, preset, network)),
    )


def _ascii_address(address):
    address = address.strip()
    local, _at, domain = address.rpartition("@")
    if not is_address(address) or not address.isprintable():
        raise InvalidAddress(address)
    try:
        domain = domain.rstrip(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise InvalidAddress(address) from error
    if not all(part.replace("-", "").isalnum() for part in domain.split(".")):
        raise InvalidAddress(address)
    return f"{local}@{domain}"


def _announced(address, domain, network):
    """Return a domain's exchangers and what it announces of its servers."""
    jobs = [partial(network.names.mx, domain)]
    jobs += [
        partial(offers_from_srv, network.names, service, domain) for service in SERVICES
    ]
    jobs.append(partial(_from_autoconfig, urls_for(address), address, network.fetcher))
    exchangers, *offers = _in_threads(jobs, [[]] * len(jobs))
    return exchangers, [offer for group in offers for offer in group]


def _from_autoconfig(urls, address, fetcher):
    """Return the offers of the first file that can be had and read."""
    for url in urls:
        try:
            offers = parse(fetcher.fetch(url, MAX_BYTES), address)
        except (Refused, Unreadable):
            continue
        if offers:
            return offers
    return []


def _from_exchangers(address, exchangers, network):
    """Return what the host of a domain's mail announces for its customers."""
    if not exchangers:
        return []
    local = address.rpartition("@")[0]
    parent = exchangers[0].lower().partition(".")[2]
    grandparent = parent.partition(".")[2]
    domains = [name for name in (parent, grandparent) if name.count(".") >= 1]
    jobs = [
        partial(_from_autoconfig, urls_for(f"{local}@{name}"), address, network.fetcher)
        for name in domains
    ]
    found = _in_threads(jobs, [[]] * len(jobs))
    return next(filter(None, found), [])


def _of_preset(preset, address, exchangers, source):
    """Return the offers of a provider, its recommended ways first."""
    domain = address.rpartition("@")[2]
    region = _region(preset, [domain, *exchangers])
    return [
        Offer(
            half.protocol,
            host,
            way.port,
            way.security,
            source,
            user_for(half.user_form, address, preset.user_literal),
        )
        for half in preset.halves
        if (host := host_for(half.host, region, domain))
        for way in half.ways
    ]


def _region(preset, names):
    """Return the region that a domain or its exchangers end with, else the first."""
    by_length = sorted(preset.regions, key=len, reverse=True)
    for name in names:
        for region in by_length:
            if region and name.lower().rstrip(".").endswith(f".{region.strip('.')}"):
                return region
    return preset.regions[0] if preset.regions else ""


def _guessed(tried, domain, network):
    """Return what is found at the usual names, for what was not found otherwise."""
    reached = {offer.protocol for offer in tried if offer.reached is Reached.OK}
    missing = {Protocol.SMTP, Protocol.IMAP} - reached
    if Protocol.POP in reached:
        missing.discard(Protocol.IMAP)
    elif Protocol.IMAP in missing:
        missing.add(Protocol.POP)
    offers = [offer for kind in missing for offer in guesses(kind, domain)]
    return _in_threads([partial(network.prober.probe, offer) for offer in offers], [])


def _is_usable(offer):
    """Say whether an offer is worth showing.

    One that a provider or the domain itself names may be closed to this machine only.
    """
    if offer.reached in (Reached.CERTIFICATE, Reached.NO_TLS, Reached.OTHER_PROTOCOL):
        return False
    return offer.source is not Source.PROBE or offer.reached is Reached.OK


def _notes(found, tried, domain, preset, network):
    if preset is None and not network.names.has_records:
        yield Note.DNS_UNAVAILABLE
    usable = [offer for offer in tried if _is_usable(offer)]
    if not usable:
        yield Note.NOTHING
    if any(not is_safe(offer) for offer in found) and not usable:
        yield Note.CLEAR_ONLY
    reached = {offer.reached for offer in tried}
    if Reached.PRIVATE in reached:
        yield Note.PRIVATE_ADDRESS
    if Reached.CERTIFICATE in reached:
        yield Note.CERTIFICATE
    # RFC 6186 section 6: without DNSSEC somebody on the way may have named the host.
    announced = [o for o in usable if o.source in (Source.SRV, Source.AUTOCONFIG)]
    if any(not f".{offer.host}".endswith(f".{domain}") for offer in announced):
        yield Note.FOREIGN_HOST


def _unique(offers):
    """Return offers without those that a better source has named already."""
    seen = {}
    for offer in sorted(offers, key=lambda one: list(Source).index(one.source)):
        key = (offer.protocol, offer.host, offer.port, offer.security)
        seen.setdefault(key, offer)
    return list(seen.values())


def _in_threads(jobs, otherwise):
    """Return the jobs' results, in order.

    A job that fails or is late has the value in its place of ``otherwise``, or none
    where that is empty.
    """
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="mail-gateway-discovery")
    futures = [pool.submit(job) for job in jobs]
    done, _late = wait(futures, timeout=ROUND_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    results = []
    for number, future in enumerate(futures):
        if future in done and future.exception() is None:
            results.append(future.result())
        elif otherwise:
            results.append(otherwise[number])
    return results
