"""The keys by which a domain's signatures are checked."""

from ..discovery.names import AnswerState
from .dkim_key import KeyState, is_key, parse_key
from .findings import Cause, Check, Finding, Grade, Publish

# Of those that an administrator entered or that were seen.
MAX_SELECTORS = 20

KEY_FINDINGS = {
    KeyState.REVOKED: (Grade.FAILED, Cause.DKIM_REVOKED),
    KeyState.UNREADABLE: (Grade.FAILED, Cause.DKIM_UNREADABLE),
    KeyState.USELESS: (Grade.FAILED, Cause.DKIM_USELESS),
    KeyState.SHORT: (Grade.WARNING, Cause.DKIM_SHORT),
    KeyState.GOOD: (Grade.OK, Cause.DKIM_OK),
}


def check_dkim(lookups, sender):
    """Return the findings about a sender's keys, the worst first.

    Each selector that is known has to have one; of those that the provider usually has,
    any one will do, as nobody says which an account uses.
    """
    domain = sender.domain
    known = list(dict.fromkeys(sender.selectors))[:MAX_SELECTORS]
    findings = [_check_key(lookups, domain, selector) for selector in known]
    usual = [s for s in sender.usual_selectors if s not in known][:MAX_SELECTORS]
    tried = [_check_key(lookups, domain, selector) for selector in usual]
    findings += [one for one in tried if one.cause is not Cause.DKIM_NONE]
    if not findings and tried:
        findings = tried[:1]
    if not findings:
        return [Finding(Check.DKIM, Grade.SKIPPED, Cause.DKIM_NO_SELECTOR, domain)]
    return sorted(findings, key=lambda f: f.grade.rank, reverse=True)


def _check_key(lookups, domain, selector):
    name = f"{selector}._domainkey.{domain}"
    answer = lookups.texts(name)

    def finding(grade, cause, detail="", publish=None):
        texts = tuple(text[:200] for text in answer.records[:3])
        return Finding(Check.DKIM, grade, cause, name, detail, texts, publish)

    if answer.state is AnswerState.FAILED:
        return finding(Grade.SKIPPED, Cause.NO_ANSWER)
    keys = [parse_key(text) for text in answer.records if is_key(text)]
    if not keys:
        # The provider, or whoever signs, knows the key; we know where it belongs.
        publish = Publish(name, "TXT")
        return finding(Grade.FAILED, Cause.DKIM_NONE, selector, publish)
    key = keys[0]
    grade, cause = KEY_FINDINGS[key.state]
    if key.is_testing and grade is Grade.OK:
        grade, cause = Grade.WARNING, Cause.DKIM_TESTING
    detail = f"{key.kind.upper()} {key.bits}" if key.bits else key.kind.capitalize()
    return finding(grade, cause, detail)
