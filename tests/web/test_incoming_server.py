"""An administrator enters an incoming server and proves it."""

import pytest
from playwright.sync_api import Page, expect

from tests.live.live_case import letter
from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON
from tests.rig.odoo_server import OdooServer

ADDRESS = "complaints@city.example"
PASSWORD = "mailbox-secret"


@pytest.fixture
def new(page: Page, web_odoo: OdooServer) -> Page:
    """The form of a new incoming server, nothing entered yet."""
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Incoming Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.field(page, "server").wait_for()
    return page


@pytest.fixture
def entered(new: Page, dovecot: Dovecot) -> Page:
    """The form with everything that the mailbox needs, saved."""
    dovecot.add_user(ADDRESS, PASSWORD)
    browser.fill(new, "name", "Grievance mailbox")
    browser.fill(new, "server", "localhost")
    browser.fill(new, "port", dovecot.imaps_port)
    browser.fill(new, "user", ADDRESS)
    browser.fill(new, "password", PASSWORD)
    browser.pick(new, "object_id", "Grievance Ticket")
    browser.save(new)
    return new


def test_the_secure_choices_are_made_already(new):
    security = browser.field(new, "connection_security")
    expect(security.get_by_label("SSL/TLS", exact=True)).to_be_checked()
    verify = browser.field(new, "verify_certificate")
    expect(verify.locator("input")).to_be_checked()
    expect(browser.field(new, "port").locator("input")).to_have_value("993")


def test_mailbox_that_works_is_confirmed(entered, picture):
    browser.expect_status(entered, "Not Confirmed")

    browser.prove(entered)

    picture(entered, "incoming-confirmed")


def test_wrong_password_is_explained_and_confirms_nothing(entered, picture):
    browser.fill(entered, "password", "a wrong one")
    ladder = browser.diagnose(entered, "failed at the step “Log in”")

    expect(ladder).to_contain_text("does not accept the user name or the password")
    expect(ladder).to_contain_text("Check both")
    picture(entered, "incoming-failed", published=True)
    browser.close_dialog(entered)
    browser.expect_status(entered, "Not Confirmed")


def test_unchecked_certificate_is_warned_of(entered, picture):
    warning = entered.get_by_text("certificate is not checked")
    expect(warning).to_be_hidden()

    browser.field(entered, "verify_certificate").locator("input").click()

    expect(warning).to_be_visible()
    picture(entered, "incoming-unchecked")


def test_fetching_from_an_empty_mailbox_says_so(entered):
    browser.prove(entered)

    browser.press(entered, "fetch_mail")

    expect(
        browser.notification(entered, "holds nothing that is not known")
    ).to_be_visible()


def test_mailbox_that_fails_says_since_when_and_why(
    entered, dovecot, web_odoo, picture
):
    browser.prove(entered)

    dovecot.add_user(ADDRESS, "changed by somebody")
    browser.run_cron(web_odoo, FETCH_CRON)
    entered.reload()

    expect(entered.locator(".alert-danger")).to_contain_text(
        "does not accept the user name or the password"
    )
    picture(entered, "incoming-failing")


def test_day_by_day_what_arrived_leads_to_the_messages(
    entered, dovecot, web_odoo, picture
):
    browser.prove(entered)
    newest, *others = web_odoo.call(
        "fetchmail.server", "search", [[]], {"order": "id desc"}
    )
    web_odoo.call("fetchmail.server", "action_archive", [others])
    for subject in ("Dark street", "Deep pothole"):
        dovecot.deliver(ADDRESS, letter(subject, f"<{subject[:4]}@home.example>"))
    browser.run_cron(web_odoo, FETCH_CRON)
    browser.run_cron(web_odoo, PROCESS_CRON)
    web_odoo.call("fetchmail.server", "write", [[newest], {"object_id": False}])
    dovecot.deliver(ADDRESS, letter("For nobody", "<nobody@home.example>"))
    browser.run_cron(web_odoo, FETCH_CRON)
    browser.run_cron(web_odoo, PROCESS_CRON)
    entered.reload()

    entered.get_by_role("tab", name="Last Days").click()

    table = entered.locator(".o_mailbox_days")
    expect(table.locator("tbody tr")).to_have_count(8)
    today = table.locator("tbody tr").first
    expect(today.locator("td[name=journaled]")).to_have_text("3")
    expect(today.locator("td[name=done]")).to_have_text("2")
    expect(today.locator("td[name=quarantined]")).to_have_text("1")
    picture(entered, "incoming-days")

    today.locator("td[name=quarantined] a").click()

    expect(browser.rows(entered)).to_have_count(1)
    expect(browser.rows(entered)).to_contain_text("For nobody")
    picture(entered, "incoming-day")
