"""A look at a server's certificate, whatever it is worth; nobody logs in."""

from dataclasses import replace

from .bounded import HangUp
from .certificate import tls_details
from .doors import open_door
from .steps import Door


def peek(target, seconds):
    """Return what the certificate says, read from a connection for that alone.

    :returns: the details of :func:`~.certificate.tls_details`; none where the server
        could not be reached, which is for others to tell
    """
    endpoint = replace(target.endpoint, verify=False)
    hang_up = HangUp()
    try:
        with hang_up.after(seconds):
            door = Door(endpoint.port, endpoint.security)
            anybody = replace(target, endpoint=endpoint, context=None)
            session = open_door(anybody, door, seconds, hang_up)
            details = tls_details(session.sock)
            session.close()
    except Exception:
        return {}
    finally:
        hang_up.let_go()
    return {**details, "verified": False}
