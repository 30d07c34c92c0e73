"""The rules that hold for any server, in the order in which they are tried.

Codes: RFC 5321 section 4.2.3; login: RFC 4954 section 6; enhanced codes: RFC 3463,
RFC 7372 and the registry of RFC 5248. The texts are those in which servers of many
makers agree where their codes do not. What only one provider says is data
(data/mail_gateway_reply_rule_data.xml).
"""

from ..diagnosis.faults import FaultKind
from ..protocols.smtp import Phase
from .reply_rule import rule_of as _rule
from .reply_rules_first import NETWORK, NOT_SERVER

_OPENING = frozenset({Phase.RESOLVE, Phase.CONNECT, Phase.GREET, Phase.TLS, Phase.AUTH})
_AUTH = frozenset({Phase.AUTH})
_MAIL = frozenset({Phase.MAIL})
_RCPT = frozenset({Phase.RCPT})
_CONTENT = frozenset({Phase.DATA, Phase.DOT})
_IN_MAIL = _MAIL | _RCPT | _CONTENT
_NOT_RCPT = frozenset(Phase) - _RCPT

_FAILED = (400, 599)
_LATER = (400, 499)
_NEVER = (500, 599)

_SERVER = (
    _rule(
        "Too many logins",
        "temporary rate login_throttled",
        r"too many (?:\w+ )?(?:log.?ins?|auth)",
        minutes=5,
        codes=_FAILED,
    ),
    _rule(
        "Too much in this session or at once",
        "temporary connection session_limit",
        r"(?:too many|maximum|max|concurrent|limit)\b.{0,40}"
        r"\b(?:connections?|sessions?|per session|per connection)",
        codes=_LATER,
    ),
    _rule(
        "Password has to be changed",
        "permanent account login_refused",
        enhanced="x.7.12",
        phases=_OPENING,
    ),
    _rule(
        "Login fails for now",
        "temporary rate login_throttled",
        minutes=5,
        phases=_AUTH,
        codes=_LATER,
    ),
    _rule(
        "Login refused",
        "permanent account login_refused",
        phases=_AUTH,
        codes=_NEVER,
    ),
    _rule(
        "Login not possible",
        "permanent account login_refused",
        phases=_AUTH,
        faults={FaultKind.LOGIN_REFUSED, FaultKind.LOGIN_NEEDS_TLS},
    ),
    _rule(
        "Login refused later",
        "permanent account login_refused",
        enhanced="5.7.8, 5.7.9, 5.7.11",
        phases=_MAIL,
    ),
    _rule(
        "Credentials refused",
        "permanent account login_refused",
        phases=_IN_MAIL,
        codes=(534, 538),
    ),
    _rule(
        "Login required",
        "permanent account login_required",
        codes=(530, 530),
    ),
    _rule(
        "Login required, as told",
        "permanent account login_required",
        r"authentication (?:is )?required|must (?:first )?(?:authenticate|log ?in)"
        r"|not authenticated",
        phases=_MAIL | _RCPT,
        codes=_NEVER,
    ),
    _rule(
        "Sending limit reached",
        "quota rate sending_quota",
        r"\b(?:daily|hourly|monthly|sending|submission|relay|outgoing|outbound)"
        r"\b.{0,40}\b(?:limit|quota)",
        minutes=60,
        codes=_FAILED,
    ),
    _rule(
        "Sending limit code",
        "quota rate sending_quota",
        minutes=60,
        enhanced="5.4.5",
    ),
    _rule(
        "Too fast",
        "quota rate rate_limit",
        r"throttl|rate.?limit|rate exceeded|too fast|slow down|frequency limited"
        r"|too many (?:messages|e-?mails|mails)",
        minutes=10,
        codes=_FAILED,
    ),
    _rule(
        "Service closing",
        "temporary connection server_trouble",
        codes=(421, 421),
    ),
    _rule(
        "Encryption not available now",
        "temporary connection tls_unavailable",
        phases={Phase.TLS},
        codes=_FAILED,
    ),
    _rule(
        "Service refused for now",
        "temporary connection server_trouble",
        phases=_OPENING,
        codes=_LATER,
    ),
    _rule(
        "Service refused",
        "permanent connection service_refused",
        phases=_OPENING,
        codes=_NEVER,
    ),
    # Before the content's size (552) and the recipient's mailbox (452).
    _rule(
        "Server's storage is full",
        "temporary connection server_trouble",
        enhanced="4.3.1",
        phases=_NOT_RCPT,
    ),
    _rule(
        "Server in trouble",
        "temporary connection server_trouble",
        enhanced="4.3.x",
        phases=_NOT_RCPT,
    ),
    _rule(
        "Storage short at the start of a mail",
        "temporary connection server_trouble",
        phases=_MAIL,
        codes=(452, 452),
    ),
    _rule(
        "Dialogue out of step",
        "temporary connection out_of_step",
        codes=(503, 503),
    ),
)

_SIZE_AND_MAILBOX = (
    _rule(
        "Too many recipients",
        "temporary recipient too_many_recipients",
        r"too many recip",
        minutes=1,
        phases=_RCPT,
        codes=_FAILED,
    ),
    _rule(
        "Too many recipients, by code",
        "temporary recipient too_many_recipients",
        minutes=1,
        enhanced="x.5.3",
        phases=_RCPT,
    ),
    # RFC 5321 section 4.5.3.1.10: 552 to RCPT is to be taken for 452.
    _rule(
        "Mailbox full for now",
        "temporary recipient mailbox_full",
        phases=_RCPT,
        codes=(552, 552),
    ),
    _rule(
        "Storage short for the recipient",
        "temporary recipient mailbox_full",
        phases=_RCPT,
        codes=(452, 452),
    ),
    _rule("Mailbox full", "permanent recipient mailbox_full", enhanced="5.2.2"),
    _rule(
        "Message exceeds storage",
        "permanent message too_big",
        phases=_MAIL | _CONTENT,
        codes=(552, 552),
    ),
    _rule(
        "Greylisted",
        "temporary recipient greylisted",
        r"gr[ae]y.?list|postgrey",
        minutes=5,
        codes=_LATER,
    ),
)

_SENDER = (
    _rule(
        "Relaying denied",
        "permanent sender relay_denied",
        r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed"
        r"|prohibited)|(?:unable to|not (?:permitted|allowed) to|do not|cannot) relay",
        codes=_NEVER,
    ),
    _rule(
        "Sender not the account's",
        "permanent sender sender_refused",
        r"not owned by|send ?as |not (?:allowed|authori[sz]ed|permitted) to send"
        r"|sender .{0,60}(?:rejected|not allowed|not verified|unverified)"
        r"|address is not verified",
        codes=_NEVER,
    ),
    _rule(
        "Sender's address refused",
        "permanent sender sender_refused",
        enhanced="5.1.7, 5.1.8, 5.7.60",
    ),
    _rule(
        "Sender not authenticated (SPF, DKIM, DMARC)",
        "permanent message not_authenticated",
        enhanced="5.7.20, 5.7.21, 5.7.22, 5.7.23, 5.7.24, 5.7.25, 5.7.26, 5.7.27",
    ),
    _rule(
        "Sender refused",
        "permanent sender sender_refused",
        phases=_MAIL,
        codes=_NEVER,
    ),
    _rule(
        "Sender refused for now",
        "temporary sender sender_deferred",
        phases=_MAIL,
        codes=_LATER,
    ),
)

_RECIPIENT = (
    _rule(
        "No such mailbox",
        "permanent recipient recipient_unknown",
        enhanced="5.1.1, 5.1.3, 5.1.6",
    ),
    _rule(
        "No such domain, or one without mail",
        "permanent recipient domain_unknown",
        enhanced="5.1.2, 5.1.10, 5.4.4",
    ),
    _rule(
        "Mailbox disabled",
        "permanent recipient mailbox_disabled",
        enhanced="5.2.1",
    ),
    _rule("Mail loop", "permanent recipient mail_loop", enhanced="5.4.6"),
    _rule(
        "On a block list",
        "permanent message blocklisted",
        r"block ?list|black ?list|spamhaus|\bdnsbl\b|\brbl\b|poor reputation",
        codes=_NEVER,
    ),
    _rule(
        "Taken for spam",
        "permanent message spam",
        r"\bspam|unsolicited|\bvirus\b|malware|phishing",
        codes=_NEVER,
    ),
    _rule(
        "No such user, as told",
        "permanent recipient recipient_unknown",
        r"user (?:is )?unknown|unknown user|no such (?:user|mailbox|recipient)"
        r"|does not exist|mailbox not found",
        phases=_RCPT,
        codes=_NEVER,
    ),
    _rule(
        "Recipient refused",
        "permanent recipient recipient_refused",
        phases=_RCPT,
        codes=_NEVER,
    ),
    _rule(
        "Recipient refused for now",
        "temporary recipient recipient_deferred",
        phases=_RCPT,
        codes=_LATER,
    ),
)

_MESSAGE = (
    _rule(
        "Message refused",
        "permanent message message_refused",
        phases=_CONTENT,
        codes=_NEVER,
    ),
    _rule(
        "Message refused for now",
        "temporary message message_deferred",
        phases=_CONTENT,
        codes=_LATER,
    ),
)

BUILT_IN_RULES = (
    *NETWORK,
    *NOT_SERVER,
    *_SERVER,
    *_SIZE_AND_MAILBOX,
    *_SENDER,
    *_RECIPIENT,
    *_MESSAGE,
)

# No readable reply before the dot: the connection broke, or the server babbles.
LAST_RULE = _rule("Connection broke", "temporary connection dropped")
