"""The settings of one server, as an administrator entered them."""

from dataclasses import dataclass, field
from enum import Enum

from ..protocols.endpoint import DEFAULT_PORTS, Security


class Protocol(str, Enum):
    """The three ways in which mail is handed to a server or fetched from one."""

    SMTP = "smtp"
    IMAP = "imap"
    POP = "pop"


class Login(str, Enum):
    """How somebody proves to a server who they are."""

    PASSWORD = "password"
    OAUTH = "oauth"
    CERTIFICATE = "certificate"


# Registered ports: 465 and 587 by RFC 8314 section 3.3 and RFC 6409, 25 by RFC 5321.
STANDARD_PORTS = {
    (Protocol.SMTP, Security.NONE): 25,
    (Protocol.SMTP, Security.STARTTLS): 587,
    (Protocol.SMTP, Security.SSL): 465,
    **{(Protocol(name), way): port for (name, way), port in DEFAULT_PORTS.items()},
}

# The security that a port stands for, whoever listens there. 2465, 2525 and 2587 are
# doubles that sending services offer where a network closes the others.
PORT_SECURITY = {
    Protocol.SMTP: {
        25: Security.STARTTLS,
        465: Security.SSL,
        587: Security.STARTTLS,
        2465: Security.SSL,
        2525: Security.STARTTLS,
        2587: Security.STARTTLS,
    },
    Protocol.IMAP: {143: Security.STARTTLS, 993: Security.SSL},
    Protocol.POP: {110: Security.STARTTLS, 995: Security.SSL},
}


@dataclass(frozen=True)
class Settings:
    """One server's settings; ``verify`` says whether its certificate is checked."""

    protocol: Protocol
    host: str = ""
    port: int = 0
    security: Security = Security.SSL
    verify: bool = True
    login: Login = Login.PASSWORD
    user: str = ""
    password: str = field(default="", repr=False)


def is_standard_port(protocol, port):
    """Say whether a port is one that a choice of security may replace by another."""
    return not port or any(
        kind is protocol and port == standard
        for (kind, _security), standard in STANDARD_PORTS.items()
    )
