"""An administrator enters a proxy, sees what it does, and what goes on without it."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.mail_proxy import MailProxy
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix
from tests.rig.starttls_stripper import StarttlsStripper

ACCOUNT = "odoo@city.example"
PASSWORD = "relay-secret"
LOGIN = ("odoo", "proxy-word-8")


@pytest.fixture
def relay(dovecot: Dovecot, postfix: Postfix) -> Postfix:
    """A mail server on which the city's Odoo has an account."""
    dovecot.add_user(ACCOUNT, PASSWORD)
    return postfix


@pytest.fixture
def entered(page: Page, web_odoo: OdooServer, relay: Postfix) -> Page:
    """The form of a new outgoing server, everything but the proxy entered."""
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Outgoing Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.fill(page, "name", "City relay")
    browser.fill(page, "from_filter", "city.example")
    browser.fill(page, "smtp_host", "localhost")
    browser.fill(page, "smtp_port", relay.submission_port)
    browser.fill(page, "smtp_user", ACCOUNT)
    browser.fill(page, "smtp_pass", PASSWORD)
    return page


def enter_proxy(page: Page, proxy: MailProxy, password: str) -> None:
    browser.field(page, "proxy_type").locator("input, select").first.click()
    page.locator(".o_select_menu_item", has_text="HTTP (CONNECT)").click()
    browser.fill(page, "proxy_host", proxy.host)
    browser.fill(page, "proxy_port", proxy.port)
    browser.fill(page, "proxy_user", LOGIN[0])
    browser.fill(page, "proxy_password", password)


def step(page: Page, name: str):
    return page.locator(f".modal .o_diagnosis_ladder li[name={name}]")


def test_wrong_proxy_login_is_explained_mended_and_confirmed(entered, picture):
    with MailProxy("http", login=LOGIN) as proxy:
        enter_proxy(entered, proxy, "not-the-password")
        browser.diagnose(entered, "failed at the step “Connect through the proxy”")

        expect(step(entered, "proxy")).to_contain_text(
            "The proxy does not accept its user name or password"
        )
        expect(step(entered, "direct")).to_contain_text("the server answers")
        picture(entered, "proxy-failed", height=900)
        browser.close_dialog(entered)
        browser.expect_status(entered, "Not Confirmed")

        browser.fill(entered, "proxy_password", LOGIN[1])
        browser.prove(entered)
        picture(entered, "proxy-form", height=1000)


def test_middlebox_is_found_out_by_the_other_way(entered, relay, picture):
    with StarttlsStripper(relay.submission_port, masks=True) as middlebox:
        names = {"localhost": middlebox.port}
        with MailProxy("http", login=LOGIN, names=names) as proxy:
            enter_proxy(entered, proxy, LOGIN[1])
            browser.diagnose(entered, "failed at the step “Encryption”")
            direct = step(entered, "direct")
            expect(direct).to_contain_text("shows something else without the proxy")
            direct.locator("[role=button]").click()
            expect(direct).to_contain_text("Encryption, directly")
            picture(entered, "proxy-middlebox", height=1100)
