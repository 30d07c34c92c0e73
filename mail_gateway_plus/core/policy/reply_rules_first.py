"""The rules that are tried first: no connection at all, and what is not the server's.

See reply_rules.py, which goes on with these.
"""

from ..diagnosis.faults import FaultKind
from ..protocols.smtp import Phase
from .reply_rule import rule_of as _rule

NETWORK = (
    _rule(
        "Address not ASCII and no SMTPUTF8",
        "permanent message not_ascii",
        phases=frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT}),
        faults={FaultKind.FEATURE_MISSING},
    ),
    _rule(
        "No login offered",
        "permanent account login_unavailable",
        faults={FaultKind.FEATURE_MISSING},
    ),
    _rule(
        "No token to be had now",
        "temporary account login_unavailable",
        faults={FaultKind.TOKEN_UNAVAILABLE},
    ),
    _rule(
        "Token refused",
        "permanent account login_refused",
        faults={FaultKind.TOKEN_REFUSED},
    ),
    _rule(
        "Proxy does not get through",
        "temporary connection proxy",
        faults={FaultKind.PROXY_UNREACHABLE, FaultKind.PROXY_NO_WAY},
    ),
    _rule(
        "Proxy refuses",
        "permanent connection proxy",
        faults={
            FaultKind.PROXY_NEEDS_LOGIN,
            FaultKind.PROXY_LOGIN_REFUSED,
            FaultKind.PROXY_FORBIDS,
            FaultKind.PROXY_NOT_SPOKEN,
        },
    ),
    _rule(
        "Host name unknown",
        "temporary connection unknown_host",
        faults={FaultKind.UNKNOWN_HOST},
    ),
    _rule(
        "Certificate not valid",
        "permanent connection certificate",
        faults={
            FaultKind.CERTIFICATE_EXPIRED,
            FaultKind.CERTIFICATE_HOST,
            FaultKind.CERTIFICATE_UNTRUSTED,
        },
    ),
    _rule(
        "No encryption",
        "permanent connection tls_unavailable",
        faults={FaultKind.TLS_MISSING, FaultKind.TLS_MISMATCH},
    ),
    _rule(
        "Encryption failed",
        "temporary connection tls_unavailable",
        faults={FaultKind.TLS_FAILED},
    ),
    _rule(
        "Not reachable",
        "temporary connection unreachable",
        faults={FaultKind.REFUSED, FaultKind.UNREACHABLE},
    ),
    _rule(
        "No answer in time", "temporary connection timeout", faults={FaultKind.TIMEOUT}
    ),
)

# Whose code says that it is about this recipient or this mail, whatever their words
# have in common with those of a server that takes nothing any more.
NOT_SERVER = (
    _rule(
        "Message too big",
        "permanent message too_big",
        enhanced="5.3.4, 5.2.3",
    ),
    _rule(
        "Recipient takes no mail from outside",  # Exchange, of groups above all
        "permanent recipient recipient_refused",
        r"resolver\.rst\.",
        codes=(500, 599),
    ),
    _rule(
        "Recipient takes no mail from this sender",
        "permanent recipient recipient_refused",
        enhanced="5.7.124, 5.7.133, 5.7.134, 5.7.135, 5.7.136",
    ),
    _rule(
        "Mailbox full, later perhaps",
        "temporary recipient mailbox_full",
        enhanced="4.2.2",
    ),
    _rule(
        "Mailbox takes no more for now",
        "temporary recipient recipient_deferred",
        r"\b(?:recipient|receiving|inbox|mailbox)\b",
        minutes=10,
        enhanced="4.2.1",
    ),
    _rule(
        "Mailbox gets too much",  # Gmail, which says never and means later
        "temporary recipient recipient_deferred",
        r"too (?:fast|quickly|many)|\brate\b",
        minutes=60,
        enhanced="5.2.1",
    ),
)
