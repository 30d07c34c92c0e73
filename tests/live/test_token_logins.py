"""Logins with a token, at real servers that ask an endpoint what a token is worth."""

import pytest

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail_gateway_plus.core.oauth.store import TOKENS

from tests.live.live_case import fetch, letter, rows_of
from tests.rig.dovecot import Dovecot
from tests.rig.postfix import Postfix
from tests.rig.processes import wait_until
from tests.rig.token_endpoint import CLIENT_ID, SECRET, TENANT, TokenEndpoint

DESK = "desk@city.example"
AMINA = "amina@home.example"
APP = {
    "app_tenant": TENANT,
    "app_client_id": CLIENT_ID,
    "app_client_secret": SECRET,
}


@pytest.fixture(scope="module")
def microsoft(certificate_authority):
    with TokenEndpoint(certificate_authority.issue("localhost"), DESK) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def exchange(rig_directory, certificate_authority, trust_rig_ca, microsoft):
    """A mail server that lets the app into one mailbox, as long as its token holds."""
    dovecot = Dovecot(
        rig_directory / "exchange-imap",
        certificate_authority,
        {DESK: "unused", AMINA: "unused"},
        tokeninfo_url=microsoft.tokeninfo_url,
    ).start()
    postfix = Postfix(
        rig_directory / "exchange-smtp",
        certificate_authority,
        dovecot,
        ["city.example", "home.example"],
    ).start()
    yield postfix
    postfix.stop()
    dovecot.stop()


@pytest.fixture(autouse=True)
def at_microsoft(env, microsoft):
    """Have Odoo ask the rig for tokens, which knows nothing of earlier tests."""
    TOKENS.__init__()
    microsoft.issued.clear()
    microsoft.mailbox, microsoft.fault, microsoft.secret = DESK, None, SECRET
    parameters = env["ir.config_parameter"]
    parameters.set_param("mail_gateway_plus.discovery_allow_private", "True")
    parameters.set_param(
        "mail_gateway_plus.microsoft_login_host", f"localhost:{microsoft.port}"
    )


@pytest.fixture
def really_sending(env, monkeypatch):
    """Let Odoo send, to the rig's servers only."""
    env["ir.mail_server"].search([]).action_archive()
    monkeypatch.setattr(IrMail_Server, "_disable_send", lambda *arguments: False)


@pytest.fixture
def box(env, exchange):
    """Odoo's server for the desk's mailbox, which is empty."""
    exchange.dovecot.empty(DESK)
    return env["fetchmail.server"].create(
        {
            "name": "Desk",
            "server_type": "microsoft_app",
            "server": "localhost",
            "port": exchange.dovecot.imaps_port,
            "connection_security": "ssl",
            "user": DESK,
            "object_id": env["ir.model"]._get_id("grievance.ticket"),
            "state": "done",
            **APP,
        }
    )


@pytest.fixture
def relay(env, exchange, really_sending):
    exchange.dovecot.empty(AMINA)
    return env["ir.mail_server"].create(
        {
            "name": "Exchange",
            "smtp_host": "localhost",
            "smtp_port": exchange.submission_port,
            "smtp_authentication": "microsoft_app",
            "smtp_encryption": "starttls_strict",
            "smtp_user": DESK,
            **APP,
        }
    )


def send(env):
    mail = env["mail.mail"].create(
        {
            "email_from": DESK,
            "email_to": AMINA,
            "subject": "Your grievance",
            "body_html": "<p>We look into it.</p>",
            "auto_delete": False,
        }
    )
    mail.send()
    return mail


def old(seconds=600):
    """Have the tokens at hand be some minutes old."""
    for registration, token in TOKENS._tokens.items():
        TOKENS._tokens[registration] = type(token)(
            token.value, token.expires_at, token.fetched_at - seconds
        )


def test_mailbox_is_read_and_one_token_serves_many_readings(
    odoo_case, exchange, microsoft, box
):
    for number in range(3):
        subject = f"Letter {number}"
        exchange.dovecot.deliver(DESK, letter(subject, f"<{number}@home.example>"))
        assert fetch(odoo_case, box) is None

    assert len(rows_of(box)) == 3
    assert len(microsoft.issued) == 1


def test_mail_is_sent_and_the_mailbox_read_with_the_same_token(
    odoo_case, env, exchange, microsoft, relay, box
):
    mail = send(env)

    assert mail.state == "sent", mail.failure_reason
    wait_until(lambda: exchange.dovecot.messages(AMINA), what="the mail")
    assert fetch(odoo_case, box) is None
    assert len(microsoft.issued) == 1


def test_token_that_was_revoked_is_fetched_anew_once(
    odoo_case, env, exchange, microsoft, relay, box
):
    assert fetch(odoo_case, box) is None
    microsoft.revoke()
    old()

    assert fetch(odoo_case, box) is None
    assert len(microsoft.issued) == 2

    microsoft.revoke()
    old()

    mail = send(env)
    assert mail.state == "sent", mail.failure_reason
    assert len(microsoft.issued) == 3


def test_mailbox_that_does_not_let_the_app_in_is_told_as_a_refused_login(
    odoo_case, env, microsoft, relay, box
):
    microsoft.mailbox = "another@city.example"

    assert fetch(odoo_case, box)

    mail = send(env)
    assert mail.state == "exception"
    [attempt] = env["mail.gateway.attempt"].search([("mail_id", "=", mail.id)])
    assert attempt.phase == "auth"
    assert attempt.code == 535
    assert len(microsoft.issued) == 1
    told = f"{box.error_message}{attempt.read()}{mail.failure_reason}"
    assert microsoft.issued[0] not in told


def test_wrong_secret_is_told_in_microsofts_words_and_shown_nowhere(
    odoo_case, env, caplog, microsoft, relay, box
):
    caplog.set_level("DEBUG")
    microsoft.secret = "another"

    assert fetch(odoo_case, box)
    mail = send(env)

    [attempt] = env["mail.gateway.attempt"].search([("mail_id", "=", mail.id)])
    assert "AADSTS7000215" in box.error_message
    assert "AADSTS7000215" in attempt.reply
    assert mail.state == "exception"
    told = f"{box.error_message}{attempt.read()}{mail.failure_reason}{caplog.text}"
    assert SECRET not in told


def test_endpoint_that_is_down_puts_mail_off(env, microsoft, relay):
    env["ir.config_parameter"].set_param(
        "mail_gateway_plus.microsoft_login_host", "localhost:1"
    )

    mail = send(env)

    [attempt] = env["mail.gateway.attempt"].search([("mail_id", "=", mail.id)])
    assert attempt.phase == "auth"
    assert "Connection refused" in attempt.reply
    assert relay.breaker_cause == "Login not offered"


# ------------------------------------------------ the tokens of Odoo's own OAuth addons


def with_token(kind, token):
    """Return the fields of a server of google_gmail or microsoft_outlook."""
    field = "google_gmail" if kind == "gmail" else "microsoft_outlook"
    return {
        f"{field}_access_token": token,
        f"{field}_access_token_expiration": 2_000_000_000,
        f"{field}_refresh_token": "refresh",
    }


@pytest.fixture(params=["gmail", "outlook"])
def oauth_box(request, env, exchange, microsoft, box):
    box.write(
        {
            "server_type": request.param,
            "is_ssl": True,
            "state": "done",
            **with_token(request.param, microsoft.issue()),
        }
    )
    return box


@pytest.fixture(params=["gmail", "outlook"])
def oauth_relay(request, env, microsoft, relay):
    relay.write(
        {
            "smtp_authentication": request.param,
            "smtp_encryption": "starttls",
            "from_filter": DESK,
            "state": "done",
            **with_token(request.param, microsoft.issue()),
        }
    )
    return relay


def test_servers_of_odoos_oauth_addons_log_in_with_their_token(
    odoo_case, env, exchange, oauth_relay, oauth_box
):
    exchange.dovecot.deliver(DESK, letter("By token"))

    assert fetch(odoo_case, oauth_box) is None
    mail = send(env)

    assert rows_of(oauth_box).mapped("subject") == ["By token"]
    assert mail.state == "sent", mail.failure_reason


def test_S6_refused_token_of_odoos_oauth_addons_is_a_refused_login(
    odoo_case, env, microsoft, oauth_relay, oauth_box
):
    microsoft.revoke()

    assert fetch(odoo_case, oauth_box)
    mail = send(env)

    assert "does not accept the user name or the password" in oauth_box.error_message
    [attempt] = env["mail.gateway.attempt"].search([("mail_id", "=", mail.id)])
    assert (attempt.phase, attempt.code) == ("auth", 535)
    assert oauth_relay.breaker_cause == "Login refused"
