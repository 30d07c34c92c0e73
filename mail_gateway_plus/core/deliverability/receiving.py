"""Whether a domain takes mail: answers and delivery reports come back to it."""

from ..discovery.names import AnswerState
from .findings import Cause, Check, Finding, Grade
from .spf_walk import SpfFault, survey_spf

# So many hosts of a domain are asked for their addresses.
MAX_HOSTS = 5


def check_mx(lookups, domain):
    """Return a :class:`~.findings.Finding` about a domain's MX records."""
    grade, cause, hosts = _receiving(lookups, domain)
    seen = tuple(hosts)
    return Finding(Check.MX, grade, cause, domain, ", ".join(filter(None, hosts)), seen)


def check_bounce(lookups, sender):
    """Return the findings about the domain that delivery reports go to.

    Nothing where it is the mail's own domain, which is looked at anyway.
    """
    domain = sender.bounce_domain
    if not domain or domain == sender.domain:
        return []
    grade, cause, hosts = _receiving(lookups, domain)
    if cause not in (Cause.MX_OK, Cause.NO_ANSWER):
        failed = Finding(Check.BOUNCE, Grade.FAILED, Cause.BOUNCE_NO_MX, domain)
        return [failed]
    survey = survey_spf(lookups, domain)
    if survey.about(SpfFault.UNREACHABLE) or cause is Cause.NO_ANSWER:
        return [Finding(Check.BOUNCE, Grade.SKIPPED, Cause.NO_ANSWER, domain)]
    if survey.record is None:
        return [Finding(Check.BOUNCE, Grade.FAILED, Cause.BOUNCE_NO_SPF, domain)]
    told = ", ".join(hosts)
    seen = survey.texts
    return [Finding(Check.BOUNCE, Grade.OK, Cause.BOUNCE_OK, domain, told, seen)]


def _receiving(lookups, domain):
    """Return grade, cause and hosts of a domain's MX records."""
    answer = lookups.mx(domain)
    hosts = answer.records
    if answer.state is AnswerState.FAILED:
        return Grade.SKIPPED, Cause.NO_ANSWER, ()
    if not hosts:
        return Grade.FAILED, Cause.MX_NONE, ()
    if not any(hosts):  # RFC 7505: a lone "."
        return Grade.FAILED, Cause.MX_NULL, ()
    found = [lookups.addresses(host).state for host in hosts[:MAX_HOSTS] if host]
    if AnswerState.FOUND in found:
        return Grade.OK, Cause.MX_OK, hosts
    if AnswerState.FAILED in found:
        return Grade.SKIPPED, Cause.NO_ANSWER, hosts
    return Grade.FAILED, Cause.MX_NO_ADDRESS, hosts
