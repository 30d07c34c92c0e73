"""Where a server is, and how the way there is protected."""

import ssl
from dataclasses import dataclass
from enum import Enum

# Seconds without an answer after which a server counts as dead; Odoo's own value
# (mail/models/fetchmail.py, MAIL_TIMEOUT).
DEFAULT_TIMEOUT = 60.0


class Security(str, Enum):
    """How a connection is protected (RFC 8314 section 3)."""

    NONE = "none"
    STARTTLS = "starttls"
    SSL = "ssl"


# Registered ports (RFC 8314 section 7; RFC 3501 section 2.1; RFC 1939 section 3).
DEFAULT_PORTS = {
    ("imap", Security.NONE): 143,
    ("imap", Security.STARTTLS): 143,
    ("imap", Security.SSL): 993,
    ("pop", Security.NONE): 110,
    ("pop", Security.STARTTLS): 110,
    ("pop", Security.SSL): 995,
}


@dataclass(frozen=True)
class Endpoint:
    """One server to connect to.

    ``verify`` says whether certificate and host name are checked; ``timeout`` is in
    seconds, for connecting and for each answer.
    """

    host: str
    port: int
    security: Security = Security.SSL
    verify: bool = True
    timeout: float = DEFAULT_TIMEOUT

    def tls_context(self):
        """Return the ``ssl.SSLContext`` for this endpoint.

        ``imaplib`` and ``poplib`` verify nothing unless they are given a context
        (Python's ``ssl._create_stdlib_context``), hence one is always made here.
        """
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
