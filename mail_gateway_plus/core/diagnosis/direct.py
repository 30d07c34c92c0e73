"""The last step of the ladder where there is a proxy: the same server without it.

What answers differently on the two ways is not the server but something on one of
them: a firewall that inspects mail, or somebody who reads along.
"""

import re
from contextlib import suppress
from dataclasses import replace

from ..protocols.endpoint import Security
from ..protocols.line import connected
from .advice_keys import Advice
from .bounded import HangUp, within
from .certificate import tls_details
from .faults import diagnose
from .sessions import open_session
from .steps import Finding, Step, StepState
from .transcript import Transcript

DIRECT_SECONDS = 10.0
MAX_OFFERED = 60
# Of a greeting, what is another word each time: dates, and names of sessions.
_CHANGING_WORD = re.compile(r"\S*\d\S*|\[\S*\]|<\S*>")


def direct(climb):
    """Look at the server without the proxy; nobody logs in there.

    It is no failure that there is no direct way: that is what proxies are for.
    """
    seconds = climb.seconds(DIRECT_SECONDS)
    try:
        here = within(seconds + 1, _look, climb.target, seconds)
    except Exception as error:
        words = diagnose(error).detail
        climb.transcript.note(f"directly: {words}")
        return Finding({"answers": False, "reason": words})
    climb.transcript.note("directly: answers")
    there = _seen_through_proxy(climb)
    rows = [
        {"what": what, "proxy": there[what], "direct": here[what]}
        for what in here
        if what in there and _lasting(what, there) != _lasting(what, here)
    ]
    details = {"answers": True, "compared": bool(there), "differences": rows}
    if rows:
        return Finding(details, StepState.WARNING, Advice.WAYS_DIFFER)
    if climb.has_failed:
        return Finding(details, StepState.WARNING, Advice.DIRECT_WORKS)
    return Finding(details)


def _look(target, seconds):
    """Return what the server shows directly, in the words of :func:`_seen`."""
    endpoint = replace(target.endpoint, proxy=None, verify=False)
    # The certificate is compared, not believed: nothing secret is said here.
    context = endpoint.tls_context()
    hang_up, session = HangUp(), None
    with hang_up.after(seconds):
        sock = connected(endpoint, seconds, hang_up.watch)
        try:
            if endpoint.security is Security.SSL:
                sock = context.wrap_socket(sock, server_hostname=endpoint.host)
            session = open_session(target.protocol, endpoint.host, sock, Transcript())
            banner, offered = session.greet(), session.learn()
            is_offered = endpoint.security is Security.STARTTLS and session.offers_tls()
            if is_offered:
                session.start_tls(context)
                offered = session.learn()
            is_encrypted = is_offered or endpoint.security is Security.SSL
            certificate = tls_details(session.sock) if is_encrypted else {}
            return _seen(banner, certificate, offered)
        finally:
            with suppress(Exception):  # whatever was to be seen has been seen
                (session or sock).close()
            hang_up.let_go()


def _seen_through_proxy(climb):
    """Return the same of the way through the proxy, as far as it came."""
    banner = climb.details_of(Step.GREETING).get("banner")
    certificate = climb.details_of(Step.TLS)
    offered = climb.details_of(Step.CAPABILITIES).get("offered")
    seen = _seen(banner or "", certificate, offered or [])
    is_known = {
        "greeting": banner is not None,
        "encryption": bool(certificate),
        "certificate": bool(certificate.get("version")),
        "offered": offered is not None,
    }
    return {what: told for what, told in seen.items() if is_known[what]}


def _seen(banner, certificate, offered):
    names = ", ".join(certificate.get("names", []))
    return {
        "greeting": banner[:500],
        "encryption": certificate.get("version", ""),
        "certificate": f"{names} ({certificate['issuer']})" if names else "",
        "offered": ", ".join(offered[:MAX_OFFERED]),
    }


def _lasting(what, seen):
    """Return what is the same each time that the server says it."""
    if what != "greeting":
        return seen[what]
    return " ".join(_CHANGING_WORD.sub("", seen[what]).split())
