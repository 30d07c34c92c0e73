"""The ladder finds where a server fails, on servers that follow a script."""

import time
from contextlib import contextmanager

import pytest
from mgp_core.diagnosis.advice_keys import Advice
from mgp_core.diagnosis.ladder import Climb
from mgp_core.diagnosis.steps import Door, Protocol, Step, StepState, Target
from mgp_core.protocols.dial import LoginStep
from mgp_core.protocols.endpoint import Endpoint, Security

from tests.rig.certificates import CertificateAuthority
from tests.rig.processes import free_port
from tests.rig.scripted_server import (
    Expect,
    ReadUntil,
    ScriptedServer,
    Send,
    SendRaw,
    StartTls,
)
from tests.rig.scripts_in_turn import ScriptsInTurn
from tests.unit.faulty_situations import server_context

PASSWORD = "pass-word-9"
USER = "me@city.example"
OK, WARNING, FAILED, SKIPPED = StepState

GREETING = Send(b"220 rig ready")
EHLO = Expect(b"ehlo .*", b"250-rig", b"250-SIZE 1000", b"250 AUTH PLAIN")
AUTH = Expect(b"AUTH PLAIN .*", b"235 2.7.0 Ok")
ENVELOPE = (
    Expect(b"mail FROM:<desk@city.example>.*", b"250 Ok"),
    Expect(b"rcpt TO:<ann@home.example>", b"250 Ok"),
    Expect(b"rset", b"250 Ok"),
)
QUIT = Expect(b"quit", b"221 Bye")
GO_AHEAD = Expect(b"STARTTLS", b"220 Go ahead")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def trust_authority(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted_bundle()))


def smtp(port, security=Security.NONE, host="127.0.0.1", **values):
    defaults = {
        "user": USER,
        "secrets": (PASSWORD,),
        "login": (LoginStep("login", (USER, PASSWORD)),),
        "sender": "desk@city.example",
        "recipient": "ann@home.example",
    }
    endpoint = Endpoint(host, port, security, timeout=3)
    return Target(Protocol.SMTP, endpoint, **{**defaults, **values})


@contextmanager
def scripted(*steps):
    """Serve a script whose end need not be reached."""
    with ScriptedServer(*steps) as server:
        yield server


def climb(target, **limits):
    """Return the finished climb, and its results by step."""
    one = Climb(target, **limits)
    return one, {result.step: result for result in one.climb()}


def states(results):
    return {step.value: result.state.value for step, result in results.items()}


def test_good_server_passes_every_step():
    with scripted(GREETING, EHLO, AUTH, *ENVELOPE, QUIT) as server:
        one, results = climb(smtp(server.port))

    assert one.has_passed
    assert states(results) == {
        "resolve": "ok",
        "connect": "ok",
        "greeting": "ok",
        "tls": "warning",
        "capabilities": "ok",
        "login": "ok",
        "envelope": "ok",
    }
    assert results[Step.ENVELOPE].details["max_size"] == 1000
    assert results[Step.LOGIN].details["mechanisms"] == ["PLAIN"]


def test_wrong_password_fails_cleanly_and_shows_nowhere():
    refusal = Expect(b"AUTH PLAIN .*", b"535 5.7.8 no: " + PASSWORD.encode())
    with scripted(GREETING, EHLO, refusal, QUIT) as server:
        one, results = climb(smtp(server.port))

    assert (results[Step.LOGIN].state, results[Step.LOGIN].advice) == (
        FAILED,
        Advice.WRONG_PASSWORD,
    )
    assert results[Step.ENVELOPE].state is SKIPPED
    assert not one.has_passed
    assert "535 5.7.8 no" in results[Step.LOGIN].words
    assert PASSWORD not in f"{one.transcript}{results}{one.target}"


def test_missing_login_is_passed_over():
    with scripted(GREETING, EHLO, *ENVELOPE, QUIT) as server:
        one, results = climb(smtp(server.port, login=()))

    assert results[Step.LOGIN].state is SKIPPED
    assert one.has_passed


def test_token_that_could_not_be_had_fails_the_login_in_the_providers_words():
    with scripted(GREETING, EHLO, QUIT) as server:
        target = smtp(server.port, login=(), login_error="invalid_grant")
        _one, results = climb(target)

    assert results[Step.LOGIN].advice is Advice.TOKEN_MISSING
    assert results[Step.LOGIN].words == "invalid_grant"


def test_refused_recipient_is_told_in_the_servers_words():
    relay = Expect(b"rcpt TO:.*", b"554 5.7.1 <ann@home.example>: Relay access denied")
    with scripted(GREETING, EHLO, AUTH, ENVELOPE[0], relay, QUIT) as server:
        _one, results = climb(smtp(server.port))

    assert results[Step.ENVELOPE].advice is Advice.RELAY_DENIED
    assert "Relay access denied" in results[Step.ENVELOPE].words


def test_test_mail_is_handed_over_and_its_content_is_not_written_down():
    mail = (
        *ENVELOPE[:2],
        Expect(b"data", b"354 Go on"),
        ReadUntil(b"\r\n.\r\n"),
        Send(b"250 2.0.0 Ok: queued as 4F2A"),
    )
    with scripted(GREETING, EHLO, AUTH, *ENVELOPE, *mail, QUIT) as server:
        content = b"Subject: Test\r\n\r\n.dot line"
        one, results = climb(smtp(server.port, content=content))

    assert results[Step.TEST_MAIL].details["queue_id"] == "4F2A"
    assert b"\r\n..dot line\r\n.\r\n" in server.received
    assert "dot line" not in str(one.transcript)


def test_host_without_address_fails_the_first_step():
    _one, results = climb(smtp(25, host="mail.rig.invalid"))

    assert results[Step.RESOLVE].advice is Advice.UNKNOWN_HOST
    assert {result.state for result in list(results.values())[1:]} == {SKIPPED}


def test_closed_port_has_the_others_tried():
    with scripted(GREETING, QUIT) as server:
        door = Door(server.port, Security.NONE)
        one, results = climb(smtp(free_port(), doors=(door,)))

    assert results[Step.CONNECT].advice is Advice.REFUSED
    assert (one.door["port"], one.door["answers"]) == (server.port, True)


def test_tls_on_the_port_without_finds_the_right_security(authority):
    context = server_context(authority.issue("localhost", "127.0.0.1"))
    offer = Expect(b"ehlo .*", b"250-rig", b"250 STARTTLS")
    with ScriptsInTurn(
        (GREETING,), (GREETING, offer, GO_AHEAD, StartTls(context), QUIT)
    ) as server:
        one, results = climb(smtp(server.port, Security.SSL, doors=()))

    assert results[Step.TLS].advice is Advice.TLS_MISMATCH
    assert one.door["security"] == "starttls"


def test_stripped_starttls_is_told_from_a_missing_one():
    with scripted(GREETING, EHLO, GO_AHEAD) as server:
        target = smtp(server.port, Security.STARTTLS, doors=())
        _one, results = climb(target, seconds=1)

    assert results[Step.TLS].advice is Advice.TLS_STRIPPED


def test_masked_offer_is_a_stripped_one():
    masked = Expect(b"ehlo .*", b"250-rig", b"250-XXXXXXXA", b"250 SIZE 1000")
    with scripted(Send(b"220 *****************"), masked) as server:
        target = smtp(server.port, Security.STARTTLS, doors=())
        _one, results = climb(target, seconds=1)

    assert results[Step.GREETING].advice is Advice.BANNER_REWRITTEN
    assert results[Step.TLS].advice is Advice.TLS_STRIPPED


def test_missing_starttls_is_told():
    refusal = Expect(b"STARTTLS", b"502 5.5.1 not implemented")
    with scripted(GREETING, EHLO, refusal) as server:
        target = smtp(server.port, Security.STARTTLS, doors=())
        _one, results = climb(target, seconds=1)

    assert results[Step.TLS].advice is Advice.TLS_MISSING


@pytest.mark.parametrize(
    ("fault", "advice", "detail"),
    [
        ("expired", Advice.CERTIFICATE_EXPIRED, ("expires", "2020-01-01")),
        ("other host", Advice.CERTIFICATE_HOST, ("names", ["other.example"])),
        ("self-signed", Advice.CERTIFICATE_SELF_SIGNED, ("self_signed", True)),
    ],
)
def test_bad_certificate_is_described(authority, fault, advice, detail):
    certificate = {
        "expired": lambda: authority.issue("127.0.0.1", expired=True),
        "other host": lambda: authority.issue("other.example"),
        "self-signed": lambda: authority.self_signed("localhost"),
    }[fault]()
    context = server_context(certificate)
    host = "localhost" if fault == "self-signed" else "127.0.0.1"
    script = (StartTls(context), GREETING, QUIT)
    with ScriptsInTurn(script, script) as server:
        _one, results = climb(
            smtp(server.port, Security.SSL, host=host, doors=()), seconds=5
        )

    assert results[Step.TLS].advice is advice
    assert results[Step.TLS].details[detail[0]] == detail[1]
    assert results[Step.GREETING].state is SKIPPED


def test_good_certificate_is_described(authority):
    context = server_context(authority.issue("127.0.0.1"))
    with scripted(StartTls(context), GREETING, EHLO, AUTH, *ENVELOPE, QUIT) as server:
        one, results = climb(smtp(server.port, Security.SSL))

    tls = results[Step.TLS]
    assert (one.has_passed, tls.state, tls.details["version"]) == (True, OK, "TLSv1.3")
    assert tls.details["names"] == ["127.0.0.1"]
    assert tls.details["days_left"] > 14


def test_unchecked_certificate_is_a_warning(authority):
    context = server_context(authority.self_signed("other.example"))
    with scripted(StartTls(context), GREETING, EHLO, AUTH, *ENVELOPE, QUIT) as server:
        target = smtp(server.port)
        endpoint = Endpoint("127.0.0.1", server.port, Security.SSL, False, 3)
        one, results = climb(Target(**{**vars(target), "endpoint": endpoint}))

    assert (results[Step.TLS].state, results[Step.TLS].advice) == (
        WARNING,
        Advice.NOT_VERIFIED,
    )
    assert one.has_passed


def test_server_that_drips_bytes_is_hung_up_on():
    with scripted(SendRaw(b"220-"), SendRaw(b"x")) as server:
        started = time.monotonic()
        _one, results = climb(smtp(server.port, doors=()), step_seconds=0.5, seconds=2)

    assert time.monotonic() - started < 4
    assert results[Step.GREETING].advice is Advice.TIMEOUT


def test_handshake_that_drips_bytes_is_hung_up_on():
    dripping = Drip(b"\x16\x03\x03\x40\x00" + bytes(1000))
    with ScriptsInTurn((dripping,)) as server:
        started = time.monotonic()
        target = smtp(server.port, Security.SSL, doors=())
        _one, results = climb(target, step_seconds=1, seconds=1.5)

    assert time.monotonic() - started < 4
    assert results[Step.TLS].state is FAILED


class Drip:
    """Sends a byte now and then, each well within any timeout."""

    def __init__(self, data):
        self.data = data

    def play(self, conversation):
        for byte in self.data:
            conversation.send(bytes([byte]))
            time.sleep(0.1)


def test_nul_in_a_servers_words_can_be_stored():
    with scripted(Send(b"220 rig\0ready"), EHLO, AUTH, *ENVELOPE, QUIT) as server:
        one, results = climb(smtp(server.port))

    assert "\0" not in f"{one.transcript}{results[Step.GREETING].details['banner']}"


def test_surprise_in_a_step_is_a_failed_step():
    with scripted(GREETING, EHLO, AUTH, QUIT) as server:
        _one, results = climb(smtp(server.port, sender=None))

    assert results[Step.ENVELOPE].state is FAILED
    assert results[Step.ENVELOPE].advice is Advice.OTHER
