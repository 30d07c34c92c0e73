"""A server's test before the administrator's eyes: from failing to proven."""

import pytest
from playwright.sync_api import Page, expect

from tests.live.live_case import letter
from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix
from tests.rig.processes import wait_until

ACCOUNT = "odoo@city.example"
MAILBOX = "complaints@city.example"
PASSWORD = "relay-secret"


@pytest.fixture
def relay(dovecot: Dovecot, postfix: Postfix) -> Postfix:
    """A mail server on which the city's Odoo has an account."""
    for address in (ACCOUNT, MAILBOX):
        dovecot.add_user(address, PASSWORD)
        dovecot.empty(address)
    return postfix


@pytest.fixture
def outgoing(page: Page, web_odoo: OdooServer, relay: Postfix) -> Page:
    """The form of a new outgoing server, everything entered, nothing saved."""
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
    return page


@pytest.fixture
def incoming(page: Page, web_odoo: OdooServer, relay: Postfix) -> Page:
    """The form of a new incoming server, everything entered, nothing saved."""
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Incoming Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.fill(page, "name", "Grievance mailbox")
    browser.fill(page, "server", "localhost")
    browser.fill(page, "port", relay.dovecot.imaps_port)
    browser.fill(page, "user", MAILBOX)
    browser.fill(page, "password", PASSWORD)
    browser.pick(page, "object_id", "Grievance Ticket")
    return page


def dialog(page):
    return page.locator(".modal .o_diagnosis_ladder")


def headline(page):
    return dialog(page).locator("[name=headline]")


def step(page, name):
    return dialog(page).locator(f"li[name={name}]")


def test_good_server_passes_step_by_step_and_is_confirmed(outgoing, picture):
    browser.press(outgoing, "action_diagnose")

    expect(headline(outgoing)).to_have_text("City relay works and is confirmed.")
    for name in ("resolve", "connect", "greeting", "tls", "login", "envelope"):
        expect(step(outgoing, name)).to_have_attribute("data-state", "ok")
    picture(outgoing, "diagnosis-passed", height=900)
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Confirmed")


def test_wrong_password_is_explained_mended_and_confirmed(outgoing, picture):
    browser.fill(outgoing, "smtp_pass", "not-the-password")
    browser.press(outgoing, "action_diagnose")

    login = step(outgoing, "login")
    expect(login).to_have_attribute("data-state", "failed")
    expect(login).to_contain_text("does not accept the user name or the password")
    expect(login.locator("[name=words]")).to_contain_text("535 5.7.8")
    expect(step(outgoing, "envelope")).to_have_attribute("data-state", "skipped")
    dialog(outgoing).locator("button[name=transcript]").click()
    expect(dialog(outgoing).locator("[name=transcript_text]")).to_contain_text("AUTH")
    samples = dialog(outgoing).locator("[name=samples]")
    expect(samples).to_contain_text("< 235 2.7.0 Authentication successful")
    expect(samples).to_contain_text("535 5.7.8")
    assert "not-the-password" not in dialog(outgoing).inner_text()
    picture(outgoing, "diagnosis-failed", height=1500)
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Not Confirmed")

    browser.fill(outgoing, "smtp_pass", PASSWORD)
    browser.press(outgoing, "action_diagnose")

    expect(headline(outgoing)).to_contain_text("is confirmed")
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Confirmed")


def test_settings_that_answered_are_taken_over_by_a_click(outgoing, relay, picture):
    browser.choose(outgoing, "smtp_encryption", "SSL/TLS, encryption and validation")
    browser.fill(outgoing, "smtp_port", relay.submission_port)
    browser.press(outgoing, "action_diagnose")
    expect(step(outgoing, "tls")).to_contain_text("does not speak TLS from the start")
    picture(outgoing, "diagnosis-other-port", height=1000)

    browser.press(outgoing, "action_use_door")

    expect(headline(outgoing)).to_contain_text("is confirmed")
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Confirmed")
    strict = browser.field(outgoing, "smtp_encryption").get_by_label(
        "TLS (STARTTLS), encryption and validation"
    )
    expect(strict).to_be_checked()


def test_test_mail_arrives(outgoing, relay, picture):
    browser.press(outgoing, "action_diagnose")
    expect(headline(outgoing)).to_contain_text("is confirmed")
    recipient = outgoing.locator(".modal div[name=recipient] input")
    recipient.fill(MAILBOX)

    browser.press(outgoing, "action_send_test_mail")

    expect(headline(outgoing)).to_have_text("City relay took the test mail.")
    expect(step(outgoing, "test_mail")).to_contain_text(MAILBOX)
    picture(outgoing, "diagnosis-test-mail", height=1000)
    wait_until(lambda: relay.dovecot.messages(MAILBOX), what="the test mail")
    browser.close_dialog(outgoing)


def test_failed_test_of_a_server_in_use_leaves_it_confirmed(outgoing, relay):
    browser.press(outgoing, "action_diagnose")
    expect(headline(outgoing)).to_contain_text("is confirmed")
    browser.close_dialog(outgoing)
    relay.dovecot.add_user(ACCOUNT, "changed by somebody")

    browser.press(outgoing, "action_diagnose")

    expect(headline(outgoing)).to_contain_text("stays confirmed as it was")
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Confirmed")


def test_last_test_is_at_hand(outgoing):
    browser.fill(outgoing, "smtp_pass", "not-the-password")
    browser.press(outgoing, "action_diagnose")
    expect(headline(outgoing)).to_contain_text("failed at the step")
    browser.close_dialog(outgoing)

    browser.press(outgoing, "action_show_diagnosis")

    expect(headline(outgoing)).to_contain_text("failed at the step “Log in”")


def test_mailbox_tells_where_its_messages_would_go(incoming, relay, web_odoo, picture):
    for subject in ("Dark street", "Deep pothole"):
        raw = letter(subject, f"<{subject[:4]}@home.example>")
        relay.dovecot.deliver(MAILBOX, raw)
    before = web_odoo.call("grievance.ticket", "search_count", [[]])

    browser.press(incoming, "action_diagnose")

    expect(headline(incoming)).to_contain_text("is confirmed")
    newest = step(incoming, "newest")
    newest.locator("[role=button]").click()
    expect(newest).to_contain_text("Deep pothole")
    expect(newest).to_contain_text("New: Grievance Ticket")
    picture(incoming, "diagnosis-incoming", height=1000, published=True)
    assert relay.dovecot.flags(MAILBOX) == ["", ""]
    assert web_odoo.call("grievance.ticket", "search_count", [[]]) == before
    browser.close_dialog(incoming)
    browser.expect_status(incoming, "Confirmed")


def test_missing_folder_is_told_with_those_that_there_are(incoming, picture):
    browser.fill(incoming, "folder", "Complaints")

    browser.press(incoming, "action_diagnose")

    folders = step(incoming, "folders")
    expect(folders).to_contain_text("the folder cannot be opened")
    expect(folders).to_contain_text("INBOX")
    picture(incoming, "diagnosis-folder", height=1000)
    browser.close_dialog(incoming)
    browser.expect_status(incoming, "Not Confirmed")
