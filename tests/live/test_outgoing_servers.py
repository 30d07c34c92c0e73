"""Outgoing servers against a real Postfix: every security, login, delivery."""

from unittest.mock import patch

import pytest

from odoo.exceptions import UserError

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from tests.rig.postfix import Postfix
from tests.rig.processes import free_port, wait_until

SENDER = "odoo@city.example"
RECIPIENT = "amina@home.example"
PASSWORD = "secret"


@pytest.fixture
def really_sending(env):
    """Let Odoo send, which it does not do in tests, to the rig's server only."""
    env["ir.mail_server"].search([]).action_archive()
    env.user.email = SENDER
    with patch.object(IrMail_Server, "_disable_send", return_value=False):
        yield


@pytest.fixture
def relay(postfix, dovecot):
    """The rig's Postfix, which knows a sender with a password and a recipient."""
    for address in (SENDER, RECIPIENT):
        dovecot.add_user(address, PASSWORD)
    dovecot.empty(RECIPIENT)
    return postfix


def outgoing(env, relay, encryption, **values):
    """Return an outgoing server of Odoo, as a person enters it."""
    ports = {"none": relay.smtp_port, "ssl_strict": relay.smtps_port}
    login = {} if encryption == "none" else {"smtp_user": SENDER, "smtp_pass": PASSWORD}
    return env["ir.mail_server"].create(
        {
            "name": f"Relay {encryption}",
            "smtp_host": "localhost",
            "smtp_port": ports.get(encryption, relay.submission_port),
            "smtp_encryption": encryption,
            "state": "draft",
            **login,
            **values,
        }
    )


def send(env):
    """Send one mail and return it."""
    mail = env["mail.mail"].create(
        {
            "email_from": SENDER,
            "email_to": RECIPIENT,
            "subject": "Your grievance",
            "body_html": "<p>We look into it.</p>",
            "auto_delete": False,
        }
    )
    mail.send()
    return mail


@pytest.mark.parametrize("encryption", ["starttls_strict", "ssl_strict"])
def test_good_server_is_confirmed_and_delivers(
    env, relay, dovecot, really_sending, encryption
):
    server = outgoing(env, relay, encryption)

    server.action_test_and_confirm()
    mail = send(env)

    assert server.state == "done"
    assert mail.state == "sent"
    wait_until(lambda: dovecot.messages(RECIPIENT), what="delivery")
    attempt = env["mail.gateway.attempt"].search([("mail_id", "=", mail.id)])
    assert attempt.outcome == "accepted"
    assert attempt.tls_version == "TLSv1.3"
    assert attempt.queue_id in relay.log()


def test_server_without_encryption_takes_mail_for_its_domains(
    env, relay, dovecot, really_sending
):
    server = outgoing(env, relay, "none", state="done")

    mail = send(env)

    assert mail.state == "sent"
    attempt = env["mail.gateway.attempt"].search([("server_id", "=", server.id)])
    assert not attempt.tls_version


def test_relaying_that_is_refused_fails_the_test(env, relay, really_sending):
    # Without a login Postfix takes mail for its own domains only.
    server = outgoing(env, relay, "none")

    with pytest.raises(UserError, match="refused the test recipient"):
        server.action_test_and_confirm()

    assert server.state == "draft"


@pytest.mark.parametrize("encryption", ["starttls_strict", "ssl_strict"])
def test_wrong_password_is_explained(env, relay, really_sending, encryption):
    server = outgoing(env, relay, encryption, smtp_pass="wrong")

    with pytest.raises(UserError, match="does not accept the user name or"):
        server.action_test_and_confirm()

    assert server.state == "draft"


def test_closed_port_is_explained(env, relay, really_sending):
    server = outgoing(env, relay, "starttls_strict", smtp_port=free_port())

    with pytest.raises(UserError, match="Nothing listens on that port"):
        server.action_test_and_confirm()


def test_tls_on_the_port_without_is_explained(env, relay, really_sending):
    server = outgoing(env, relay, "ssl_strict", smtp_port=relay.submission_port)

    with pytest.raises(UserError, match="does not speak TLS on this port"):
        server.action_test_and_confirm()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("expired", "is not valid today"),
        ("other host", "belongs to another name"),
        ("self-signed", "not issued by an authority"),
    ],
)
def test_bad_certificate_is_refused_and_explained(
    env, rig_directory, certificate_authority, dovecot, really_sending, fault, words
):
    issue = certificate_authority.issue
    certificate = {
        "expired": lambda: issue("localhost", expired=True),
        "other host": lambda: issue("other.example"),
        "self-signed": lambda: certificate_authority.self_signed("localhost"),
    }[fault]()
    dovecot.add_user(SENDER, PASSWORD)
    relay = Postfix(
        rig_directory / f"postfix-{fault.replace(' ', '-')}",
        certificate_authority,
        dovecot,
        ["city.example"],
        certificate=certificate,
    ).start()
    try:
        for encryption in ("starttls_strict", "ssl_strict"):
            server = outgoing(env, relay, encryption)

            with pytest.raises(UserError, match=words):
                server.action_test_and_confirm()

            assert server.state == "draft"
    finally:
        relay.stop()


def test_mail_leaves_through_the_next_server_when_the_first_is_down(
    env, relay, dovecot, really_sending
):
    down = outgoing(
        env, relay, "starttls_strict", smtp_port=free_port(), state="done", sequence=1
    )
    backup = outgoing(env, relay, "ssl_strict", state="done", sequence=2)

    mail = send(env)

    assert mail.state == "sent"
    attempts = env["mail.gateway.attempt"].search(
        [("mail_id", "=", mail.id)], order="id"
    )
    assert attempts.server_id == down + backup
    assert attempts.mapped("outcome") == ["failed", "accepted"]
