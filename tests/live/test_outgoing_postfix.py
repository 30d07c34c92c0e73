"""Sending to a real Postfix that greylists, refuses, limits and wants a login."""

import pytest

from tests.live.outgoing_case import Outbox
from tests.rig.gateway_server import GatewayServer
from tests.rig.greylisting import GreylistingPolicy
from tests.rig.postfix import Postfix
from tests.rig.processes import wait_until

LARGEST = 40_000
PASSWORD = "secret"
AMINA = "amina@home.example"
BRAM = "bram@home.example"
DESK = "desk@city.example"
FULL = "full@home.example"
GONE = "gone@home.example"
RULES = f"{FULL} 450 4.2.2 Mailbox is full\n{GONE} 550 5.1.1 Moved away\n"


@pytest.fixture(scope="module")
def odoo(rig_directory, certificate_authority):
    """A real Odoo on a database of its own, for all tests here."""
    directory = rig_directory / "postfix-odoo"
    with GatewayServer(directory, "mgp_test_postfix", certificate_authority) as server:
        yield server


@pytest.fixture(scope="module")
def greylisting():
    with GreylistingPolicy() as policy:
        yield policy


@pytest.fixture(scope="module")
def relay(rig_directory, certificate_authority, dovecot, greylisting):
    """A Postfix with rules: greylisting on the internet's port, a map on all ports."""
    directory = rig_directory / "postfix-rules"
    directory.mkdir()
    rules = directory / "recipients"
    rules.write_text(RULES)
    for address in (AMINA, BRAM, FULL, GONE, DESK):
        dovecot.add_user(address, PASSWORD)
    settings = {
        "message_size_limit": str(LARGEST),
        "smtpd_client_restrictions": "permit_sasl_authenticated,"
        f"check_policy_service inet:127.0.0.1:{greylisting.port}",
        "smtpd_recipient_restrictions": f"check_recipient_access texthash:{rules}",
        "smtpd_delay_reject": "yes",
    }
    server = Postfix(
        directory,
        certificate_authority,
        dovecot,
        ["city.example", "home.example"],
        settings=settings,
    ).start()
    yield server
    server.stop()


@pytest.fixture
def outbox(odoo, dovecot):
    for address in (AMINA, BRAM):
        dovecot.empty(address)
    box = Outbox(odoo)
    yield box
    box.close()


def add_submission(outbox, relay, encryption="starttls_strict", **values):
    """Enter the Postfix as a server with a login, which greylisting spares."""
    is_tls = encryption == "ssl_strict"
    return outbox.add_relay(
        relay.smtps_port if is_tls else relay.submission_port,
        smtp_encryption=encryption,
        **{"smtp_user": DESK, "smtp_pass": PASSWORD, **values},
    )


def inboxes(dovecot, *addresses):
    return [len(dovecot.messages(address)) for address in addresses]


def test_O2_greylisting_delays_and_delivers_once(outbox, relay, dovecot, greylisting):
    outbox.add_relay(relay.smtp_port)

    mail = outbox.queue(AMINA, BRAM)
    outbox.wait_for_attempts(mail)
    assert inboxes(dovecot, AMINA, BRAM) == [0, 0]
    states = outbox.settle([mail])

    assert states == ["sent"]
    assert (outbox.sender, AMINA) in greylisting.deferred
    wait_until(lambda: 0 not in inboxes(dovecot, AMINA, BRAM), what="delivery")
    assert inboxes(dovecot, AMINA, BRAM) == [1, 1]


@pytest.mark.parametrize("encryption", ["starttls_strict", "ssl_strict"])
def test_login_over_tls_delivers(outbox, relay, dovecot, encryption):
    add_submission(outbox, relay, encryption)

    mails = outbox.queue_many([[AMINA]] * 12)
    states = outbox.settle(mails)

    assert states == ["sent"] * 12
    wait_until(lambda: inboxes(dovecot, AMINA) == [12], what="delivery")


def test_O8_full_and_gone_mailboxes_do_not_keep_it_from_the_others(
    outbox, relay, dovecot
):
    add_submission(outbox, relay)

    mail = outbox.queue(FULL, GONE, AMINA)
    outbox.wait_for_attempts(mail)

    assert outbox.state(mail) == "outgoing"  # the full one may have room later
    wait_until(lambda: inboxes(dovecot, AMINA) == [1], what="delivery")
    outbox.make_due([mail])
    outbox.wait_for_attempts(mail, 2)
    assert inboxes(dovecot, AMINA) == [1]
    assert "Mailbox is full" in outbox.value("mail.failure_reason", mail)
    assert relay.log().count(f"550 5.1.1 <{GONE}>") == 1


def test_refused_recipient_ends_as_a_dead_letter(outbox, relay):
    add_submission(outbox, relay)

    mail = outbox.queue(GONE)
    outbox.wait_for(mail, "exception")

    assert "Moved away" in outbox.value("mail.failure_reason", mail)
    assert outbox.value("dead_letter_at IS NOT NULL", mail)


def test_O14_size_limit_is_heeded_before_sending(outbox, relay):
    add_submission(outbox, relay)

    mail = outbox.queue(AMINA, body_html=f"<p>{'long ' * 20_000}</p>")
    outbox.wait_for(mail, "exception")

    assert "Message size exceeds" not in relay.log()
    assert outbox.value("dead_letter_at IS NOT NULL", mail)


def test_wrong_password_keeps_the_mail_waiting(outbox, relay, dovecot):
    add_submission(outbox, relay, smtp_pass="wrong")

    mail = outbox.queue(AMINA)
    outbox.wait_for_attempts(mail)

    assert outbox.state(mail) == "outgoing"
    assert outbox.attempts(mail)[0][2:] == ("auth", 535)
