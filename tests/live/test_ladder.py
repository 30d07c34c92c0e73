"""The ladder against real servers: every security, bad certificates, middleboxes."""

import contextlib
import socket
import time

import pytest

from odoo.addons.mail_gateway_plus.core.diagnosis.advice_keys import Advice
from odoo.addons.mail_gateway_plus.core.diagnosis.ladder import Climb
from odoo.addons.mail_gateway_plus.core.diagnosis.peeking import peek
from odoo.addons.mail_gateway_plus.core.diagnosis.steps import (
    Door,
    Protocol,
    Step,
    StepState,
    Target,
)
from odoo.addons.mail_gateway_plus.core.protocols.dial import LoginStep
from odoo.addons.mail_gateway_plus.core.protocols.endpoint import Endpoint, Security

from tests.live.live_case import letter
from tests.rig.dovecot import Dovecot
from tests.rig.postfix import Postfix
from tests.rig.processes import free_port, wait_until
from tests.rig.starttls_stripper import StarttlsStripper

SENDER = "odoo@city.example"
PASSWORD = "wrong-secret-9"
NONE, STARTTLS, SSL = Security.NONE, Security.STARTTLS, Security.SSL


@pytest.fixture
def relay(postfix, dovecot):
    dovecot.add_user(SENDER, "relay-secret")
    dovecot.empty(SENDER)
    return postfix


def mailbox_target(mailbox, protocol, security, password=None, **values):
    """Return how to examine a mailbox of the rig's Dovecot."""
    password = password or mailbox.password
    port = mailbox.server.port_of(protocol.value, tls=security is SSL)
    return Target(
        protocol,
        Endpoint("localhost", values.pop("port", port), security, timeout=5),
        user=mailbox.address,
        secrets=(password,),
        login=(LoginStep("login", (mailbox.address, password)),),
        **{"newest": 10, "doors": (), **values},
    )


def relay_target(port, security, password="relay-secret", **values):
    """Return how to examine the rig's Postfix."""
    return Target(
        Protocol.SMTP,
        Endpoint("localhost", port, security, timeout=5),
        user=SENDER,
        secrets=(password,),
        login=(LoginStep("login", (SENDER, password)),),
        sender=SENDER,
        **{"recipient": SENDER, "doors": (), **values},
    )


def climb(target, **limits):
    one = Climb(target, **limits)
    return one, {result.step: result for result in one.climb()}


def failed(results):
    """Return the step that failed and its advice."""
    [result] = [r for r in results.values() if r.state is StepState.FAILED]
    return result.step, result.advice


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("protocol", [Protocol.IMAP, Protocol.POP])
def test_good_mailbox_passes_and_is_left_as_it_was(mailbox, protocol, security):
    mailbox.deliver(letter("One"))
    mailbox.deliver(letter("Two", "<2@home.example>"))

    one, results = climb(mailbox_target(mailbox, protocol, security))

    assert one.has_passed, (results, str(one.transcript))
    assert results[Step.FOLDERS].details["folders"][0]["messages"] == 2
    assert [b"Subject: Two" in seen.raw for seen in one.seen] == [True, False]
    assert len(mailbox.messages()) == 2
    assert mailbox.server.flags(mailbox.address) == ["", ""]


@pytest.mark.parametrize("security", [STARTTLS, SSL])
def test_good_relay_passes_and_takes_a_mail(relay, dovecot, security):
    port = relay.smtps_port if security is SSL else relay.submission_port
    content = letter("Test mail")

    one, results = climb(relay_target(port, security, content=content))

    assert one.has_passed, (results, str(one.transcript))
    assert results[Step.TLS].details["version"] == "TLSv1.3"
    assert results[Step.TEST_MAIL].details["queue_id"]
    wait_until(lambda: dovecot.messages(SENDER), what="the test mail")


@pytest.mark.parametrize("security", [STARTTLS, SSL])
@pytest.mark.parametrize("protocol", Protocol)
def test_wrong_password_fails_cleanly_and_shows_nowhere(
    relay, mailbox, protocol, security
):
    if protocol is Protocol.SMTP:
        port = relay.smtps_port if security is SSL else relay.submission_port
        target = relay_target(port, security, PASSWORD)
    else:
        target = mailbox_target(mailbox, protocol, security, PASSWORD)

    one, results = climb(target)

    assert failed(results) == (Step.LOGIN, Advice.WRONG_PASSWORD)
    assert PASSWORD not in f"{one.transcript}{results}{target}{one}"


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("expired", Advice.CERTIFICATE_EXPIRED),
        ("other host", Advice.CERTIFICATE_HOST),
        ("self-signed", Advice.CERTIFICATE_SELF_SIGNED),
    ],
)
def test_bad_certificate_is_told_and_described(
    rig_directory, certificate_authority, trust_rig_ca, fault, advice
):
    issue = certificate_authority.issue
    certificate = {
        "expired": lambda: issue("localhost", expired=True),
        "other host": lambda: issue("other.example"),
        "self-signed": lambda: certificate_authority.self_signed("localhost"),
    }[fault]()
    name = f"ladder-{fault.replace(' ', '-')}"
    dovecot = Dovecot(
        rig_directory / f"{name}-imap",
        certificate_authority,
        {SENDER: "relay-secret"},
        certificate,
    ).start()
    postfix = Postfix(
        rig_directory / name,
        certificate_authority,
        dovecot,
        ["city.example"],
        certificate=certificate,
    ).start()
    try:
        for protocol, port, security in (
            (Protocol.IMAP, dovecot.imaps_port, SSL),
            (Protocol.IMAP, dovecot.imap_port, STARTTLS),
            (Protocol.POP, dovecot.pop3s_port, SSL),
            (Protocol.POP, dovecot.pop3_port, STARTTLS),
            (Protocol.SMTP, postfix.smtps_port, SSL),
            (Protocol.SMTP, postfix.submission_port, STARTTLS),
        ):
            endpoint = Endpoint("localhost", port, security, timeout=5)

            _one, results = climb(Target(protocol, endpoint, doors=()), seconds=10)

            assert failed(results) == (Step.TLS, advice), (protocol, security)
            assert results[Step.TLS].details["chain"], (protocol, security)
            assert results[Step.LOGIN].state is StepState.SKIPPED
    finally:
        postfix.stop()
        dovecot.stop()


@pytest.mark.parametrize("masks", [False, True])
def test_middlebox_that_strips_starttls_is_found_out(relay, masks):
    with StarttlsStripper(relay.submission_port, masks=masks) as middlebox:
        target = relay_target(middlebox.port, STARTTLS)

        _one, results = climb(target, seconds=10)

    assert failed(results) == (Step.TLS, Advice.TLS_STRIPPED)
    assert b"AUTH" not in middlebox.said_by_client


def test_middlebox_on_the_way_to_a_mailbox_is_found_out(mailbox):
    port = mailbox.server.imap_port
    with StarttlsStripper(port) as middlebox:
        target = mailbox_target(mailbox, Protocol.IMAP, STARTTLS, port=middlebox.port)

        _one, results = climb(target, seconds=10)

    assert failed(results) == (Step.TLS, Advice.TLS_STRIPPED)
    assert b"LOGIN" not in middlebox.said_by_client


@pytest.mark.parametrize("security", [STARTTLS, SSL])
@pytest.mark.parametrize("protocol", Protocol)
def test_certificate_is_peeked_at_without_a_login(mailbox, relay, protocol, security):
    if protocol is Protocol.SMTP:
        port = relay.smtps_port if security is SSL else relay.submission_port
        target = relay_target(port, security)
    else:
        target = mailbox_target(mailbox, protocol, security)

    details = peek(target, 10)

    assert "localhost" in details["names"]
    assert details["days_left"] >= 0


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("protocol", Protocol)
def test_silent_port_is_given_up_in_time(protocol, security):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        target = Target(protocol, Endpoint("127.0.0.1", port, security), doors=())
        started = time.monotonic()

        _one, results = climb(target, step_seconds=1, seconds=3)

    assert time.monotonic() - started < 6
    step, advice = failed(results)
    assert step in (Step.GREETING, Step.TLS)
    assert advice in (Advice.TIMEOUT, Advice.TLS_MISMATCH)


def test_closed_port_leads_to_the_one_that_answers(relay):
    doors = (Door(free_port(), SSL), Door(relay.submission_port, STARTTLS))

    one, results = climb(relay_target(free_port(), SSL, doors=doors))

    assert failed(results) == (Step.CONNECT, Advice.REFUSED)
    assert one.door["port"] == relay.submission_port


def test_starttls_on_the_port_for_ssl_leads_to_ssl(relay):
    target = relay_target(relay.smtps_port, STARTTLS)

    one, results = climb(target, step_seconds=2)

    assert failed(results)[0] is Step.GREETING
    assert (one.door["port"], one.door["security"]) == (relay.smtps_port, "ssl")


def test_relay_that_wants_a_login_says_so(relay):
    target = relay_target(relay.smtp_port, STARTTLS, recipient="ann@far.example")
    target = Target(**{**vars(target), "login": ()})

    _one, results = climb(target)

    assert failed(results) == (Step.ENVELOPE, Advice.RELAY_DENIED)


def test_missing_folder_is_told_with_the_others(mailbox):
    mailbox.server.deliver(mailbox.address, letter("One"), "Complaints")
    target = mailbox_target(mailbox, Protocol.IMAP, SSL, folders=("INBOX", "Absent"))

    _one, results = climb(target)

    assert failed(results) == (Step.FOLDERS, Advice.FOLDER_MISSING)
    assert "Complaints" in results[Step.FOLDERS].details["names"]
