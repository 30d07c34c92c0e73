"""The first steps of the ladder: the host's addresses, and a connection to one.

Or a connection through a proxy, which then is who looks the host up.
"""

import socket
import time
from functools import partial

from ..protocols.proxy import reach
from ..protocols.proxy_request import ask
from .advice_keys import Advice
from .bounded import in_parallel, within
from .faults import diagnose
from .steps import Finding, StepState

# Of a host with more, the first ones are enough to know.
MAX_ADDRESSES = 8
RESOLVE_SECONDS = 10.0
CONNECT_SECONDS = 10.0
# A proxy looks the host up and connects to it before it answers.
PROXY_SECONDS = 20.0


def resolve(climb):
    """Find the host's addresses.

    :raises OSError: if there are none
    """
    host, port = climb.target.endpoint.host, climb.target.endpoint.port
    seconds = climb.seconds(RESOLVE_SECONDS)
    found = within(
        seconds, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    )
    addresses = dict.fromkeys((family, address) for family, *_, address in found)
    climb.addresses = list(addresses)[:MAX_ADDRESSES]
    return Finding({"addresses": [address[0] for _family, address in climb.addresses]})


def connect(climb):
    """Connect to each of the addresses; keep the connection to the first that answers.

    :raises OSError: that of the first address, if none answers
    """
    seconds = climb.seconds(CONNECT_SECONDS)
    outcomes = in_parallel(
        seconds + 1,
        *(partial(_connect, *address, seconds) for address in climb.addresses),
    )
    tried = []
    for (_family, address), outcome in zip(climb.addresses, outcomes, strict=True):
        sock, milliseconds = outcome.result or (None, None)
        words = diagnose(outcome.error).detail if outcome.error else ""
        climb.transcript.note(f"{address[0]}:{address[1]} {words or 'connected'}")
        tried.append(
            {"address": address[0], "milliseconds": milliseconds, "words": words}
        )
        if sock and climb.sock is None:
            climb.sock = sock
        elif sock:
            sock.close()
    details = {"port": climb.target.endpoint.port, "tried": tried}
    if climb.sock is None:
        climb.details = details
        raise outcomes[0].error
    climb.hang_up.watch(climb.sock)
    has_failed = any(one["words"] for one in tried)
    return Finding(
        details,
        StepState.WARNING if has_failed else StepState.OK,
        Advice.ADDRESS_DEAD if has_failed else None,
    )


def proxy(climb):
    """Reach the proxy, and have it connect us to the server.

    :raises ProxyFailed: if it cannot be reached, or does not do so
    """
    endpoint = climb.target.endpoint
    way, transcript = endpoint.proxy, climb.transcript
    name = f"{way.host}:{way.port}"
    climb.details = {"proxy": name, "kind": way.kind.value, "port": endpoint.port}
    seconds = climb.seconds(CONNECT_SECONDS)
    climb.sock = within(seconds + 1, reach, way, seconds)
    transcript.note(f"proxy {name} ({way.kind.value}) connected")
    climb.hang_up.watch(climb.sock)
    climb.details["address"] = climb.sock.getpeername()[0]
    seconds = climb.seconds(PROXY_SECONDS)
    ask(climb.sock, way, endpoint.host, endpoint.port, seconds)
    transcript.note(f"{endpoint.host}:{endpoint.port} connected by the proxy")
    return Finding(climb.details)


def _connect(family, address, seconds):
    started = time.monotonic()
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock, round((time.monotonic() - started) * 1000)
