"""Trying the other ports of a server, where the chosen one does not do."""

from dataclasses import replace
from functools import partial

from ..protocols.endpoint import Security
from ..protocols.line import connected
from .bounded import HangUp, in_parallel
from .faults import diagnose
from .sessions import open_session
from .transcript import Transcript

DOOR_SECONDS = 5.0


def try_doors(target, seconds):
    """Try all other ports at once; return plain values for each, best first.

    No login is tried. ``answers`` is true where the server greeted and, with the
    security of that port, proved who it is as well as the chosen settings ask for.
    """
    seconds = min(seconds, DOOR_SECONDS)
    doors = target.other_doors
    outcomes = in_parallel(
        seconds + 1, *(partial(_knock, target, door, seconds) for door in doors)
    )
    return [
        {
            "port": door.port,
            "security": door.security.value,
            "answers": outcome.error is None,
            "words": diagnose(outcome.error).detail if outcome.error else "",
        }
        for door, outcome in zip(doors, outcomes, strict=True)
    ]


def best_door(doors):
    """Return the first that answers, or ``None``."""
    return next((door for door in doors if door["answers"]), None)


def open_door(target, door, seconds, hang_up):
    """Connect, greet and encrypt; return the session.

    :raises: what the libraries raise
    """
    endpoint = replace(target.endpoint, port=door.port, security=door.security)
    context = target.context or endpoint.tls_context()
    sock = connected(endpoint, seconds, hang_up.watch)
    try:
        if door.security is Security.SSL:
            sock = context.wrap_socket(sock, server_hostname=endpoint.host)
        session = open_session(target.protocol, endpoint.host, sock, Transcript())
        session.greet()
        if door.security is Security.STARTTLS:
            session.learn()
            session.start_tls(context)
    except BaseException:
        sock.close()
        raise
    return session


def _knock(target, door, seconds):
    hang_up = HangUp()
    try:
        with hang_up.after(seconds):
            open_door(target, door, seconds, hang_up).close()
    finally:
        hang_up.let_go()
