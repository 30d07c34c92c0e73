"""Which advice fits a failure: data, the first entry that matches counts.

The replies that the entries are made for are in tests/unit/recorded_replies.py, each
with where it was seen.
"""

import re
from dataclasses import dataclass

from ..protocols.endpoint import Security
from .advice_keys import Advice
from .faults import FaultKind
from .steps import Protocol, Step

_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_CODE = re.compile(r"(?P<code>[245]\d\d)(?!\d)")

GMAIL = r"(?:^|\.)(?:gmail|google|googlemail)\.com$"
MICROSOFT = r"(?:^|\.)(?:outlook|office365|office|hotmail|live)\.com$"
YAHOO = r"(?:^|\.)(?:yahoo|aol|yahoodns)\.(?:com|net)$"
ICLOUD = r"(?:^|\.)(?:me|icloud|mac)\.com$"

# Ports on which TLS is spoken from the first byte (RFC 8314 section 7; Amazon's 2465).
TLS_PORTS = {465, 993, 995, 2465}

_TALKING = (Step.ENVELOPE, Step.TEST_MAIL)
_LOGGING_IN = (Step.LOGIN,)
_SILENT = (FaultKind.TIMEOUT, FaultKind.DROPPED)


@dataclass(frozen=True)
class Problem:
    """A failure in plain values: where, of what kind, and in whose words."""

    step: Step
    kind: FaultKind
    code: int = 0
    status: str = ""
    words: str = ""
    host: str = ""
    port: int = 0
    protocol: Protocol = Protocol.SMTP
    security: Security = Security.SSL
    uses_token: bool = False
    uses_app: bool = False

    @classmethod
    def of(cls, step, target, kind, error, words):
        """Return the problem behind the exception of a step."""
        code = getattr(error, "smtp_code", 0)
        if not code and (match := _CODE.match(words)):
            code = int(match["code"])
        status = _STATUS.search(words)
        return cls(
            step=step,
            kind=kind,
            code=code if isinstance(code, int) else 0,
            status=status.group() if status else "",
            words=words,
            host=target.endpoint.host,
            port=target.endpoint.port,
            protocol=target.protocol,
            security=target.endpoint.security,
            uses_token=any(step.method != "login" for step in target.login),
            uses_app=target.app_login is not None,
        )


@dataclass(frozen=True)
class Entry:
    """When an advice fits: each condition that is given has to hold.

    ``words`` and ``host`` are searched for as patterns, whatever the case;
    ``status`` are status codes of RFC 3463.
    """

    advice: Advice
    kinds: tuple = ()
    steps: tuple = ()
    codes: tuple = ()
    status: tuple = ()
    words: str = ""
    host: str = ""
    protocol: Protocol | None = None
    securities: tuple = ()
    ports: frozenset = frozenset()
    uses_token: bool | None = None
    uses_app: bool | None = None

    def fits(self, problem):
        """Say whether this is an advice for ``problem``."""
        return all(
            (
                not self.kinds or problem.kind in self.kinds,
                not self.steps or problem.step in self.steps,
                not self.codes or problem.code in self.codes,
                not self.status or problem.status in self.status,
                not self.words or _found(self.words, problem.words),
                not self.host or _found(self.host, problem.host),
                self.protocol in (None, problem.protocol),
                not self.securities or problem.security in self.securities,
                not self.ports or problem.port in self.ports,
                self.uses_token in (None, problem.uses_token),
                self.uses_app in (None, problem.uses_app),
            )
        )


def _found(pattern, text):
    return re.search(pattern, text, re.IGNORECASE) is not None


_TOKEN_ENTRIES = (
    Entry(Advice.TOKEN_UNAVAILABLE, kinds=(FaultKind.TOKEN_UNAVAILABLE,)),
    # learn.microsoft.com: "Microsoft Entra authentication error codes"
    Entry(Advice.APP_SECRET_WRONG, words=r"AADSTS7000215\b"),
    Entry(Advice.APP_SECRET_EXPIRED, words=r"AADSTS7000222\b"),
    Entry(Advice.APP_TENANT_UNKNOWN, words=r"AADSTS(?:90002|900023)\b"),
    Entry(Advice.APP_UNKNOWN, words=r"AADSTS(?:700016|7000229)\b"),
    Entry(Advice.APP_REFUSED, kinds=(FaultKind.TOKEN_REFUSED,)),
)

_LOGIN_ENTRIES = (
    Entry(Advice.IMAP_DISABLED, words=r"not enabled for IMAP|IMAP access is disabled"),
    Entry(Advice.POP_DISABLED, words=r"not enabled for POP|POP access is disabled"),
    # Exchange: the token is good, and the mailbox's doors are closed to the app.
    Entry(
        Advice.APP_NO_MAILBOX,
        steps=_LOGGING_IN,
        words=r"authenticated but not connected",
        uses_app=True,
    ),
    Entry(
        Advice.IMAP_DISABLED,
        steps=_LOGGING_IN,
        words=r"authenticated but not connected",
        protocol=Protocol.IMAP,
    ),
    Entry(
        Advice.SMTP_AUTH_OFF,
        words=r"SmtpClientAuthentication is disabled|smtp_auth_disabled",
    ),
    Entry(
        Advice.BASIC_AUTH_OFF,
        status=("5.7.139", "5.7.30"),
        words=r"basic auth|security defaults|conditional access|Client Submission",
    ),
    Entry(Advice.BASIC_AUTH_OFF, words=r"basic authentication is (?:not|disabled)"),
    Entry(
        Advice.ACCOUNT_LOCKED,
        words=r"account.{0,20}(?:locked|disabled|suspended|blocked)|"
        r"(?:locked|disabled|suspended).{0,20}account|WebLoginRequired|"
        r"log ?in via your web browser",
    ),
    Entry(
        Advice.TOO_MANY_LOGINS,
        steps=_LOGGING_IN,
        words=r"too many (?:bad auth|login|failed|auth)|try again later|#AUTH005",
    ),
    Entry(
        Advice.TOO_MANY_CONNECTIONS,
        words=r"too many (?:simultaneous |concurrent )?connections|"
        r"concurrent connections limit|maximum number of connections|"
        r"\[IN-USE\]|connection limit",
    ),
    Entry(Advice.TOO_MANY_LOGINS, steps=_LOGGING_IN, codes=(421, 432)),
    Entry(
        Advice.LOGIN_NEEDS_TLS,
        kinds=(FaultKind.LOGIN_NEEDS_TLS,),
    ),
    Entry(Advice.LOGIN_NEEDS_TLS, codes=(538,)),
    Entry(
        Advice.LOGIN_NEEDS_TLS,
        words=r"must issue a STARTTLS|plaintext auth(?:entication)? (?:is )?disallowed|"
        r"encryption required|PRIVACYREQUIRED",
    ),
    Entry(Advice.APP_PASSWORD_GMAIL, words=r"application-specific password required"),
    Entry(Advice.APP_PASSWORD_GMAIL, words=r"InvalidSecondFactor"),
    Entry(Advice.APP_NO_MAILBOX, kinds=(FaultKind.LOGIN_REFUSED,), uses_app=True),
    Entry(Advice.TOKEN_REFUSED, kinds=(FaultKind.LOGIN_REFUSED,), uses_token=True),
    Entry(Advice.APP_PASSWORD_GMAIL, kinds=(FaultKind.LOGIN_REFUSED,), host=GMAIL),
    Entry(
        Advice.APP_PASSWORD_OUTLOOK, kinds=(FaultKind.LOGIN_REFUSED,), host=MICROSOFT
    ),
    Entry(Advice.APP_PASSWORD_YAHOO, kinds=(FaultKind.LOGIN_REFUSED,), host=YAHOO),
    Entry(Advice.APP_PASSWORD_ICLOUD, kinds=(FaultKind.LOGIN_REFUSED,), host=ICLOUD),
    Entry(Advice.LOGIN_UNAVAILABLE, steps=_LOGGING_IN, codes=(454,), status=("4.7.0",)),
    Entry(
        Advice.LOGIN_UNAVAILABLE,
        steps=_LOGGING_IN,
        words=r"\[UNAVAILABLE\]|temporary authentication failure|\[SYS/TEMP\]",
    ),
    # Without encryption no way to log in is offered: usually it comes after STARTTLS.
    Entry(
        Advice.LOGIN_NEEDS_TLS,
        steps=_LOGGING_IN,
        kinds=(FaultKind.FEATURE_MISSING,),
        securities=(Security.NONE,),
    ),
    Entry(
        Advice.LOGIN_NOT_OFFERED, steps=_LOGGING_IN, kinds=(FaultKind.FEATURE_MISSING,)
    ),
    Entry(Advice.WRONG_PASSWORD, kinds=(FaultKind.LOGIN_REFUSED,)),
    Entry(Advice.WRONG_PASSWORD, steps=_LOGGING_IN, codes=(535,)),
)

_SENDING_ENTRIES = (
    Entry(
        Advice.SENDER_NOT_VERIFIED,
        words=r"address(?:es)? (?:is|are) not verified|domain.{0,40}not verified|"
        r"sender identity",
    ),
    Entry(Advice.MAILBOX_FULL, steps=_TALKING, words=r"mailbox (?:is )?full"),
    Entry(
        Advice.QUOTA,
        words=r"sending limit|daily (?:SMTP )?(?:relay )?(?:limit|quota|message quota)|"
        r"quota exceeded|exceeded.{0,30}(?:limit|quota)|SubmissionQuota|throttl|"
        r"sending rate",
    ),
    Entry(Advice.QUOTA, steps=_TALKING, status=("5.4.5", "4.5.3")),
    Entry(
        Advice.LOGIN_REQUIRED,
        steps=_TALKING,
        codes=(530,),
    ),
    Entry(
        Advice.LOGIN_REQUIRED,
        steps=_TALKING,
        words=r"authentication (?:is )?required|not authenticated|5\.7\.57",
    ),
    Entry(
        Advice.SENDER_NOT_ALLOWED,
        steps=_TALKING,
        words=r"SendAsDenied|not owned by user|permissions to send as|"
        r"sender address rejected|not allowed to send|sender.{0,20}(?:denied|rejected)",
    ),
    Entry(Advice.SENDER_NOT_ALLOWED, steps=_TALKING, status=("5.7.60", "5.1.8")),
    Entry(
        Advice.RELAY_DENIED,
        steps=_TALKING,
        words=r"relay|not permitted to|unauthenticated mail is prohibited",
    ),
    Entry(
        Advice.TOO_LARGE,
        steps=_TALKING,
        words=r"(?:message )?size.{0,20}exceed|exceeds.{0,30}size|too (?:large|big)",
    ),
    Entry(Advice.TOO_LARGE, steps=_TALKING, status=("5.3.4",)),
    Entry(
        Advice.GREYLISTED,
        steps=_TALKING,
        words=r"gr[ae]y ?-?list|try again (?:later|in)|"
        r"temporarily (?:deferred|rejected)",
    ),
    Entry(Advice.GREYLISTED, steps=_TALKING, codes=(450, 451)),
    Entry(Advice.MAILBOX_FULL, steps=_TALKING, status=("4.2.2", "5.2.2")),
    Entry(
        Advice.RECIPIENT_REFUSED,
        steps=_TALKING,
        status=("5.1.1", "5.1.2", "5.1.10", "5.2.1"),
    ),
    Entry(
        Advice.CONTENT_REFUSED,
        steps=(Step.TEST_MAIL,),
        words=r"spam|policy|blocked|DMARC|DKIM|SPF",
    ),
    Entry(
        Advice.RECIPIENT_REFUSED,
        steps=_TALKING,
        words=r"user unknown|no such (?:user|recipient)|recipient address rejected",
    ),
)

_FOLDER_ENTRIES = (
    Entry(Advice.FOLDER_MISSING, kinds=(FaultKind.FOLDER_UNAVAILABLE,)),
    Entry(
        Advice.NO_LASTING_NAMES,
        steps=(Step.FOLDERS, Step.NEWEST),
        kinds=(FaultKind.FEATURE_MISSING,),
        words="UIDL",
    ),
)

_PROXY_ENTRIES = tuple(
    Entry(Advice(kind.value), kinds=(kind,))
    for kind in FaultKind
    if kind.value.startswith("proxy_")
)

_REACHING_ENTRIES = (
    Entry(Advice.UNKNOWN_HOST, kinds=(FaultKind.UNKNOWN_HOST,)),
    Entry(Advice.REFUSED, kinds=(FaultKind.REFUSED,)),
    Entry(Advice.UNREACHABLE, kinds=(FaultKind.UNREACHABLE,)),
    Entry(Advice.TLS_MISMATCH, kinds=(FaultKind.TLS_MISMATCH,)),
    Entry(Advice.TLS_MISSING, kinds=(FaultKind.TLS_MISSING,)),
    Entry(Advice.CERTIFICATE_EXPIRED, kinds=(FaultKind.CERTIFICATE_EXPIRED,)),
    Entry(Advice.CERTIFICATE_HOST, kinds=(FaultKind.CERTIFICATE_HOST,)),
    Entry(
        Advice.CERTIFICATE_SELF_SIGNED,
        kinds=(FaultKind.CERTIFICATE_UNTRUSTED,),
        words=r"self.signed certificate$",
    ),
    Entry(Advice.CERTIFICATE_UNTRUSTED, kinds=(FaultKind.CERTIFICATE_UNTRUSTED,)),
    # A server for TLS waits for our first word as we wait for its greeting.
    Entry(
        Advice.PLAIN_ON_TLS_PORT,
        steps=(Step.GREETING,),
        kinds=_SILENT,
        securities=(Security.NONE, Security.STARTTLS),
        ports=frozenset(TLS_PORTS),
    ),
    # And a plain one says something, after which neither understands the other.
    Entry(
        Advice.TLS_MISMATCH,
        steps=(Step.TLS,),
        kinds=_SILENT,
        securities=(Security.SSL,),
    ),
    Entry(Advice.TLS_FAILED, kinds=(FaultKind.TLS_FAILED,)),
    Entry(Advice.TLS_FAILED, steps=(Step.TLS,)),
    Entry(Advice.TIMEOUT, kinds=(FaultKind.TIMEOUT,)),
    Entry(Advice.SERVER_REFUSES_US, steps=(Step.GREETING,), codes=(550, 554, 521)),
    Entry(Advice.SERVER_BUSY, steps=(Step.GREETING,), codes=(421, 450, 451)),
    Entry(Advice.DROPPED, kinds=(FaultKind.DROPPED,)),
)

_ANY_ENTRIES = (Entry(Advice.REPLY, kinds=(FaultKind.REPLY,)), Entry(Advice.OTHER))

# First what the proxy and the provider say, which is nothing that the server said.
CATALOGUE = (
    *_PROXY_ENTRIES,
    *_TOKEN_ENTRIES,
    *_LOGIN_ENTRIES,
    *_SENDING_ENTRIES,
    *_FOLDER_ENTRIES,
    *_REACHING_ENTRIES,
    *_ANY_ENTRIES,
)


def advise(problem):
    """Return the :class:`Advice` for a problem; there is always one."""
    return next(entry.advice for entry in CATALOGUE if entry.fits(problem))
