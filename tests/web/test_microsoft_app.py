"""An administrator has Odoo log in to Microsoft 365 as an app, and is led there."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.certificates import CertificateAuthority
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix
from tests.rig.token_endpoint import CLIENT_ID, SECRET, TENANT, TokenEndpoint

DESK = "desk@city.example"


@pytest.fixture(scope="module")
def microsoft(certificate_authority):
    with TokenEndpoint(certificate_authority.issue("localhost"), DESK) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def exchange(
    rig_directory,
    certificate_authority: CertificateAuthority,
    trust_rig_ca: None,
    microsoft: TokenEndpoint,
):
    """A mail server that lets the app into one mailbox, as long as its token holds."""
    dovecot = Dovecot(
        rig_directory / "exchange-imap-web",
        certificate_authority,
        {DESK: "unused"},
        tokeninfo_url=microsoft.tokeninfo_url,
    ).start()
    postfix = Postfix(
        rig_directory / "exchange-smtp-web",
        certificate_authority,
        dovecot,
        ["city.example"],
    ).start()
    yield postfix
    postfix.stop()
    dovecot.stop()


@pytest.fixture
def at_microsoft(web_odoo: OdooServer, microsoft: TokenEndpoint):
    """Have Odoo ask the rig for tokens."""
    parameters = {
        "mail_gateway_plus.discovery_allow_private": "True",
        "mail_gateway_plus.microsoft_login_host": f"localhost:{microsoft.port}",
    }
    for name, value in parameters.items():
        web_odoo.call("ir.config_parameter", "set_param", [name, value])
    yield
    for name in parameters:
        web_odoo.call("ir.config_parameter", "set_param", [name, ""])


def step(page: Page, name: str):
    return page.locator(f".modal .o_diagnosis_ladder li[name={name}]")


def enter_app(page: Page, secret: str) -> None:
    browser.fill(page, "app_tenant", TENANT)
    browser.fill(page, "app_client_id", CLIENT_ID)
    browser.fill(page, "app_client_secret", secret)


def test_outgoing_server_is_led_from_a_wrong_secret_to_being_confirmed(
    page, web_odoo, exchange, at_microsoft, picture
):
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Outgoing Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.fill(page, "name", "Exchange Online")
    browser.fill(page, "from_filter", "city.example")
    browser.choose(page, "smtp_authentication", "Microsoft 365 (App)")
    browser.fill(page, "smtp_host", "localhost")
    browser.fill(page, "smtp_port", exchange.submission_port)
    browser.fill(page, "smtp_user", DESK)
    enter_app(page, "the-secret-id")
    guide = browser.field(page, "app_guide")
    expect(guide).to_contain_text("SMTP.SendAsApp")
    expect(guide).to_contain_text("Grant admin consent")
    expect(guide).to_contain_text(f"-AppId {CLIENT_ID}")
    picture(page, "app-form", height=1200)

    browser.diagnose(page, "failed at the step “Get a token for the app”")
    expect(step(page, "token")).to_contain_text("does not accept the client secret")
    expect(step(page, "token")).to_contain_text("AADSTS7000215")
    picture(page, "app-failed", height=1000)
    browser.close_dialog(page)
    browser.fill(page, "app_client_secret", SECRET)
    browser.prove(page)


def test_incoming_server_without_the_mailbox_is_told_what_exchange_needs(
    page, web_odoo, exchange, microsoft, at_microsoft, picture
):
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Incoming Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.fill(page, "name", "Desk")
    browser.choose(page, "server_type", "Microsoft 365 (App)")
    browser.fill(page, "server", "localhost")
    browser.fill(page, "port", exchange.dovecot.imaps_port)
    browser.fill(page, "user", DESK)
    browser.pick(page, "object_id", "Grievance Ticket")
    enter_app(page, SECRET)
    picture(page, "app-incoming-form", height=1300)
    microsoft.mailbox = "another@city.example"

    browser.diagnose(page, "failed at the step “Log in”")

    expect(step(page, "login")).to_contain_text("New-ServicePrincipal")
    step(page, "token").locator("[role=button]").click()
    expect(step(page, "token")).to_contain_text("IMAP.AccessAsApp")
    picture(page, "app-no-mailbox", height=1000)
    browser.close_dialog(page)
    microsoft.mailbox = DESK
    browser.prove(page)
