"""An administrator enters, proves and changes an outgoing server."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix
from tests.rig.processes import free_port

ACCOUNT = "odoo@city.example"
PASSWORD = "relay-secret"


@pytest.fixture
def relay(dovecot: Dovecot, postfix: Postfix) -> Postfix:
    """A mail server on which the city's Odoo has an account."""
    dovecot.add_user(ACCOUNT, PASSWORD)
    return postfix


@pytest.fixture
def entered(page: Page, web_odoo: OdooServer, relay: Postfix) -> Page:
    """The form of a new server with everything that it needs, saved."""
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Outgoing Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.fill(page, "name", "City relay")
    browser.fill(page, "from_filter", "city.example")
    browser.choose(page, "smtp_encryption", "TLS (STARTTLS), encryption and validation")
    browser.fill(page, "smtp_host", "localhost")
    browser.fill(page, "smtp_port", relay.submission_port)
    browser.fill(page, "smtp_user", ACCOUNT)
    browser.fill(page, "smtp_pass", PASSWORD)
    browser.save(page)
    return page


def test_new_server_is_not_confirmed_and_says_so(entered, picture):
    browser.expect_status(entered, "Not Confirmed")
    expect(entered.get_by_text("No mail goes out through this server")).to_be_visible()
    picture(entered, "outgoing-not-confirmed")


def test_encryption_without_validation_is_told_to_be_open_to_others(entered, picture):
    warning = entered.get_by_text("not confidential")
    expect(warning).to_be_hidden()

    browser.choose(entered, "smtp_encryption", "TLS (STARTTLS), encryption only")

    expect(warning).to_be_visible()
    picture(entered, "outgoing-not-confidential")


def test_server_that_works_is_confirmed(entered, picture):
    browser.prove(entered)

    expect(entered.get_by_text("No mail goes out through this server")).to_be_hidden()
    picture(entered, "outgoing-confirmed", published=True)


def test_another_port_calls_for_another_test(entered, relay):
    browser.prove(entered)

    browser.fill(entered, "smtp_port", relay.smtps_port)
    browser.save(entered)

    browser.expect_status(entered, "Not Confirmed")


def test_server_that_does_not_answer_is_explained(entered, picture):
    browser.fill(entered, "smtp_port", free_port())
    ladder = browser.diagnose(entered, "failed at the step “Connect”")

    expect(ladder).to_contain_text("Nothing listens on that port")
    picture(entered, "outgoing-failed")
    browser.close_dialog(entered)
    browser.expect_status(entered, "Not Confirmed")
