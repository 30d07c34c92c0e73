"""Comes to a verdict on a message's sender."""

from dataclasses import replace

from ..deliverability.dmarc_record import Policy
from ..deliverability.dmarc_walk import discover_dmarc, is_aligned
from ..deliverability.spf_record import Result
from .arc import check_chain, is_worth_checking
from .asking import NoAnswerNow
from .claim import read_claim
from .domains import domain_of, is_at_or_below
from .signatures import check_signatures
from .spf import BrokenRecord, evaluate_spf
from .verdict import Check, Level, Method, Verdict, Why

_METHODS = {"spf": Method.SPF, "dkim": Method.DKIM, "dmarc": Method.DMARC}


def judge_unasked(raw, settings, is_whole=True):
    """Return the :class:`~.verdict.Verdict` that needs no question to the DNS.

    :returns: ``None`` where the DNS would tell more, and is to be asked
    :param is_whole: whether the message is here as it was sent
    """
    claim = read_claim(raw, settings)
    if not claim.domain:
        return _without_sender(claim)
    said = _Said(claim)
    verdict = said.verdict()
    if verdict and (verdict.is_authentic or not _asks_seals(claim, settings, is_whole)):
        return verdict
    asks = settings.asks_dns and (
        settings.asks_policy
        or _spf_address(claim, said)
        or (is_whole and claim.signatures and "dkim" not in said.methods)
        or said.proven()
    )
    if asks or _asks_seals(claim, settings, is_whole):
        return None
    if verdict := said.weak_verdict():
        return verdict
    why = Why.NOTHING if settings.asks_dns else Why.NOT_CHECKED
    checks = said.checks or [Check(Method.FROM, why, claim.domain)]
    return Verdict(Level.UNVERIFIED, claim.sender, checks=tuple(checks))


def judge(raw, settings, lookups, is_whole=True):
    """Return the :class:`~.verdict.Verdict` on a message's sender.

    :param lookups: as :func:`~.asking.questions_of_message` returns them
    """
    verdict = judge_unasked(raw, settings, is_whole)
    if verdict:
        return verdict
    claim = read_claim(raw, settings)
    said = _Said(claim)
    checks, proven = list(said.checks), said.proven()
    if _asks_seals(claim, settings, is_whole):
        seal, results = check_chain(raw, claim.seals, settings.arc_sealers, lookups)
        sealed = _Said(replace(claim, results=results))
        checks.append(seal)
        if verdict := _heed_seals(said, sealed, checks):
            return verdict
        proven += sealed.proven()
    if "dkim" not in said.methods:
        if is_whole:
            found = check_signatures(raw, claim.signatures, claim.domain, lookups)
        else:
            found = [Check(Method.DKIM, Why.INCOMPLETE)]
        checks += found
        proven += [(c.domain, Method.DKIM) for c in found if c.why is Why.PASSED]
    if spf := _check_spf(claim, said, lookups):
        checks.append(spf)
        if spf.why is Why.PASSED:
            proven.append((spf.domain, Method.SPF))
    return _weigh(claim, checks, proven, lookups)


def _asks_seals(claim, settings, is_whole):
    """Say whether those who forwarded a message are asked for what they know."""
    return (
        settings.asks_dns
        and is_whole
        and bool(settings.arc_sealers)
        and is_worth_checking(claim.seals, settings.arc_sealers)
    )


def _heed_seals(said, sealed, checks):
    """Return the verdict where a forwarder vouches, or the mailbox's own server's.

    That a message which was forwarded does not meet its domain's policy is no news.
    """
    verdict = sealed.verdict()
    if verdict and verdict.is_authentic:
        return replace(verdict, checks=tuple(checks))
    verdict = said.verdict()
    is_unclear = checks[-1].why is Why.NOT_NOW
    return verdict and replace(verdict, checks=tuple(checks), is_temporary=is_unclear)


def _weigh(claim, checks, proven, lookups):
    """Hold what is proven against the policy of the sender's domain."""
    sender, domain = claim.sender, claim.domain
    found = discover_dmarc(lookups, domain)
    record = found.record
    is_unclear = any(check.why is Why.NOT_NOW for check in checks)
    for other, method in proven:
        is_aligned_now = _speaks_for(domain, other, method, record, lookups)
        if is_aligned_now is None:
            is_unclear = True
        if not is_aligned_now:
            continue
        is_signed = method is Method.DKIM
        if record:
            checks.append(Check(Method.DMARC, Why.POLICY_MET, found.policy_domain))
        level = Level.VERIFIED if record or is_signed else Level.PLAUSIBLE
        return Verdict(level, sender, other, tuple(checks))
    if not found.is_certain:
        is_unclear = True
        checks.append(Check(Method.DMARC, Why.NOT_NOW, domain))
    level = Level.UNVERIFIED
    if found.is_certain and not record:
        checks.append(Check(Method.DMARC, Why.NO_POLICY, domain))
    elif found.is_certain:
        action = record.policy_for(found.policy_domain == domain)
        is_lenient = action is Policy.NONE
        why = Why.POLICY_LENIENT if is_lenient else Why.POLICY_FAILED
        checks.append(Check(Method.DMARC, why, found.policy_domain, action.value))
        if not is_lenient and not is_unclear:
            level = Level.FAILED
    return Verdict(level, sender, checks=tuple(checks), is_temporary=is_unclear)


def _speaks_for(domain, other, method, record, lookups):
    """Say whether a domain that is proven speaks for the sender's.

    Whoever holds a domain holds all below it, unless its policy wants them exact.

    :returns: ``None`` where the DNS does not tell
    """
    is_strict = record and (
        record.is_dkim_strict if method is Method.DKIM else record.is_spf_strict
    )
    if not is_strict and is_at_or_below(domain, other):
        return True
    return is_aligned(lookups, domain, other, is_strict)


def _without_sender(claim):
    why = Why.SEVERAL_SENDERS if len(claim.senders) > 1 else Why.NO_SENDER
    checks = (Check(Method.FROM, why, detail=", ".join(claim.senders[:5])),)
    return Verdict(Level.UNVERIFIED, claim.sender, checks=checks)


def _spf_address(claim, said):
    """Return the address that SPF is checked for, or ``None``."""
    if "spf" in said.methods or not claim.border or not claim.return_path:
        return None
    addresses = [each for each in claim.border.addresses if each.is_global]
    return addresses[0] if len(addresses) == 1 else None


def _check_spf(claim, said, lookups):
    if "spf" in said.methods or not claim.border or not claim.return_path:
        return None
    address = _spf_address(claim, said)
    if not address:
        return Check(Method.SPF, Why.UNCLEAR_HOP)
    domain = domain_of(claim.return_path)
    try:
        result = evaluate_spf(address, claim.return_path, lookups)
    except NoAnswerNow:
        return Check(Method.SPF, Why.NOT_NOW, domain, str(address))
    except BrokenRecord:
        return Check(Method.SPF, Why.BROKEN, domain, str(address))
    if result is Result.PASS:
        return Check(Method.SPF, Why.PASSED, domain, str(address))
    return Check(Method.SPF, Why.ADDRESS, domain, f"{address}: {result.value}")


class _Said:
    """What the mailbox's own server found out, as far as it is believed."""

    def __init__(self, claim):
        self._claim = claim
        self._results = claim.results
        # What the server could not find out then, may be found out now.
        self.methods = {r.method for r in claim.results if r.value != "temperror"}
        self.checks = [
            Check(_METHODS[r.method], Why.SAID, self._domain(r), r.value)
            for r in claim.results
            if r.method in _METHODS
        ]

    def proven(self):
        """Return pairs of domain and method that the server found to be genuine."""
        return [
            (self._domain(result), _METHODS[result.method])
            for result in self._results
            if result.method in ("dkim", "spf")
            and result.value == "pass"
            and self._domain(result)
        ]

    def verdict(self):
        """Return the verdict if the server's results are enough for one."""
        claim, checks = self._claim, tuple(self.checks)
        for result in self._results:
            if result.method == "auth" and result.value == "pass":
                # RFC 4954: somebody of the domain, logged in to the mailbox's server.
                login = domain_of(result.properties.get("smtp.auth"))
                if login and is_at_or_below(claim.domain, login):
                    check = Check(Method.LOGIN, Why.SAID, login, result.value)
                    return Verdict(
                        Level.VERIFIED, claim.sender, login, (*checks, check)
                    )
        for result in self._results:
            if result.method != "dmarc" or self._is_of_other(result):
                continue
            if result.value == "pass":
                return Verdict(Level.VERIFIED, claim.sender, claim.domain, checks)
            if result.value == "fail":
                level = Level.FAILED
                if self._is_lenient(result):
                    level = Level.UNVERIFIED
                return Verdict(level, claim.sender, "", checks)
        for domain, method in self.proven():
            if method is Method.DKIM and is_at_or_below(claim.domain, domain):
                return Verdict(Level.VERIFIED, claim.sender, domain, checks)
        return self.weak_verdict() if "dmarc" in self.methods else None

    def weak_verdict(self):
        """Return the verdict where only the sending server's address speaks for it."""
        claim = self._claim
        for domain, _method in self.proven():
            if is_at_or_below(claim.domain, domain):
                return Verdict(
                    Level.PLAUSIBLE, claim.sender, domain, tuple(self.checks)
                )
        return None

    def _is_of_other(self, result):
        domain = result.properties.get("header.from")
        return bool(domain) and domain_of(domain) != self._claim.domain

    @staticmethod
    def _is_lenient(result):
        """Say whether the domain asks for nothing to be done (p=none)."""
        asked = result.properties.get("policy.dmarc") or result.policy
        return (asked or result.properties.get("action")) == "none"

    @staticmethod
    def _domain(result):
        names = {
            "dkim": ("header.d", "header.i"),
            "spf": ("smtp.mailfrom",),
            "dmarc": ("header.from",),
        }
        for name in names.get(result.method, ()):
            if domain := domain_of(result.properties.get(name)):
                return domain
        return ""
