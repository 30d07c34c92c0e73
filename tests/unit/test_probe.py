"""A server is connected to and looked at; it never sees a login."""

import socket
import ssl

import pytest
from mgp_core.discovery.offer import Offer, Reached, Source
from mgp_core.discovery.probe import Prober, guesses
from mgp_core.protocols.endpoint import Security
from mgp_core.setup.settings import Protocol

from tests.rig.processes import free_port
from tests.rig.scripted_server import Expect, ScriptedServer, Send, StartTls

HOST = "mail.city.example"
SSL, STARTTLS = Security.SSL, Security.STARTTLS


class Names:
    def __init__(self, *addresses):
        self._addresses = list(addresses)

    def addresses(self, host):
        assert host == HOST
        return self._addresses


@pytest.fixture
def tls(certificate_authority):
    def context(certificate=None):
        certificate = certificate or certificate_authority.issue(HOST)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate.cert_path, certificate.key_path)
        return server

    return context


@pytest.fixture
def probe(certificate_authority):
    def run(protocol, port, security, names=None, allow_private=True, timeout=2.0):
        prober = Prober(
            names or Names("127.0.0.1"),
            allow_private,
            timeout,
            certificate_authority.client_context(),
        )
        return prober.probe(Offer(protocol, HOST, port, security, Source.SRV))

    return run


SCRIPTS = {
    Protocol.SMTP: (
        [Send(b"220-Hello", b"220 mail")],
        [
            Expect(rb"EHLO \[127.0.0.1\]", b"250-mail", b"250-STARTTLS", b"250 SIZE"),
            Expect(rb"STARTTLS", b"220 go on"),
        ],
        [
            Expect(rb"EHLO .*", b"250-mail", b"250 AUTH PLAIN XOAUTH2"),
            Expect(rb"QUIT", b"221 bye"),
        ],
        ("PLAIN", "XOAUTH2"),
    ),
    Protocol.IMAP: (
        [Send(b"* OK ready")],
        [
            Expect(
                rb"a CAPABILITY",
                b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED",
                b"a OK",
            ),
            Expect(rb"b STARTTLS", b"b OK"),
        ],
        [
            Expect(
                rb"a CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2", b"a OK done"
            ),
            Expect(rb"c LOGOUT", b"* BYE"),
        ],
        ("XOAUTH2", "LOGIN"),
    ),
    Protocol.POP: (
        [Send(b"+OK ready")],
        [Expect(rb"CAPA", b"+OK", b"STLS", b"."), Expect(rb"STLS", b"+OK")],
        [
            Expect(rb"CAPA", b"+OK", b"USER", b"SASL PLAIN", b"."),
            Expect(rb"QUIT", b"+OK"),
        ],
        ("USER", "PLAIN"),
    ),
}


@pytest.mark.parametrize("protocol", list(Protocol))
def test_server_of_ssl_tells_how_to_log_in(probe, tls, protocol):
    greeting, _upgrade, rest, login = SCRIPTS[protocol]

    with ScriptedServer(StartTls(tls()), *greeting, *rest) as server:
        offer = probe(protocol, server.port, SSL)

    assert (offer.reached, offer.login) == (Reached.OK, login)


@pytest.mark.parametrize("protocol", list(Protocol))
def test_server_of_starttls_tells_how_to_log_in_once_encrypted(probe, tls, protocol):
    greeting, upgrade, rest, login = SCRIPTS[protocol]

    with ScriptedServer(*greeting, *upgrade, StartTls(tls()), *rest) as server:
        offer = probe(protocol, server.port, STARTTLS)

    assert (offer.reached, offer.login) == (Reached.OK, login)


@pytest.mark.parametrize(
    "protocol, answers",
    [
        (Protocol.SMTP, [Send(b"220 mail"), Expect(rb"EHLO .*", b"250 SIZE")]),
        (
            Protocol.IMAP,
            [Send(b"* OK"), Expect(rb"a .*", b"* CAPABILITY IMAP4rev1", b"a OK")],
        ),
        (Protocol.POP, [Send(b"+OK"), Expect(rb"CAPA", b"-ERR unknown")]),
    ],
)
def test_server_that_does_not_encrypt_is_told_apart(probe, protocol, answers):
    with ScriptedServer(*answers) as server:
        offer = probe(protocol, server.port, STARTTLS)

    assert offer.reached is Reached.NO_TLS


@pytest.mark.parametrize("trouble", ["self-signed", "expired", "other name"])
def test_certificate_has_to_be_valid(probe, tls, certificate_authority, trouble):
    certificate = {
        "self-signed": lambda: certificate_authority.self_signed(HOST),
        "expired": lambda: certificate_authority.issue(HOST, expired=True),
        "other name": lambda: certificate_authority.issue("other.example"),
    }[trouble]()

    with ScriptedServer(StartTls(tls(certificate))) as server:
        offer = probe(Protocol.SMTP, server.port, SSL)

    assert offer.reached is Reached.CERTIFICATE
    assert not server.lines


def test_server_of_another_protocol_is_told_apart(probe):
    with ScriptedServer(Send(b"+OK ready")) as server:
        assert probe(Protocol.IMAP, server.port, STARTTLS).reached is (
            Reached.OTHER_PROTOCOL
        )


def test_server_that_says_nothing_is_given_up(probe):
    with ScriptedServer() as server:
        offer = probe(Protocol.IMAP, server.port, STARTTLS, timeout=0.3)

    assert offer.reached is Reached.NO_ANSWER


def test_server_that_never_ends_its_answer_is_given_up(probe):
    endless = Send(*[b"220-more"] * 1000)

    with ScriptedServer(endless) as server:
        offer = probe(Protocol.SMTP, server.port, STARTTLS)

    assert offer.reached is Reached.OTHER_PROTOCOL


def test_closed_port_does_not_answer(probe):
    assert probe(Protocol.IMAP, free_port(), SSL).reached is Reached.NO_ANSWER


def test_unknown_host_has_no_address(probe):
    assert probe(Protocol.IMAP, 993, SSL, Names()).reached is Reached.NO_ADDRESS


def test_own_network_is_not_probed_unless_allowed(probe):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]

        offer = probe(Protocol.IMAP, port, STARTTLS, allow_private=False)

        assert offer.reached is Reached.PRIVATE
        with pytest.raises(TimeoutError):
            listener.accept()


def test_usual_names_are_tried_encrypted_from_the_start_first():
    offers = guesses(Protocol.IMAP, "city.example")

    assert [(offer.host, offer.port) for offer in offers] == [
        ("imap.city.example", 993),
        ("mail.city.example", 993),
        ("city.example", 993),
        ("imap.city.example", 143),
        ("mail.city.example", 143),
        ("city.example", 143),
    ]
