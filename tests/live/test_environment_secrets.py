"""Servers whose password is in a file that a variable names, against real servers."""

from unittest.mock import patch

import pytest

from odoo.exceptions import UserError

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail_gateway_plus.core.diagnosis.ladder import Climb
from odoo.addons.mail_gateway_plus.core.diagnosis.steps import Protocol

from tests.live.live_case import fetch, incoming, letter, process, rows_of
from tests.rig.processes import wait_until

ACCOUNT = "robot@city.example"
RECIPIENT = "amina@home.example"
PASSWORD = "relay-secret-7"
WRONG = "stored-and-wrong"


@pytest.fixture
def secret(monkeypatch, tmp_path):
    """A function that puts a password where a variable says; without one, nowhere."""
    path = tmp_path / "mail_password"

    def write(code, password=None):
        path.unlink(missing_ok=True)
        if password:
            path.write_text(f"{password}\n", encoding="utf-8")
        monkeypatch.setenv(f"MAIL_GATEWAY_{code}_PASSWORD", f"file:{path}")
        return path

    return write


@pytest.fixture
def relay(env, postfix, dovecot):
    """The rig's Postfix, and Odoo really sending."""
    dovecot.add_user(ACCOUNT, PASSWORD)
    dovecot.add_user(RECIPIENT, PASSWORD)
    dovecot.empty(RECIPIENT)
    env["ir.mail_server"].search([]).action_archive()
    env.user.email = ACCOUNT
    with patch.object(IrMail_Server, "_disable_send", return_value=False):
        yield postfix


def start_anew(env):
    """Forget what was read, as another worker or transaction does."""
    env.flush_all()
    env.invalidate_all()


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_mailbox_is_confirmed_and_read_with_the_password_of_the_file(
    odoo_case, env, mailbox, secret, kind
):
    mailbox.deliver(letter("One"))
    server = incoming(env, mailbox, kind, "ssl", password=WRONG)
    with pytest.raises(UserError):
        server.button_confirm_login()
    secret("SUPPORT", mailbox.password)
    server.environment_code = "SUPPORT"

    server.button_confirm_login()
    start_anew(env)
    assert fetch(odoo_case, server) is None
    process(odoo_case)

    assert server.state == "done"
    assert rows_of(server).mapped("state") == ["done"]
    assert server.password == WRONG


def test_mailbox_is_not_read_with_the_stored_password_when_the_file_is_gone(
    odoo_case, env, mailbox, secret
):
    secret("SUPPORT", mailbox.password)
    server = incoming(env, mailbox, "imap", "ssl", environment_code="SUPPORT")
    server.button_confirm_login()
    mailbox.deliver(letter("One"))

    path = secret("SUPPORT")
    start_anew(env)
    error = fetch(odoo_case, server)

    assert str(path) in str(error)
    assert str(path) in server.error_message
    assert not rows_of(server)


def test_password_of_the_environment_is_in_no_transcript(env, mailbox, monkeypatch):
    monkeypatch.setenv("MAIL_GATEWAY_SUPPORT_PASSWORD", "wrong-secret-9")
    server = incoming(env, mailbox, "imap", "none", environment_code="SUPPORT")
    dial = server.with_context(mail_gateway_dial_only=True)._connect__(True)
    climb = Climb(server._diagnosis_target(Protocol.IMAP, dial, ""))

    list(climb.climb())

    assert not climb.has_passed
    assert "LOGIN" in str(climb.transcript)
    assert "wrong-secret-9" not in str(climb.transcript)


def test_relay_is_confirmed_and_sends_with_the_password_of_the_file(
    env, relay, dovecot, secret, monkeypatch
):
    secret("MAIN", PASSWORD)
    monkeypatch.setenv("MAIL_GATEWAY_MAIN_HOST", "localhost")
    monkeypatch.setenv("MAIL_GATEWAY_MAIN_PORT", str(relay.submission_port))
    server = env["ir.mail_server"].create(
        {
            "name": "Relay",
            "state": "draft",
            "smtp_host": "nowhere.invalid",
            "smtp_encryption": "starttls_strict",
            "smtp_user": ACCOUNT,
            "smtp_pass": WRONG,
            "environment_code": "MAIN",
        }
    )

    server.action_test_and_confirm()
    start_anew(env)
    mail = env["mail.mail"].create(
        {
            "email_from": ACCOUNT,
            "email_to": RECIPIENT,
            "subject": "Your grievance",
            "body_html": "<p>We look into it.</p>",
            "auto_delete": False,
        }
    )
    mail.send()

    assert (server.state, mail.state) == ("done", "sent")
    wait_until(lambda: dovecot.messages(RECIPIENT), what="delivery")


def test_relay_is_not_used_when_the_file_is_gone(env, relay, secret):
    secret("MAIN", PASSWORD)
    server = env["ir.mail_server"].create(
        {
            "name": "Relay",
            "smtp_host": "localhost",
            "smtp_port": relay.submission_port,
            "smtp_encryption": "starttls_strict",
            "smtp_user": ACCOUNT,
            "smtp_pass": PASSWORD,  # which would do
            "environment_code": "MAIN",
        }
    )

    path = secret("MAIN")
    start_anew(env)

    assert server.state == "draft"
    with pytest.raises(UserError, match=str(path)):
        env["ir.mail_server"]._connect__(mail_server_id=server.id)
