"""Showing a server who we are: TLS with a certificate of our own."""

import ssl

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_certificates
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags
from urllib3.contrib.pyopenssl import PyOpenSSLContext, get_subj_alt_name
from urllib3.util.ssl_match_hostname import CertificateError, match_hostname

from .trust import NO_TRUST

# X509_V_ERR_HOSTNAME_MISMATCH of OpenSSL's x509_vfy.h.
_HOSTNAME_MISMATCH = 62


class HostMismatch(ssl.SSLCertVerificationError, CertificateError):
    """The server's certificate is valid, but for another name.

    Also an error of urllib3's class, for which Odoo has words of its own
    (base/models/ir_mail_server.py, ``test_smtp_connection``).
    """

    def __init__(self, message):
        super().__init__(message)
        self.verify_code = _HOSTNAME_MISMATCH
        self.verify_message = message

    def __str__(self):
        return self.verify_message


def client_context(host, verify, certificate, private_key, trust=NO_TRUST):
    """Return a TLS context that shows the server a certificate.

    The standard library reads private keys from files only. PyOpenSSL, which Odoo uses
    for the case as well, takes them from memory, so that none is written to a disk.

    :param certificate: PEM, as is ``private_key``, which has no password
    :param trust: a :class:`~.trust.Trust`
    :raises ValueError: if one of the two cannot be read
    :raises OpenSSL.SSL.Error: if they do not belong together
    """
    context = PyOpenSSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trust.needs_tls_1_3:
        context._ctx.set_min_proto_version(SSL.TLS1_3_VERSION)
    if verify:
        if trust.authorities:
            _trust_only(trust.authorities, context._ctx.get_cert_store())
        else:
            context.set_default_verify_paths()
        flags = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context._ctx.set_verify(flags, _verifier(host))
    else:
        context.verify_mode = ssl.CERT_NONE
    context._ctx.use_certificate(load_pem_x509_certificate(certificate))
    context._ctx.use_privatekey(load_pem_private_key(private_key, password=None))
    context._ctx.check_privatekey()
    return context


def _trust_only(authorities, store):
    for certificate in load_pem_x509_certificates(authorities.encode()):
        store.add_cert(X509.from_cryptography(certificate))
    # So that also the server's own certificate may be one of them.
    store.set_flags(X509StoreFlags.PARTIAL_CHAIN)


def _verifier(host):
    """Return OpenSSL's callback: it has checked the chain, the name is our task."""

    def verify(_connection, certificate, error, depth, _is_ok):
        if error:
            return False
        if depth == 0:
            # Its common name is no proof of a host (RFC 9525 section 2).
            names = {"subjectAltName": get_subj_alt_name(certificate)}
            try:
                match_hostname(names, host)
            except CertificateError as mismatch:
                raise HostMismatch(str(mismatch)) from mismatch
        return True

    return verify
