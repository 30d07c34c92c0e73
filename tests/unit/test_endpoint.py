"""The system's authorities are read once, not at each connection."""

import os
import ssl

import pytest
from mgp_core.protocols.endpoint import Endpoint

from tests.rig.certificates import CertificateAuthority


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """The file that holds the system's authorities."""
    path = tmp_path / "authorities.pem"
    authority = CertificateAuthority(tmp_path / "ca")
    path.write_bytes(authority.pem_path.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    return path


def context_for(host, verify=True):
    return Endpoint(host, 993, verify=verify).shared_tls_context()


def test_mailboxes_of_two_hosts_share_what_was_read(bundle):
    assert context_for("one.example") is context_for("other.example")


def test_context_that_verifies_is_never_the_one_that_does_not(bundle):
    verifying, trusting = context_for("a.example"), context_for("a.example", False)

    assert verifying.verify_mode == ssl.CERT_REQUIRED and verifying.check_hostname
    assert trusting.verify_mode == ssl.CERT_NONE and not trusting.check_hostname


def test_bundle_that_the_system_renewed_is_read_anew(bundle):
    before = context_for("mail.example")
    bundle.write_bytes(b"")
    os.utime(bundle, (1, 1))

    after = context_for("mail.example")

    assert len(before.get_ca_certs()) == 1
    assert after.get_ca_certs() == []


def test_missing_bundle_trusts_nobody(bundle):
    bundle.unlink()

    assert context_for("mail.example").get_ca_certs() == []


def test_context_of_ones_own_may_be_changed(bundle):
    endpoint = Endpoint("mail.example", 993)

    assert endpoint.tls_context() is not endpoint.tls_context()
    assert endpoint.tls_context() is not endpoint.shared_tls_context()
