"""Which certificates, and which encryption, are good enough for a server."""

import ssl
from dataclasses import dataclass

from cryptography.x509 import load_pem_x509_certificates


@dataclass(frozen=True)
class Trust:
    """What a server has to show beyond what this machine demands anyway.

    :param authorities: certificates in PEM, which take the place of the authorities
        that this machine trusts; the server's own may be among them. Empty: those of
        the machine
    :param needs_tls_1_3: TLS 1.2 does not do
    """

    authorities: str = ""
    needs_tls_1_3: bool = False


NO_TRUST = Trust()


def check_authorities(pem: str) -> None:
    """Raise ValueError unless ``pem`` holds certificates that OpenSSL takes.

    A private key beside them is refused: it has no business there.
    """
    if "PRIVATE KEY" in pem:
        raise ValueError("a private key")
    load_pem_x509_certificates(pem.encode())
    try:
        ssl.create_default_context(cadata=pem)
    except ssl.SSLError as error:
        raise ValueError(str(error)) from error
