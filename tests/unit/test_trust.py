"""A server may be known by certificates of its own, and held to a version of TLS."""

import socket
import ssl
import threading
from contextlib import closing, contextmanager

import pytest
from mgp_core.protocols.endpoint import Endpoint, Security
from mgp_core.protocols.tls import client_context
from mgp_core.protocols.trust import Trust, check_authorities

from tests.rig.certificates import CertificateAuthority

NAME = "mail.city.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority that no machine trusts."""
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("other"))


@contextmanager
def server(certificate, newest=ssl.TLSVersion.TLSv1_3):
    """Yield a socket connected to a TLS server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert_path, certificate.key_path)
    context.maximum_version = newest
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _address = listener.accept()
        with connection:
            try:
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    encrypted.recv(1)
            except OSError:  # the client did not like what it saw
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with socket.create_connection(listener.getsockname(), 5) as sock:
            yield sock
    finally:
        thread.join(10)
        listener.close()


def endpoint_context(trust, verify=True):
    endpoint = Endpoint(NAME, 993, Security.SSL, verify, trust=trust)
    return endpoint.shared_tls_context()


def own_certificate_context(trust, client):
    pem = [client.cert_path.read_bytes(), client.key_path.read_bytes()]
    return client_context(NAME, True, *pem, trust)


def version(sock, context):
    """Return the version of TLS that both agree on."""
    with closing(context.wrap_socket(sock, server_hostname=NAME)) as encrypted:
        return encrypted.version()


def pem(authority):
    return authority.pem_path.read_text()


@pytest.fixture(params=["shown to anybody", "with a certificate of ours"])
def make_context(request, other_authority):
    """Both ways in which the gateway makes a TLS context."""
    if request.param == "shown to anybody":
        return endpoint_context
    client = other_authority.issue("odoo.city.example")
    return lambda trust: own_certificate_context(trust, client)


def test_authority_of_ones_own_is_trusted(authority, make_context):
    with server(authority.issue(NAME)) as sock:
        assert version(sock, make_context(Trust(pem(authority)))) == "TLSv1.3"


def test_authority_counts_instead_of_the_machines(
    authority, other_authority, make_context, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem_path))

    with server(authority.issue(NAME)) as sock, pytest.raises(ssl.SSLError):
        version(sock, make_context(Trust(pem(other_authority))))


def test_certificate_of_the_server_itself_may_be_named(authority, make_context):
    for certificate in (authority.self_signed(NAME), authority.issue(NAME)):
        chain = certificate.cert_path.read_text()
        own = chain.partition("-----END CERTIFICATE-----")
        trust = Trust(own[0] + own[1] + "\n")

        with server(certificate) as sock:
            assert version(sock, make_context(trust))


def test_name_is_checked_all_the_same(authority, make_context):
    with server(authority.issue("other.example")) as sock, pytest.raises(ssl.SSLError):
        version(sock, make_context(Trust(pem(authority))))


def test_lowest_version_is_insisted_on(authority, make_context):
    trusting = Trust(pem(authority))
    strict = Trust(pem(authority), needs_tls_1_3=True)

    with server(authority.issue(NAME), ssl.TLSVersion.TLSv1_2) as sock:
        assert version(sock, make_context(trusting)) == "TLSv1.2"
    with (
        server(authority.issue(NAME), ssl.TLSVersion.TLSv1_2) as sock,
        pytest.raises(ssl.SSLError),
    ):
        version(sock, make_context(strict))


def test_unchecked_certificate_needs_no_authority(authority, other_authority):
    with server(authority.issue(NAME)) as sock:
        trust = Trust(pem(other_authority))
        assert version(sock, endpoint_context(trust, verify=False))


def test_what_is_no_certificate_is_refused(authority):
    check_authorities(pem(authority))
    check_authorities(pem(authority) * 2)

    key = authority.issue(NAME).key_path.read_text()
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for text in ("", "mail.city.example", broken, pem(authority) + key):
        with pytest.raises(ValueError):
            check_authorities(text)
