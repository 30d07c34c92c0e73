"""What a server's certificate says, read from the connection that showed it."""

from contextlib import suppress
from datetime import datetime, timezone

from cryptography import x509
from cryptography.x509.oid import NameOID

MAX_NAMES = 20
MAX_CHAIN = 8
# From here on a certificate is told to be near its end; those of Let's Encrypt are
# renewed 30 days before it, so something is wrong with the renewal.
DAYS_UNTIL_WARNING = 14


def tls_details(sock, now=None):
    """Return protocol version, cipher and certificate of an encrypted socket.

    :returns: plain values; ``days_left`` is negative for an expired certificate
    """
    details = {"version": sock.version() or ""}
    if cipher := getattr(sock, "cipher", None):  # PyOpenSSL's has no such method
        details["cipher"] = (cipher() or ("",))[0]
    chain = _chain(sock)
    if chain:
        details.update(_leaf_details(chain[0], now or datetime.now(timezone.utc)))
        details["chain"] = [_name(certificate.subject) for certificate in chain]
        details["issuer"] = _name(chain[-1].issuer)
    return details


def ends_soon(details):
    """Say whether a certificate is near its end or past it, where that is known."""
    days = details.get("days_left")
    return days is not None and days < DAYS_UNTIL_WARNING


def _leaf_details(leaf, now):
    ends_at = getattr(leaf, "not_valid_after_utc", None)  # since cryptography 42
    if ends_at is None:
        ends_at = leaf.not_valid_after.replace(tzinfo=timezone.utc)
    return {
        "names": _host_names(leaf)[:MAX_NAMES],
        "expires": ends_at.date().isoformat(),
        "days_left": (ends_at - now).days,
        "self_signed": leaf.subject == leaf.issuer,
    }


def _chain(sock):
    """Return what the server sent, its own certificate first."""
    encoded = []
    # Public since Python 3.13; before, only the object inside of the socket has it.
    holder = sock if hasattr(sock, "get_unverified_chain") else _inner(sock)
    with suppress(AttributeError, ValueError):
        encoded = [_der(certificate) for certificate in holder.get_unverified_chain()]
    if not encoded:
        encoded = [sock.getpeercert(binary_form=True)]
    chain = []
    with suppress(ValueError):  # one that cannot be read ends the list
        for data in encoded[:MAX_CHAIN]:
            if data:
                chain.append(x509.load_der_x509_certificate(data))
    return chain


def _inner(sock):
    return getattr(sock, "_sslobj", None)


def _der(certificate):
    if isinstance(certificate, bytes):
        return certificate
    pem_to_der = 2  # _ssl.ENCODING_DER
    return certificate.public_bytes(pem_to_der)


def _host_names(certificate):
    try:
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    addresses = [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]
    return names.get_values_for_type(x509.DNSName) + addresses


def _name(name):
    """Return who a certificate is for, or from, in a few words."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := name.get_attributes_for_oid(oid):
            return str(found[0].value)
    return name.rfc4514_string()
