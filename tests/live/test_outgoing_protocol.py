"""Handing mails to a real Postfix, step by step."""

import smtplib
import time
from email.message import EmailMessage

import pytest

from odoo.addons.mail_gateway_plus.core.protocols.dial import LoginStep
from odoo.addons.mail_gateway_plus.core.protocols.endpoint import Endpoint, Security
from odoo.addons.mail_gateway_plus.core.protocols.smtp import (
    MessageTooLarge,
    Phase,
    phase_of,
)
from odoo.addons.mail_gateway_plus.core.protocols.smtp_dial import SmtpDial

from tests.rig.processes import wait_until

SENDER = "odoo@city.example"
RECIPIENT = "amina@home.example"
UNKNOWN = "nobody@home.example"
PASSWORD = "secret"


@pytest.fixture
def relay(postfix, dovecot):
    """The rig's Postfix, which knows a sender with a password and a recipient."""
    for address in (SENDER, RECIPIENT):
        dovecot.add_user(address, PASSWORD)
    dovecot.empty(RECIPIENT)
    return postfix


def dial(relay, security=Security.STARTTLS, password=PASSWORD):
    port = relay.smtps_port if security is Security.SSL else relay.submission_port
    login = LoginStep("login", (SENDER, password))
    return SmtpDial(Endpoint("localhost", port, security), (login,))


@pytest.fixture
def session(relay):
    session = dial(relay).connect()
    yield session
    session.close()


def letter(body="Dark for weeks.\n"):
    message = EmailMessage()
    message["From"], message["To"] = SENDER, RECIPIENT
    message["Subject"] = "Your grievance"
    message["Message-Id"] = f"<{time.monotonic_ns()}@city.example>"
    message.set_content(body)
    return message


def hand_over(session, message, *recipients):
    delivery = session.offer(message, SENDER, recipients)
    if delivery.is_open:
        session.finish(delivery)
    return delivery


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.SSL])
def test_session_is_encrypted_and_carries_mail_after_mail(relay, dovecot, security):
    session = dial(relay, security).connect()
    try:
        deliveries = [hand_over(session, letter(), RECIPIENT) for _ in range(3)]
    finally:
        session.close()

    assert [delivery.phase for delivery in deliveries] == [Phase.ACCEPTED] * 3
    assert session.tls_version == "TLSv1.3"
    wait_until(lambda: len(dovecot.messages(RECIPIENT)) == 3, what="delivery")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.SSL])
def test_wrong_password_fails_in_the_login(relay, security):
    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        dial(relay, security, password="wrong").connect()

    assert phase_of(caught.value) is Phase.AUTH


def test_offered_mail_is_delivered_only_once_it_is_finished(relay, dovecot, session):
    delivery = session.offer(letter(), SENDER, [RECIPIENT])
    assert delivery.is_open

    session.finish(delivery)

    assert delivery.accepted
    assert delivery.reply.queue_id in relay.log()
    wait_until(lambda: dovecot.messages(RECIPIENT), what="delivery")


def test_mail_that_is_offered_and_given_up_is_not_delivered(relay, dovecot, session):
    given_up = letter("Given up.\n")
    assert session.offer(given_up, SENDER, [RECIPIENT]).is_open

    session.close()

    other = dial(relay).connect()
    assert hand_over(other, letter(), RECIPIENT).accepted
    other.close()
    wait_until(lambda: dovecot.messages(RECIPIENT), what="delivery")
    (only,) = dovecot.messages(RECIPIENT)
    assert b"Given up" not in only


def test_unknown_recipient_is_refused_by_name_and_the_other_gets_the_mail(
    dovecot, session
):
    assert session.has_extn("pipelining")

    delivery = hand_over(session, letter(), UNKNOWN, RECIPIENT)

    assert delivery.accepted
    assert delivery.accepted_recipients == [RECIPIENT]
    assert delivery.refused[UNKNOWN].enhanced_code == "5.1.1"
    wait_until(lambda: dovecot.messages(RECIPIENT), what="delivery")


def test_mail_for_nobody_fails_and_the_session_goes_on(session):
    refused = hand_over(session, letter(), UNKNOWN)

    assert (refused.phase, refused.reply.enhanced_code) == (Phase.RCPT, "5.1.1")
    assert session.usable
    assert hand_over(session, letter(), RECIPIENT).accepted


def test_mail_beyond_the_server_s_limit_is_not_offered_and_the_session_goes_on(session):
    assert session.max_size > 1_000_000
    big = letter("0123456789abcdef\n" * (session.max_size // 16))

    refused = hand_over(session, big, RECIPIENT)

    assert type(refused.error) is MessageTooLarge
    assert (refused.phase, refused.reply.code) == (Phase.MAIL, 552)
    assert hand_over(session, letter(), RECIPIENT).accepted


def test_large_mail_arrives_whole(dovecot, session):
    body = "".join(f".{number} dots at the start\n" for number in range(50_000))

    assert hand_over(session, letter(body), RECIPIENT).accepted

    wait_until(lambda: dovecot.messages(RECIPIENT), what="delivery")
    (raw,) = dovecot.messages(RECIPIENT)
    assert raw.replace(b"\r\n", b"\n").endswith(body.encode())
