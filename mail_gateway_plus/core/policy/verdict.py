"""What a server's answer means for the mail, and for the server."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum


class Kind(str, Enum):
    """Whether trying again can help."""

    OK = "ok"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    QUOTA = "quota"
    UNCERTAIN = "uncertain"


class Scope(str, Enum):
    """What the answer is about, and so what else it holds for.

    SENDER: this server does not take mail from that sender; another one may. MESSAGE:
    no server is likely to take it as it is.
    """

    RECIPIENT = "recipient"
    MESSAGE = "message"
    SENDER = "sender"
    ACCOUNT = "account"
    RATE = "rate"
    CONNECTION = "connection"


# What keeps a server from taking any mail at all, whoever it is for.
SERVER_SCOPES = frozenset({Scope.ACCOUNT, Scope.RATE, Scope.CONNECTION})


class Cause(str, Enum):
    """Why a mail was not taken: the key under which dead letters are grouped."""

    NONE = "none"
    UNKNOWN_HOST = "unknown_host"
    UNREACHABLE = "unreachable"
    PROXY = "proxy"
    NOT_CONFIRMED = "not_confirmed"
    OUT_OF_USE = "out_of_use"
    TIMEOUT = "timeout"
    DROPPED = "dropped"
    TLS_UNAVAILABLE = "tls_unavailable"
    CERTIFICATE = "certificate"
    LOGIN_REFUSED = "login_refused"
    LOGIN_REQUIRED = "login_required"
    LOGIN_UNAVAILABLE = "login_unavailable"
    LOGIN_THROTTLED = "login_throttled"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCOUNT_FULL = "account_full"
    SERVICE_REFUSED = "service_refused"
    SERVER_TROUBLE = "server_trouble"
    SESSION_LIMIT = "session_limit"
    OUT_OF_STEP = "out_of_step"
    RATE_LIMIT = "rate_limit"
    SENDING_QUOTA = "sending_quota"
    SENDER_REFUSED = "sender_refused"
    SENDER_DEFERRED = "sender_deferred"
    RELAY_DENIED = "relay_denied"
    RECIPIENT_UNKNOWN = "recipient_unknown"
    RECIPIENT_REFUSED = "recipient_refused"
    RECIPIENT_DEFERRED = "recipient_deferred"
    DOMAIN_UNKNOWN = "domain_unknown"
    MAILBOX_FULL = "mailbox_full"
    MAILBOX_DISABLED = "mailbox_disabled"
    GREYLISTED = "greylisted"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    TOO_BIG = "too_big"
    NOT_ASCII = "not_ascii"
    SPAM = "spam"
    BLOCKLISTED = "blocklisted"
    NOT_AUTHENTICATED = "not_authenticated"
    MAIL_LOOP = "mail_loop"
    MESSAGE_REFUSED = "message_refused"
    MESSAGE_DEFERRED = "message_deferred"
    NO_ANSWER = "no_answer"
    UNREADABLE = "unreadable"
    OTHER = "other"


# What keeps a server from taking any mail: mail that waits or was given up for it goes
# out once the server is back.
SERVER_CAUSES = frozenset(
    {
        Cause.UNKNOWN_HOST,
        Cause.UNREACHABLE,
        Cause.PROXY,
        Cause.NOT_CONFIRMED,
        Cause.OUT_OF_USE,
        Cause.TIMEOUT,
        Cause.DROPPED,
        Cause.TLS_UNAVAILABLE,
        Cause.CERTIFICATE,
        Cause.LOGIN_REFUSED,
        Cause.LOGIN_REQUIRED,
        Cause.LOGIN_UNAVAILABLE,
        Cause.LOGIN_THROTTLED,
        Cause.ACCOUNT_BLOCKED,
        Cause.ACCOUNT_FULL,
        Cause.SERVICE_REFUSED,
        Cause.SERVER_TROUBLE,
        Cause.SESSION_LIMIT,
        Cause.OUT_OF_STEP,
        Cause.RATE_LIMIT,
        Cause.SENDING_QUOTA,
    }
)


# Of these, what a login that succeeds does not disprove.
_BEYOND_LOGIN = {
    Cause.ACCOUNT_BLOCKED,
    Cause.ACCOUNT_FULL,
    Cause.RATE_LIMIT,
    Cause.SENDING_QUOTA,
}
PROVEN_BY_LOGIN = SERVER_CAUSES - _BEYOND_LOGIN


@dataclass(frozen=True)
class Verdict:
    """The judgement of one answer.

    ``wait``: how long to wait, where the reply or the rule says so. ``cause``: a value
    of :class:`Cause`. ``rule``: the name of the rule that decided, for people.
    """

    kind: Kind
    scope: Scope
    wait: timedelta | None = None
    cause: str = Cause.NONE.value
    rule: str = field(default="", compare=False)

    @property
    def is_fault_of_server(self):
        """Whether any other mail would have fared the same at this server."""
        return self.kind is not Kind.OK and self.scope in SERVER_SCOPES

    @property
    def is_final(self):
        """Whether this mail as it is will not be taken by this server, ever."""
        return self.kind is Kind.PERMANENT and self.scope not in SERVER_SCOPES
