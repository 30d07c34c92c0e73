"""Servers whose certificates come from an authority that this machine does not know."""

from unittest.mock import patch

import pytest

from odoo.exceptions import UserError, ValidationError

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from tests.live.live_case import incoming

ACCOUNT = "robot@city.example"
PASSWORD = "relay-secret-7"


@pytest.fixture
def authorities(certificate_authority, monkeypatch):
    """The authority of the rig in PEM, which this machine now trusts no more."""
    monkeypatch.delenv("SSL_CERT_FILE")
    return certificate_authority.pem_path.read_text()


@pytest.mark.parametrize("security", ["ssl", "starttls"])
@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_mailbox_is_confirmed_once_its_authority_is_entered(
    env, mailbox, authorities, kind, security
):
    server = incoming(env, mailbox, kind, security)
    with pytest.raises(UserError, match="Trusted Authorities"):
        server.button_confirm_login()

    server.authorities = authorities
    server.button_confirm_login()

    assert server.state == "done"
    server.authorities = False
    assert server.state == "draft"


@pytest.mark.parametrize("encryption", ["ssl_strict", "starttls_strict"])
def test_relay_is_confirmed_once_its_authority_is_entered(
    env, dovecot, postfix, authorities, encryption
):
    dovecot.add_user(ACCOUNT, PASSWORD)
    is_ssl = encryption == "ssl_strict"
    server = env["ir.mail_server"].create(
        {
            "name": "Relay",
            "state": "draft",
            "smtp_host": "localhost",
            "smtp_port": postfix.smtps_port if is_ssl else postfix.submission_port,
            "smtp_encryption": encryption,
            "smtp_user": ACCOUNT,
            "smtp_pass": PASSWORD,
            "from_filter": "city.example",
            "lowest_tls": "1.3",
        }
    )
    with patch.object(IrMail_Server, "_disable_send", return_value=False):
        with pytest.raises(UserError):
            server.action_test_and_confirm()

        server.authorities = authorities
        server.action_test_and_confirm()

    assert server.state == "done"


def test_authorities_come_from_a_file_of_the_environment_too(
    env, mailbox, authorities, monkeypatch, tmp_path
):
    path = tmp_path / "authorities.pem"
    path.write_text(authorities, encoding="utf-8")
    server = incoming(env, mailbox, "imap", "ssl", environment_code="SUPPORT")
    monkeypatch.setenv("MAIL_GATEWAY_SUPPORT_AUTHORITIES", f"file:{path}")
    env.invalidate_all()

    server.button_confirm_login()
    assert server.state == "done"

    path.write_text("no certificate", encoding="utf-8")
    env.flush_all()
    env.invalidate_all()
    with pytest.raises(ValidationError, match="in PEM"):
        server.button_confirm_login()


def test_what_is_no_certificate_is_not_stored(env, mailbox):
    with pytest.raises(ValidationError, match="in PEM"):
        incoming(env, mailbox, "imap", "ssl", authorities="mail.city.example")
