"""Reaching a server through a proxy: SOCKS5 or HTTP CONNECT.

By hand and not by ``python-socks``, which reads the answer to CONNECT in whatever one
packet holds and throws away what else was in it. With mail the server speaks first, so
that its greeting often is: the session would wait for it without end.
"""

import base64
import socket
from dataclasses import dataclass, field
from enum import Enum

from ..errors import GatewayError

HIDDEN = "•••"
# Of what a proxy says, which may be anything.
MAX_WORDS = 300


class ProxyType(str, Enum):
    """How a proxy is asked for a connection."""

    SOCKS5 = "socks5"
    HTTP = "http"


class ProxyFault(str, Enum):
    """Why a proxy gives no connection, as far as it can be told apart."""

    UNREACHABLE = "unreachable"
    NEEDS_LOGIN = "needs_login"
    LOGIN_REFUSED = "login_refused"
    FORBIDS = "forbids"
    NO_WAY = "no_way"
    NOT_SPOKEN = "not_spoken"


class ProxyFailed(GatewayError, ConnectionError):
    """The proxy gave no connection to the server.

    :param fault: a :class:`ProxyFault`
    :param detail: its words, or those of whoever else reported it
    """

    def __init__(self, fault, detail=""):
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True)
class Proxy:
    """A proxy to go through. Host names are resolved there, not here."""

    kind: ProxyType
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def secrets(self):
        """Return what must show nowhere, in each form in which it is said."""
        if not self.password:
            return ()
        return self.password, self.basic_credentials

    @property
    def basic_credentials(self):
        """Return user and password as HTTP wants them (RFC 7617 section 2)."""
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def without_secrets(self, words):
        """Return what the proxy said, which may quote what it was told."""
        for secret in self.secrets:
            words = words.replace(secret, HIDDEN)
        return words[:MAX_WORDS]


def reach(proxy, seconds):
    """Return a socket connected to the proxy itself.

    :param seconds: for each of its addresses
    :raises ProxyFailed: if it cannot be reached
    """
    try:
        return socket.create_connection((proxy.host, proxy.port), seconds)
    except (OSError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ProxyFailed(ProxyFault.UNREACHABLE, words) from error
