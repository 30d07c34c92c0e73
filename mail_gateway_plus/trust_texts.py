"""What a person reads of a verdict on a sender."""

from odoo.tools import LazyTranslate

from .core.trust.verdict import Why

_lt = LazyTranslate(__name__)

WHY_TEXT = {
    Why.SAID: _lt("%(domain)s, %(detail)s, as the mailbox's own server found"),
    Why.PASSED: _lt("passed for %(domain)s (%(detail)s)"),
    Why.SEALED: _lt(
        "%(domain)s, which forwarded it, has sealed what it found out: %(detail)s"
    ),
    Why.NO_SENDER: _lt("it names no address that a domain could speak for"),
    Why.SEVERAL_SENDERS: _lt(
        "it names several senders, so none is believed: %(detail)s"
    ),
    Why.NOTHING: _lt("nothing speaks for the sender"),
    Why.NOT_CHECKED: _lt("not checked, as nothing to check it with is set up"),
    Why.DEADLY: _lt("not checked, as Odoo was killed each time that it was looked at"),
    Why.NO_LIBRARY: _lt("not checked, as the Python library dkimpy is not installed"),
    Why.INCOMPLETE: _lt("not checked, as the message was fetched only in part"),
    Why.TOO_LARGE: _lt("not checked, as the message is too large"),
    Why.OTHER_DOMAIN: _lt("signed by %(domain)s, which does not speak for the sender"),
    Why.TOO_MANY: _lt("only the first few of %(detail)s signatures were looked at"),
    Why.BROKEN: _lt("what %(domain)s has there cannot be read"),
    Why.BAD_SIGNATURE: _lt(
        "the signature of %(domain)s does not fit the message, or was changed on the "
        "way"
    ),
    Why.OLD_ALGORITHM: _lt(
        "the signature of %(domain)s uses an algorithm that is not safe: %(detail)s"
    ),
    Why.FROM_UNSIGNED: _lt("the signature of %(domain)s leaves the sender out"),
    Why.PARTIAL_BODY: _lt(
        "the signature of %(domain)s covers only a part of the text, so anybody may "
        "have added to it"
    ),
    Why.EXPIRED: _lt("the signature of %(domain)s has expired"),
    Why.FROM_THE_FUTURE: _lt("the signature of %(domain)s is dated in the future"),
    Why.NO_KEY: _lt("%(domain)s has no key named %(detail)s"),
    Why.REVOKED: _lt("%(domain)s has withdrawn its key %(detail)s"),
    Why.TESTING: _lt("%(domain)s is only testing its key %(detail)s"),
    Why.HUGE_KEY: _lt("the key of %(domain)s is too large"),
    Why.WEAK_KEY: _lt("the key of %(domain)s is too short to be safe"),
    Why.UNCLEAR_HOP: _lt("not checked, as it is not clear where the message came from"),
    Why.ADDRESS: _lt("%(domain)s says of %(detail)s"),
    Why.NOT_NOW: _lt("not known, as the DNS of %(domain)s did not answer"),
    Why.POLICY_MET: _lt("what %(domain)s asks for is met"),
    Why.POLICY_FAILED: _lt(
        "%(domain)s asks for such messages to be treated as forged (%(detail)s)"
    ),
    Why.POLICY_LENIENT: _lt("%(domain)s asks for nothing to be done about it"),
    Why.NO_POLICY: _lt("%(domain)s does not say what it wants done"),
}


def tell_checks(env, checks):
    """Return what was found, as lines for a person."""
    lines = []
    for check in checks:
        text = env._(WHY_TEXT[check.why])
        detail = {"domain": check.domain or "?", "detail": check.detail or "–"}
        lines.append(f"{check.method.value}: {text % detail}")
    return "\n".join(dict.fromkeys(lines))
