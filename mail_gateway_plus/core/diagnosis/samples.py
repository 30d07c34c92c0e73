"""What servers say when all is well, and what they say when it is not, to compare.

Made up from the standards (RFC 5321 appendix D, RFC 3501 section 8, RFC 1939 section
10), as a transcript shows it.
"""

from dataclasses import dataclass

from ..protocols.endpoint import Security
from .advice_keys import Advice
from .steps import Protocol, Step
from .transcript import HIDDEN

_SMTP_OPENING = ("< 220 mail.example.com ESMTP",)
_SMTP_STARTTLS = (
    "> EHLO odoo.example.com",
    "< 250-mail.example.com",
    "< 250 STARTTLS",
    "> STARTTLS",
    "< 220 2.0.0 Ready to start TLS",
)
_SMTP_REST = (
    "> EHLO odoo.example.com",
    "< 250-mail.example.com",
    "< 250-SIZE 26214400",
    "< 250 AUTH PLAIN LOGIN",
    f"> AUTH PLAIN {HIDDEN}",
    "< 235 2.7.0 Authentication successful",
    "> MAIL FROM:<odoo@example.com>",
    "< 250 2.1.0 Ok",
    "> RCPT TO:<you@example.com>",
    "< 250 2.1.5 Ok",
    "> RSET",
    "< 250 2.0.0 Ok",
    "> QUIT",
    "< 221 2.0.0 Bye",
)
_IMAP_OPENING = ("< * OK IMAP4rev1 ready",)
_IMAP_STARTTLS = ("> A1 STARTTLS", "< A1 OK Begin TLS negotiation now")
_IMAP_REST = (
    f"> A2 LOGIN {HIDDEN}",
    "< A2 OK Logged in",
    "> A3 SELECT INBOX",
    "< * 12 EXISTS",
    "< * OK [UIDVALIDITY 1700000000]",
    "< A3 OK [READ-WRITE] Select completed",
)
_POP_OPENING = ("< +OK POP3 ready",)
_POP_STARTTLS = ("> STLS", "< +OK Begin TLS negotiation")
_POP_REST = (
    "> USER complaints@example.com",
    "< +OK",
    f"> PASS {HIDDEN}",
    "< +OK Logged in",
    "> STAT",
    "< +OK 12 34567",
)
_DIALOGUES = {
    Protocol.SMTP: (_SMTP_OPENING, _SMTP_STARTTLS, _SMTP_REST),
    Protocol.IMAP: (_IMAP_OPENING, _IMAP_STARTTLS, _IMAP_REST),
    Protocol.POP: (_POP_OPENING, _POP_STARTTLS, _POP_REST),
}
_TLS = "· TLSv1.3 TLS_AES_256_GCM_SHA384"


@dataclass(frozen=True)
class BadSample:
    """Words that a step often fails with, and what they mean."""

    step: Step
    words: str
    advice: Advice


_WRONG, _FULL = Advice.WRONG_PASSWORD, Advice.TOO_MANY_CONNECTIONS

BAD_SAMPLES = {
    Protocol.SMTP: (
        BadSample(Step.LOGIN, "535 5.7.8 Authentication credentials invalid", _WRONG),
        BadSample(
            Step.LOGIN,
            "530 5.7.0 Must issue a STARTTLS command first",
            Advice.LOGIN_NEEDS_TLS,
        ),
        BadSample(
            Step.ENVELOPE, "530 5.7.0 Authentication required", Advice.LOGIN_REQUIRED
        ),
        BadSample(Step.ENVELOPE, "554 5.7.1 Relay access denied", Advice.RELAY_DENIED),
    ),
    Protocol.IMAP: (
        BadSample(Step.LOGIN, "[AUTHENTICATIONFAILED] Authentication failed.", _WRONG),
        BadSample(Step.LOGIN, "[ALERT] Too many simultaneous connections.", _FULL),
    ),
    Protocol.POP: (
        BadSample(Step.LOGIN, "-ERR [AUTH] Authentication failed.", _WRONG),
        BadSample(Step.LOGIN, "-ERR Too many connections from your address", _FULL),
    ),
}


def good_sample(protocol, security):
    """Return the dialogue of a test that passes, as the lines of a transcript."""
    opening, starttls, rest = _DIALOGUES[protocol]
    if security is Security.SSL:
        return [_TLS, *opening, *rest]
    if security is Security.STARTTLS:
        return [*opening, *starttls, _TLS, *rest]
    return [*opening, *rest]
