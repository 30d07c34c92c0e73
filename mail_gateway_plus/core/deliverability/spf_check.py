"""A domain's SPF record: what is wrong with it, and what it should be."""

from dataclasses import replace

from ..discovery.names import is_public
from .findings import Cause, Check, Finding, Grade, Publish
from .spf_record import Result
from .spf_walk import MOST_LOOKUPS, MOST_VOIDS, SpfFault, survey_spf


def check_spf(lookups, sender):
    """Return the findings about a sender's SPF, the worst first; one if all is well."""
    # One behind a router is nobody's business but the router's.
    public = tuple(a for a in sender.addresses if is_public(str(a)))
    sender = replace(sender, addresses=public)
    survey = survey_spf(lookups, sender.domain, public)
    if sender.domain in survey.about(SpfFault.UNREACHABLE):
        return [Finding(Check.SPF, Grade.SKIPPED, Cause.NO_ANSWER, sender.domain)]
    report = _Report(sender, survey)
    if not survey.texts:
        report.add(Grade.FAILED, Cause.SPF_NONE)
    elif survey.record is None:
        report.add(Grade.FAILED, Cause.SPF_MULTIPLE, str(len(survey.texts)))
    else:
        _note_faults(report, survey)
        _note_ending(report, survey)
        _note_missing(report, survey, sender)
    if not report.findings:
        report.add(Grade.OK, Cause.SPF_OK, str(survey.lookups), publish=False)
    return sorted(report.findings, key=lambda f: f.grade.rank, reverse=True)


class _Report:
    """Findings about one domain; each that needs it shows the mended record."""

    def __init__(self, sender, survey):
        self.findings = []
        self._sender, self._survey = sender, survey
        self._mended = Publish(sender.domain, "TXT", mended_record(sender, survey))

    def add(self, grade, cause, detail="", publish=True):
        finding = Finding(
            Check.SPF,
            grade,
            cause,
            self._sender.domain,
            detail,
            self._survey.texts,
            self._mended if publish and self._mended.value else None,
        )
        self.findings.append(finding)


def _note_faults(report, survey):
    """Note what makes the record void, or may: receivers then know no sender."""
    about = survey.about
    if bad := about(SpfFault.SYNTAX):
        report.add(Grade.FAILED, Cause.SPF_SYNTAX, ", ".join(bad[:5]), publish=False)
    if survey.lookups > MOST_LOOKUPS:
        count = str(survey.lookups)
        report.add(Grade.FAILED, Cause.SPF_MANY_LOOKUPS, count, publish=False)
    if loops := about(SpfFault.LOOP):
        report.add(Grade.FAILED, Cause.SPF_LOOP, ", ".join(loops), publish=False)
    if many := about(SpfFault.MANY_MX):
        report.add(Grade.FAILED, Cause.SPF_MANY_MX, ", ".join(many), publish=False)
    if broken := about(SpfFault.NO_RECORD) + about(SpfFault.MULTIPLE):
        names = ", ".join(broken[:5])
        report.add(Grade.FAILED, Cause.SPF_BROKEN_INCLUDE, names, publish=False)
    if survey.voids > MOST_VOIDS:
        count = str(survey.voids)
        report.add(Grade.FAILED, Cause.SPF_MANY_VOIDS, count, publish=False)
    if about(SpfFault.PTR):
        report.add(Grade.WARNING, Cause.SPF_PTR, publish=False)
    if unreachable := about(SpfFault.UNREACHABLE):
        names = ", ".join(unreachable[:5])
        report.add(Grade.WARNING, Cause.NO_ANSWER, names, publish=False)


def _note_ending(report, survey):
    ending = survey.record.ending
    if ending is Result.PASS:
        report.add(Grade.FAILED, Cause.SPF_PASS_ALL)
    elif ending is Result.NEUTRAL or (ending is None and not survey.record.redirect):
        report.add(Grade.WARNING, Cause.SPF_NEUTRAL_ALL)


def _note_missing(report, survey, sender):
    """Note who sends for the domain and is not named."""
    if sender.spf_include and sender.spf_include not in survey.included:
        passed = sender.addresses and all(
            survey.results.get(address) is Result.PASS for address in sender.addresses
        )
        if not passed:
            report.add(Grade.FAILED, Cause.SPF_NO_PROVIDER, sender.spf_include)
            return
    missing = [
        str(address)
        for address in sender.addresses
        if survey.results.get(address) is not Result.PASS
    ]
    if missing and not survey.has_macros and not survey.about(SpfFault.UNREACHABLE):
        report.add(Grade.FAILED, Cause.SPF_NO_ADDRESS, ", ".join(missing))


def mended_record(sender, survey):
    """Return the record to publish: what is there, and what is missing before its end.

    Of several records all mechanisms are kept. What everybody may send by ``+all``, or
    nobody is asked about by ``?all``, ends in ``~all``: others mark it, and lose none.
    """
    terms, redirect, endings = [], [], set()
    for text in sorted(survey.texts):  # the DNS gives them in any order
        for term in text.split()[1:]:
            lowered = term.lower()
            if lowered in ("all", "+all", "?all"):
                continue
            if lowered in ("-all", "~all"):
                endings.add(lowered)
            elif lowered.startswith("redirect="):
                redirect.append(term)
            elif term not in terms:
                terms.append(term)
    needed = []
    include = f"include:{sender.spf_include}"
    if sender.spf_include and sender.spf_include not in survey.included:
        needed = [] if include in terms else [include]
    elif not sender.is_of_provider:
        needed = [
            f"ip{address.version}:{address}"
            for address in sender.addresses
            if survey.results.get(address) is not Result.PASS
        ]
    if not terms and not redirect and not needed:
        needed = ["mx"]  # the least that is sensible: who receives may send
    # A redirect counts only where nothing ends the record before it.
    end = redirect[:1] or ["-all" if endings == {"-all"} else "~all"]
    record = " ".join(["v=spf1", *terms, *needed, *end])
    return "" if survey.texts == (record,) else record
