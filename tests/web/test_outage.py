"""While no mail goes out, a banner says so where somebody can mend it."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix

RECIPIENT = "amina@home.example"


@pytest.fixture
def unconfirmed(
    page: Page, web_odoo: OdooServer, dovecot: Dovecot, postfix: Postfix
) -> Page:
    """A database whose only outgoing server works, and waits for its test."""
    dovecot.add_user(RECIPIENT, "secret")
    servers = web_odoo.call("ir.mail_server", "search", [[]])
    web_odoo.call("ir.mail_server", "write", [servers, {"active": False}])
    web_odoo.call(
        "ir.mail_server",
        "create",
        [
            {
                "name": "City relay",
                "from_filter": "city.example",
                "state": "draft",
                "smtp_host": "localhost",
                "smtp_port": postfix.smtp_port,
                "smtp_encryption": "none",
                "test_recipient": RECIPIENT,
            }
        ],
    )
    return page


def banner(page: Page):
    return page.locator(".o_mail_gateway_outage")


def test_servers_say_that_no_mail_goes_out_until_one_is_proven(unconfirmed, picture):
    browser.open_action(unconfirmed, "base.action_ir_mail_server_list")
    expect(banner(unconfirmed)).to_contain_text("No outgoing mail server is confirmed")
    expect(banner(unconfirmed)).to_contain_text("password resets")
    picture(unconfirmed, "outage-list", published=True)

    banner(unconfirmed).get_by_role("link", name="City relay").click()
    expect(unconfirmed.locator(".o_form_view")).to_be_visible()
    expect(banner(unconfirmed)).to_be_visible()
    picture(unconfirmed, "outage-form")
    browser.prove(unconfirmed)

    expect(banner(unconfirmed)).to_be_hidden()
    unconfirmed.go_back()
    expect(browser.rows(unconfirmed)).to_have_count(1)
    expect(banner(unconfirmed)).to_be_hidden()


def test_settings_say_so_and_lead_to_the_servers(unconfirmed, web_odoo, picture):
    unconfirmed.goto(f"{web_odoo.url}/odoo/settings")
    notice = banner(unconfirmed)
    expect(notice).to_contain_text("No mail goes out")
    notice.scroll_into_view_if_needed()
    unconfirmed.screenshot(path=picture(unconfirmed, "outage-settings-top"))

    notice.get_by_role("button", name="Outgoing Mail Servers").click()

    expect(browser.rows(unconfirmed)).to_have_count(1)


@pytest.mark.parametrize("screen", ["action_server_health", "action_attempt"])
def test_gateway_says_so(unconfirmed, picture, screen):
    browser.open_action(unconfirmed, f"mail_gateway_plus.{screen}")

    expect(banner(unconfirmed)).to_contain_text("No outgoing mail server is confirmed")
    picture(unconfirmed, f"outage-{screen}")
