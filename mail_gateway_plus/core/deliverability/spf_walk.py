"""What an SPF record comes to with all that it includes (RFC 7208)."""

import ipaddress
from dataclasses import dataclass, field
from enum import Enum

from ..discovery.names import AnswerState
from .spf_record import ASKING, Result, SpfRecord, is_spf, parse_spf

# RFC 7208 section 4.6.4: terms that ask, hosts of one MX term, empty answers.
MOST_LOOKUPS = 10
MOST_MX_HOSTS = 10
MOST_VOIDS = 2
# Counted on beyond the limit, to say by how much; a hostile record ends here.
MOST_COUNTED = 40


class SpfFault(str, Enum):
    """What is wrong with a record or with one that it includes."""

    UNREACHABLE = "unreachable"
    MULTIPLE = "multiple"
    SYNTAX = "syntax"
    NO_RECORD = "no_record"
    LOOP = "loop"
    MANY_MX = "many_mx"
    PTR = "ptr"


@dataclass
class SpfSurvey:
    """A domain's record and all behind it.

    ``texts``: the SPF records of the domain itself, of which there must be one.
    ``faults``: pairs of an :class:`SpfFault` and what it is about. ``included``: the
    domains that the record points to. ``results``: what it says of each address.
    """

    domain: str
    texts: tuple = ()
    record: SpfRecord | None = None
    lookups: int = 0
    voids: int = 0
    included: set = field(default_factory=set)
    has_macros: bool = False
    faults: list = field(default_factory=list)
    results: dict = field(default_factory=dict)

    def about(self, fault):
        """Return what a fault is about, each once."""
        return list(dict.fromkeys(what for kind, what in self.faults if kind is fault))


def survey_spf(lookups, domain, addresses=()):
    """Return the :class:`SpfSurvey` of a domain.

    :param addresses: those of servers that send its mail, as ``ipaddress`` objects
    """
    survey = SpfSurvey(domain)
    _Walk(lookups, survey).visit(domain, ())
    if survey.record:
        for address in addresses:
            # A survey of its own: what it costs has been counted.
            walk = _Walk(lookups, SpfSurvey(domain), address)
            survey.results[address] = walk.visit(domain, ())
    return survey


class _Walk:
    """One way through the records: without an address nothing matches, so that every
    term is counted, as for the worst of senders."""

    def __init__(self, lookups, survey, address=None):
        self._lookups = lookups
        self._survey = survey
        self._address = address

    def visit(self, domain, trail):
        """Follow a domain's record.

        :param trail: the domains that led here
        :returns: the :class:`~.spf_record.Result` for the address
        """
        record = self._record(domain, trail)
        if record is None:
            return Result.NONE
        trail = (*trail, domain)
        for mechanism in record.mechanisms:
            if self._survey.lookups >= MOST_COUNTED:
                return Result.NONE
            if self._matches(mechanism, domain, trail):
                return mechanism.result
        if record.redirect and record.ending is None:
            self._survey.lookups += 1
            return self._follow(record.redirect, trail)
        return Result.NEUTRAL

    def _record(self, domain, trail):
        answer = self._lookups.texts(domain)
        texts = tuple(text for text in answer.records if is_spf(text))
        if not trail:
            self._survey.texts = texts
        if answer.state is AnswerState.FAILED:
            self._fault(SpfFault.UNREACHABLE, domain)
            return None
        if len(texts) != 1:
            self._survey.voids += bool(trail) and answer.state.is_void
            self._fault(SpfFault.MULTIPLE if texts else SpfFault.NO_RECORD, domain)
            return None
        record = parse_spf(texts[0])
        if not trail:
            self._survey.record = record
        for term in record.bad_terms:
            self._fault(SpfFault.SYNTAX, term)
        return record

    def _follow(self, domain, trail):
        if "%" in domain:
            self._survey.has_macros = True
            return Result.NONE
        self._survey.included.add(domain)
        if domain in trail:
            self._fault(SpfFault.LOOP, domain)
            return Result.NONE
        return self.visit(domain, trail)

    def _matches(self, mechanism, domain, trail):
        self._survey.lookups += mechanism.name in ASKING
        if mechanism.name == "all":
            return self._address is not None
        if mechanism.name in ("ip4", "ip6"):
            return self._address is not None and self._address in mechanism.network
        if mechanism.name == "include":
            return self._follow(mechanism.domain, trail) is Result.PASS
        if mechanism.name == "ptr":
            self._fault(SpfFault.PTR, domain)
            return False
        if mechanism.has_macro:
            self._survey.has_macros = True
            return False
        target = mechanism.domain or domain
        if mechanism.name == "mx":
            return self._matches_mx(mechanism, target)
        answer = self._lookups.addresses(target)
        self._survey.voids += answer.state.is_void
        if mechanism.name == "exists":
            return self._address is not None and answer.state is AnswerState.FOUND
        return self._is_among(answer.records, mechanism)

    def _matches_mx(self, mechanism, target):
        answer = self._lookups.mx(target)
        self._survey.voids += answer.state.is_void
        if len(answer.records) > MOST_MX_HOSTS:
            self._fault(SpfFault.MANY_MX, target)
        hosts = [host for host in answer.records[:MOST_MX_HOSTS] if host]
        if self._address is None:
            return False  # the hosts' addresses are not counted, so not asked for
        found = [self._lookups.addresses(host).records for host in hosts]
        return self._is_among([a for each in found for a in each], mechanism)

    def _is_among(self, addresses, mechanism):
        if self._address is None:
            return False
        prefix = {4: mechanism.prefix4, 6: mechanism.prefix6}[self._address.version]
        return any(
            self._address in ipaddress.ip_network((one, prefix), strict=False)
            for one in map(ipaddress.ip_address, addresses)
            if one.version == self._address.version
        )

    def _fault(self, kind, what):
        self._survey.faults.append((kind, what))
