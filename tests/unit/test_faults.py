"""Every failure that an administrator can mend is told apart, from real failures."""

import poplib
import smtplib
import socket
import ssl

import pytest
from mgp_core.diagnosis.faults import Fault, FaultKind, diagnose
from mgp_core.errors import FolderUnavailable, GatewayError
from mgp_core.protocols.endpoint import DEFAULT_PORTS, Endpoint, Security
from mgp_core.protocols.imap import ImapMailbox

from tests.rig.certificates import CertificateAuthority
from tests.rig.scripted_server import StartTls
from tests.unit.faulty_situations import (
    IMAP_GREETING,
    SITUATIONS,
    served,
    server_context,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def trust_authority(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted_bundle()))


@pytest.mark.parametrize(("provoke", "kind", "words"), SITUATIONS)
def test_failure_is_diagnosed(provoke, kind, words, authority):
    with pytest.raises(Exception) as caught:
        provoke(authority)

    fault = diagnose(caught.value)

    assert (fault.kind, words in fault.detail) == (kind, True), (caught.value, fault)
    assert not fault.detail.startswith("b'"), "bytes shown as Python writes them"


def test_every_kind_of_fault_has_a_situation():
    assert {param.values[1] for param in SITUATIONS} == set(FaultKind)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FolderUnavailable("no"), "no"),
        (GatewayError(), "GatewayError"),
        (ValueError(), "ValueError"),
        (poplib.error_proto(b"-ERR \xff"), "-ERR �"),
        (smtplib.SMTPResponseException(550, "text"), "550 text"),
        (smtplib.SMTPException("alone"), "alone"),
        (smtplib.SMTPRecipientsRefused({}), "{}"),
        (smtplib.SMTPResponseException(550, b"\xff"), "550 �"),
        (socket.gaierror(-2, "Name unknown"), "Name unknown"),
        (OSError("alone"), "alone"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_detail_is_in_the_words_of_whoever_reported_it(error, words):
    assert diagnose(error).detail == words


def test_bare_smtp_exception_of_another_addon_is_a_reply():
    assert diagnose(smtplib.SMTPException("quota used up")).kind is FaultKind.REPLY


def test_password_that_cannot_be_encoded_is_not_quoted():
    with pytest.raises(UnicodeEncodeError) as caught:
        "secret ü".encode("ascii")

    assert diagnose(caught.value).detail == "ascii: ordinal not in range(128)"


def test_faults_are_values():
    assert Fault(FaultKind.OTHER, "x") == Fault(FaultKind.OTHER, "x")


def test_endpoint_that_verifies_nothing_takes_any_certificate(authority):
    context = server_context(authority.self_signed("127.0.0.1"))
    with served(StartTls(context), *IMAP_GREETING) as (host, port):
        endpoint = Endpoint(host, port, Security.SSL, verify=False, timeout=3)

        ImapMailbox(endpoint).abandon()


@pytest.mark.parametrize("verify", [True, False])
def test_endpoint_verifies_as_asked(verify):
    context = Endpoint("mail.example", 993, verify=verify).tls_context()

    assert context.check_hostname is verify
    assert (context.verify_mode == ssl.CERT_REQUIRED) is verify


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("protocol", ["imap", "pop"])
def test_every_protocol_has_a_port_for_every_security(protocol, security):
    assert (protocol, security) in DEFAULT_PORTS
