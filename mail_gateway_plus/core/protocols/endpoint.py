"""Where a server is, and how the way there is protected."""

import os
import ssl
import threading
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from .proxy import Proxy
from .trust import NO_TRUST, Trust

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

_READING = threading.Lock()


@dataclass(frozen=True)
class Endpoint:
    """One server to connect to.

    ``verify`` says whether certificate and host name are checked; ``timeout`` is in
    seconds, for connecting and for each answer. Certificates are the server's, also
    where a ``proxy`` is on the way; ``trust`` says which are good enough.
    """

    host: str
    port: int
    security: Security = Security.SSL
    verify: bool = True
    timeout: float = DEFAULT_TIMEOUT
    proxy: Proxy | None = None
    trust: Trust = field(default=NO_TRUST, repr=False)

    def tls_context(self):
        """Return a new ``ssl.SSLContext`` for this endpoint, which may be changed.

        ``imaplib`` and ``poplib`` verify nothing unless they are given a context
        (Python's ``ssl._create_stdlib_context``), hence one is always made here.
        """
        return _make_context(self.verify, self.trust)

    def shared_tls_context(self):
        """Return the like of :meth:`tls_context`, for all to share and none to change.

        Reading the system's authorities takes 20 ms of a processor, more than all else
        that a look into an empty mailbox takes. They are read again when they changed.
        """
        versions = map(_version, _places_of_authorities())
        with _READING:  # else the first connections would all read them
            return _shared_context(self.verify, self.trust, *versions)


def _make_context(verify, trust):
    # With authorities of its own it does not read those of the system.
    context = ssl.create_default_context(cadata=trust.authorities or None)
    if trust.authorities:
        # So that also the server's own certificate may be one of them.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if trust.needs_tls_1_3:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@lru_cache(maxsize=64)
def _shared_context(verify, trust, *_versions):
    return _make_context(verify, trust)


def _places_of_authorities():
    """Return the file and the folder that Python's default verification reads."""
    paths = ssl.get_default_verify_paths()
    # Those that exist; a missing one is None, and may come.
    return paths.cafile, paths.capath


def _version(path):
    """Return what is another value once the file or folder was changed."""
    if path is None:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return path
    return path, status.st_mtime_ns, status.st_ino, status.st_size
