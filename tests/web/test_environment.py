"""An administrator sees what the environment says of a server, and proves it."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix

ACCOUNT = "robot@city.example"
PASSWORD = "relay-secret-7"


@pytest.fixture(scope="module")
def secret_file(rig_directory):
    path = rig_directory / "main_password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def web_odoo_environment(postfix: Postfix, secret_file):
    """An environment as a container's: all of MAIN, and a slip for BACKUP."""
    return {
        "MAIL_GATEWAY_MAIN_HOST": "localhost",
        "MAIL_GATEWAY_MAIN_PORT": str(postfix.submission_port),
        "MAIL_GATEWAY_MAIN_ENCRYPTION": "starttls_strict",
        "MAIL_GATEWAY_MAIN_USER": ACCOUNT,
        "MAIL_GATEWAY_MAIN_PASSWORD": f"file:{secret_file}",
        "MAIL_GATEWAY_MAIN_FROM_FILTER": "city.example",
        "MAIL_GATEWAY_BACKUP_PORT": "abc",
        "MAIL_GATEWAY_BACKUP_PASSWROD": "typo-secret",
    }


@pytest.fixture
def entered(page: Page, web_odoo: OdooServer, dovecot: Dovecot) -> Page:
    """The form of a new server with nothing but its name and its code, saved."""
    dovecot.add_user(ACCOUNT, PASSWORD)
    found = web_odoo.call("ir.mail_server", "search", [[]])
    web_odoo.call("ir.mail_server", "unlink", [found])
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Outgoing Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    return page


def save_with_code(page: Page, code: str) -> None:
    browser.fill(page, "name", f"Server {code}")
    page.get_by_role("tab", name="Environment").click()
    browser.fill(page, "environment_code", code)
    browser.save(page)


def test_server_is_set_up_by_its_code_alone_and_confirmed(
    entered, web_odoo, secret_file, picture
):
    save_with_code(entered, "MAIN")
    browser.expect_status(entered, "Not Confirmed")

    entered.get_by_role("tab", name="Connection").click()
    host = browser.field(entered, "smtp_host")
    expect(host).to_have_text("localhost")
    expect(host.locator("input")).to_have_count(0)
    notes = entered.locator(".o_mail_gateway_from_environment:visible")
    expect(notes.first).to_have_text("From the environment")
    picture(entered, "environment-connection")

    browser.prove(entered)

    entered.get_by_role("tab", name="Environment").click()
    variables = browser.field(entered, "environment_variables")
    expect(variables).to_contain_text("MAIL_GATEWAY_MAIN_PASSWORD")
    assert PASSWORD not in entered.content()
    picture(entered, "environment-variables", height=1100, published=True)

    secret_file.write_text("another\n", encoding="utf-8")
    entered.reload()
    browser.expect_status(entered, "Not Confirmed")
    notice = browser.field(entered, "environment_notice")
    expect(notice).to_contain_text("MAIL_GATEWAY_MAIN_PASSWORD")
    picture(entered, "environment-changed")


def test_slip_in_a_variable_is_shown_in_red(entered, picture):
    browser.fill(entered, "smtp_host", "smtp.city.example")
    save_with_code(entered, "BACKUP")

    notice = browser.field(entered, "environment_notice")
    expect(notice).to_contain_text("MAIL_GATEWAY_BACKUP_PORT is no number: “abc”")
    variables = browser.field(entered, "environment_variables")
    expect(variables).to_contain_text("MAIL_GATEWAY_BACKUP_PASSWROD")
    assert "typo-secret" not in entered.content()
    picture(entered, "environment-wrong")
