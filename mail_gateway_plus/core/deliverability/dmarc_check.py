"""A domain's DMARC policy, and whether its mail can pass it."""

from .dmarc_record import OLD_TAGS, Policy
from .dmarc_walk import discover_dmarc, is_aligned
from .findings import Cause, Check, Finding, Grade, Publish


def check_dmarc(lookups, sender):
    """Return the findings about DMARC, the worst first, and what the walk found."""
    found = discover_dmarc(lookups, sender.domain)
    findings = []

    def add(grade, cause, detail="", value=""):
        name = f"_dmarc.{found.policy_domain or sender.domain}"
        publish = Publish(name, "TXT", value) if value else None
        seen = (found.record.text,) if found.record else ()
        one = Finding(Check.DMARC, grade, cause, sender.domain, detail, seen, publish)
        findings.append(one)

    if found.doubled:
        add(Grade.FAILED, Cause.DMARC_MULTIPLE, ", ".join(found.doubled))
    elif found.record:
        _note_record(add, found)
    elif not found.is_certain:
        add(Grade.SKIPPED, Cause.NO_ANSWER)
    else:
        add(Grade.FAILED, Cause.DMARC_NONE, value=first_record(sender))
    return sorted(findings, key=lambda f: f.grade.rank, reverse=True), found


def first_record(sender):
    """Return the record to begin with: nothing is refused, and reports come in."""
    report = sender.report_address or f"postmaster@{sender.domain}"
    return f"v=DMARC1; p=none; rua=mailto:{report}"


def _note_record(add, found):
    record = found.record
    policy = record.policy_for(not found.is_inherited)
    if record.bad_tags:
        add(Grade.FAILED, Cause.DMARC_SYNTAX, ", ".join(record.bad_tags))
    elif not record.is_policy_named:
        value = record.text.replace("v=DMARC1", "v=DMARC1; p=none", 1)
        add(Grade.WARNING, Cause.DMARC_NO_POLICY, value=value)
    if record.old_tags:
        value = _without(record.text, OLD_TAGS)
        add(Grade.WARNING, Cause.DMARC_OLD_TAGS, ", ".join(record.old_tags), value)
    if record.is_testing:
        value = _without(record.text, ("t",))
        add(Grade.WARNING, Cause.DMARC_TESTING, policy.value, value)
    elif policy is Policy.NONE and record.is_policy_named:
        add(Grade.WARNING, Cause.DMARC_WATCHING, found.policy_domain)
    else:
        add(Grade.OK, Cause.DMARC_OK, policy.value)


def _without(text, names):
    """Return a record without some of its tags."""
    parts = [part.strip() for part in text.split(";")]
    kept = [p for p in parts if p and p.partition("=")[0].strip().lower() not in names]
    return "; ".join(kept)


def check_alignment(lookups, sender, discovery, has_key):
    """Return a finding about what of a mail counts for its From (RFC 9989 section 4.4).

    :param has_key: whether the domain has a DKIM key, with which it may well sign
        itself; ``None`` where that is not known
    """
    record = discovery.record
    spf = is_aligned(
        lookups,
        sender.domain,
        sender.bounce_domain or sender.domain,
        bool(record and record.is_spf_strict),
    )
    strict = bool(record and record.is_dkim_strict)
    signed = [
        is_aligned(lookups, sender.domain, other, strict)
        for other in sender.signing_domains
    ]
    dkim = _any_of(signed) if signed else has_key
    grade, cause = _judged(spf, dkim)
    detail = f"SPF: {sender.bounce_domain or sender.domain}"
    if sender.signing_domains:
        detail += f"; DKIM: {', '.join(sender.signing_domains)}"
    return Finding(Check.ALIGNMENT, grade, cause, sender.domain, detail)


def _any_of(answers):
    if any(answers):
        return True
    return None if None in answers else False


def _judged(spf, dkim):
    if spf and dkim:
        return Grade.OK, Cause.ALIGNED
    if spf and dkim is None:
        return Grade.OK, Cause.ALIGNED_SPF
    if spf:
        return Grade.WARNING, Cause.ALIGNED_SPF_ONLY
    if dkim:
        return Grade.OK, Cause.ALIGNED_DKIM_ONLY
    if spf is None or dkim is None:
        return Grade.SKIPPED, Cause.ALIGNMENT_UNKNOWN
    return Grade.FAILED, Cause.NOT_ALIGNED
