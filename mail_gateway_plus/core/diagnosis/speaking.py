"""The middle steps of the ladder: greeting, encryption, abilities and login."""

import re
import ssl

from ..errors import ProtocolViolation
from ..protocols.endpoint import Security
from .advice_keys import Advice
from .certificate import ends_soon, tls_details
from .faults import FaultKind
from .peeking import peek
from .sessions import open_session
from .steps import Finding, StepState

# How Cisco's "fixup" masks what it does not want to be understood: the greeting by
# asterisks, offers such as STARTTLS by X, both as long as they were.
_MASKED_GREETING = re.compile(r"\*{5,}")
_MASKED_OFFER = re.compile(r"X{5,}A?|X{4,}(?: X+)?")
MAX_WORDS = 60
PEEK_SECONDS = 5.0


def greeting(climb):
    """Hear what the server says first."""
    target = climb.target
    host = target.endpoint.host
    climb.session = open_session(target.protocol, host, climb.sock, climb.transcript)
    banner = climb.session.greet()
    details = {"banner": banner[:500]}
    if _MASKED_GREETING.search(banner):
        return Finding(details, StepState.WARNING, Advice.BANNER_REWRITTEN)
    return Finding(details)


def encryption(climb):
    """Encrypt as the settings say, and look at the certificate."""
    target = climb.target
    endpoint = target.endpoint
    if endpoint.security is Security.NONE:
        return Finding({}, StepState.WARNING, Advice.NOT_ENCRYPTED)
    context = target.context or endpoint.tls_context()
    try:
        if endpoint.security is Security.SSL:
            climb.sock = context.wrap_socket(climb.sock, server_hostname=endpoint.host)
        else:
            _start_tls(climb, context)
    except ssl.SSLCertVerificationError:
        climb.details = peek(target, climb.seconds(PEEK_SECONDS))
        raise
    sock = climb.session.sock if climb.session else climb.sock
    details = {**tls_details(sock), "verified": endpoint.verify}
    cipher = details.get("cipher", "")
    climb.transcript.note(f"{details['version']} {cipher}".strip())
    return _judged(climb, details)


def _judged(climb, details):
    days = details.get("days_left")
    if days is not None and days < 0:  # nobody was asked to mind
        return Finding(details, StepState.WARNING, Advice.CERTIFICATE_EXPIRED)
    if not details["verified"]:
        return Finding(details, StepState.WARNING, Advice.NOT_VERIFIED)
    if ends_soon(details):
        return Finding(details, StepState.WARNING, Advice.CERTIFICATE_ENDS)
    return Finding(details)


def _start_tls(climb, context):
    session = climb.session
    words = session.learn()
    if session.offers_tls():
        session.start_tls(context)
        return
    is_masked = any(_MASKED_OFFER.fullmatch(word) for word in words)
    climb.details = {"offered": words[:MAX_WORDS]}
    if is_masked or session.takes_tls_unoffered():
        climb.failure_advice = Advice.TLS_STRIPPED
    raise ProtocolViolation(session.tls_command)


def capabilities(climb):
    """Ask what the server can."""
    details = {
        "offered": climb.session.learn()[:MAX_WORDS],
        "mechanisms": climb.session.mechanisms(),
    }
    return Finding(details)


def login(climb):
    """Log in as the settings say."""
    target = climb.target
    details = {"mechanisms": climb.session.mechanisms(), "user": target.user}
    climb.details = details
    if target.login_error:
        climb.failure_kind = FaultKind.OTHER
        climb.failure_advice = Advice.TOKEN_MISSING
        raise ProtocolViolation(target.login_error)
    if not target.login:
        return Finding(details, StepState.SKIPPED)
    climb.session.log_in(target.login)
    return Finding(details)
