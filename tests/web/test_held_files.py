"""An administrator says which files are dangerous; an operator releases one of them."""

from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON
from tests.rig.odoo_server import OdooServer
from tests.rig.processes import wait_until
from tests.rig.pytest_fixtures import Mailbox

FILES = {"lamp.png": b"\x89PNG\r\n\x1a\n a picture", "holiday.jpg": b"MZ\x90\x00 none"}


def letter_with_files() -> bytes:
    message = EmailMessage()
    message["From"] = "Amina <amina@home.example>"
    message["To"] = "complaints@city.example"
    message["Subject"] = "Photos of the lamp"
    message["Message-ID"] = "<held-files@home.example>"
    message.set_content("Here is what it looks like.\n")
    for name, content in FILES.items():
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    return message.as_bytes()


@pytest.fixture
def settings(page: Page, web_odoo: OdooServer) -> Page:
    """The general settings, which are afterwards as they were."""
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    page.locator("#mail_gateway_files_setting").scroll_into_view_if_needed()
    yield page
    for name in ("clamd_address", "blocked_extensions"):
        full_name = f"mail_gateway_plus.{name}"
        web_odoo.call("ir.config_parameter", "set_param", [full_name, False])


@pytest.fixture
def message(page: Page, web_odoo: OdooServer, mailbox: Mailbox) -> Page:
    """The form of a message that came with a picture and with a program."""
    mailbox.deliver(letter_with_files())
    [model] = web_odoo.call(
        "ir.model", "search", [[("model", "=", "grievance.ticket")]]
    )
    [server] = web_odoo.call(
        "fetchmail.server",
        "create",
        [
            [
                {
                    "name": "Grievances",
                    "server_type": "imap",
                    "server": "localhost",
                    "port": mailbox.server.imaps_port,
                    "connection_security": "ssl",
                    "user": mailbox.address,
                    "password": mailbox.password,
                    "object_id": model,
                    "state": "done",
                }
            ]
        ],
    )
    browser.run_cron(web_odoo, FETCH_CRON)
    browser.run_cron(web_odoo, PROCESS_CRON)
    browser.open_action(page, "mail_gateway_plus.action_inbound")
    row = browser.rows(page).filter(has_text="Photos of the lamp")
    row.locator("td.o_data_cell").first.click()
    page.wait_for_selector(".o_form_view")
    browser.settle(page)
    yield page
    web_odoo.call("fetchmail.server", "write", [[server], {"active": False}])


def test_file_that_was_held_back_is_released(message, web_odoo, picture):
    message.get_by_role("tab", name="Files Held Back").click()
    held = browser.field(message, "held_file_ids")
    expect(held).to_contain_text("holiday.jpg")
    expect(held).to_contain_text("it is a program")
    expect(held).not_to_contain_text("lamp.png")
    picture(message, "files-held-back", height=900)

    browser.press(message, "action_release")
    message.locator(".modal").get_by_role("button", name="Ok").click()

    expect(held.locator("[name=state]").first).to_contain_text("Released")
    expect(held.get_by_role("button", name="Release", exact=True)).to_have_count(0)
    names = web_odoo.call(
        "ir.attachment",
        "search_read",
        [[("res_model", "=", "grievance.ticket"), ("name", "in", list(FILES))]],
        {"fields": ["name"]},
    )
    assert {each["name"] for each in names} == set(FILES)


def test_administrator_says_which_files_are_dangerous(settings, web_odoo, picture):
    page = settings
    browser.fill(page, "mail_gateway_blocked_extensions", "exe, iso")
    browser.fill(page, "mail_gateway_clamd_address", "/run/clamav/clamd.ctl")
    absent = browser.field(page, "mail_gateway_clamd_absent")
    expect(absent).to_be_visible()
    picture(page, "attachment-settings", height=1900)

    page.locator(".o_control_panel").get_by_role("button", name="Save").click()

    def parameter(name):
        full_name = f"mail_gateway_plus.{name}"
        return web_odoo.call("ir.config_parameter", "get_param", [full_name])

    wait_until(
        lambda: parameter("clamd_address") == "/run/clamav/clamd.ctl",
        what="the settings to be saved",
    )
    assert parameter("blocked_extensions") == "exe, iso"
