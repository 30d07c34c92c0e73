"""What a server's answer means: rules are held against it, the first one counts."""

import re
import smtplib

from ..diagnosis.faults import diagnose
from ..protocols.smtp import MessageTooLarge, Phase, Reply
from .patterns import TEXT_LIMIT
from .reply_rule import Answer
from .reply_rules import BUILT_IN_RULES, LAST_RULE
from .verdict import Cause, Kind, Scope, Verdict

# A multi-line reply repeats its enhanced code on every line.
_LINE_BREAK = re.compile(r"\s*\n\s*(?:[245]\.\d{1,3}\.\d{1,3}\s+)?")


def judge(phase, reply, rules=(), error=None, host=""):
    """Return the :class:`Verdict` on what a server answered, or failed to answer.

    :param phase: the phase in which the dialogue stands or ended
    :param reply: the :class:`Reply`; code 0 where there was none that could be read
    :param rules: the administrator's, which come before the built-in ones
    :param error: the exception that ended the dialogue, if one did
    :param host: the server's host name
    """
    reply = reply if reply.code else _reply_of(error) or reply
    if phase is Phase.ACCEPTED or (200 <= reply.code < 300 and error is None):
        scope = Scope.RECIPIENT if phase is Phase.RCPT else Scope.MESSAGE
        return Verdict(Kind.OK, scope)
    if phase is Phase.DOT and not 400 <= reply.code < 600:
        # RFC 5321 section 4.5.3.2.6: the server may have taken it. No rule decides.
        cause = Cause.UNREADABLE if reply.code else Cause.NO_ANSWER
        return Verdict(Kind.UNCERTAIN, Scope.MESSAGE, None, cause.value)
    if isinstance(error, MessageTooLarge):
        # A limit of this server's, which was not even asked: others may have more room.
        return Verdict(Kind.PERMANENT, Scope.SENDER, None, Cause.TOO_BIG.value)
    fault = diagnose(error).kind if error is not None else None
    text = one_line(reply.text)
    answer = Answer(phase, reply.code, reply.enhanced_code, text, host, fault)
    for rule in (*rules, *BUILT_IN_RULES):
        if rule.applies(answer):
            return rule.verdict(answer)
    return LAST_RULE.verdict(answer)


def _reply_of(error):
    """Return the reply that smtplib made an exception of, if it did."""
    if not isinstance(error, smtplib.SMTPResponseException):
        return None
    text = error.smtp_error
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return Reply(error.smtp_code, text)


def one_line(text):
    """Return the start of a reply on one line, as rules see it."""
    return " ".join(_LINE_BREAK.sub(" ", text[: 2 * TEXT_LIMIT]).split())[:TEXT_LIMIT]


def read_reply(text):
    """Return the :class:`Reply` that a person pasted, code and all lines.

    As in ``550-5.1.1 No such user`` + ``550 5.1.1 here``; code 0 where there is none.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    found = [re.match(r"([2-5]\d\d)(?:[ -]|$)(.*)", line) for line in lines]
    if not found or not found[0]:
        return Reply(0, "\n".join(lines))
    words = [m[2] if m else line for m, line in zip(found, lines, strict=True)]
    return Reply(int(found[0][1]), "\n".join(words))
