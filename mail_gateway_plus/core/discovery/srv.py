"""Services that a domain announces in the DNS (RFC 6186, RFC 8314 section 5.1)."""

from ..protocols.endpoint import Security
from ..setup.settings import Protocol
from .offer import Offer, Source

# In the order of RFC 8314: encrypted from the start before encrypted on request.
SERVICES = (
    ("_submissions._tcp", Protocol.SMTP, Security.SSL),
    ("_submission._tcp", Protocol.SMTP, Security.STARTTLS),
    ("_imaps._tcp", Protocol.IMAP, Security.SSL),
    ("_imap._tcp", Protocol.IMAP, Security.STARTTLS),
    ("_pop3s._tcp", Protocol.POP, Security.SSL),
    ("_pop3._tcp", Protocol.POP, Security.STARTTLS),
)


def offers_from_srv(names, service, domain):
    """Return the offers of one of :data:`SERVICES`, the preferred one first."""
    label, protocol, security = service
    return [
        Offer(protocol, found.host.lower(), found.port, security, Source.SRV)
        for found in names.srv(f"{label}.{domain}")
    ]
