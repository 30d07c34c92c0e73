"""An operator decides about parked messages on the screen."""

import itertools
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.odoo_server import OdooServer
from tests.rig.pytest_fixtures import Mailbox

QUARANTINE = "mail_gateway_plus.action_inbound_quarantine"
_numbers = itertools.count(1)


def letter(subject: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Amina <amina@home.example>"
    message["To"] = "nobody@city.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{next(_numbers)}@home.example>"
    message.set_content("It has been dark for weeks.\n")
    return message.as_bytes()


@pytest.fixture
def quarantine(page: Page, web_odoo: OdooServer, mailbox: Mailbox) -> Page:
    """The list with three new messages for which nothing says what they become."""
    old = web_odoo.call("fetchmail.server", "search", [[]])
    web_odoo.call("fetchmail.server", "unlink", [old])
    for name in ("Dark street", "Broken bench", "Great offer"):
        mailbox.deliver(letter(name))
    server = web_odoo.call(
        "fetchmail.server",
        "create",
        [
            {
                "name": "Grievances",
                "server_type": "imap",
                "server": "localhost",
                "port": mailbox.server.imaps_port,
                "is_ssl": True,
                "user": mailbox.address,
                "password": mailbox.password,
                "state": "done",
            }
        ],
    )
    web_odoo.call("fetchmail.server", "fetch_mail", [[server]])
    browser.open_action(page, QUARANTINE)
    return page


def select(page: Page, *subjects: str) -> None:
    for subject in subjects:
        row = browser.rows(page).filter(has_text=subject).first
        row.locator(".o_list_record_selector input").check()


def test_discarding_several_wants_a_reason(quarantine, picture):
    select(quarantine, "Great offer", "Broken bench")
    picture(quarantine, "quarantine-selected")
    quarantine.get_by_role("button", name="Discard…").click()
    expect(quarantine.locator(".o_dialog")).to_contain_text("2 messages are selected")
    browser.fill(quarantine, "reason", "Advertising")
    picture(quarantine, "quarantine-discard")

    browser.press(quarantine, "action_confirm")

    expect(browser.notification(quarantine, "Discarded: 2")).to_be_visible()
    expect(browser.rows(quarantine).filter(has_text="Great offer")).to_have_count(0)


def test_message_is_attached_to_a_record(quarantine, web_odoo, picture):
    [ticket] = web_odoo.call(
        "grievance.ticket", "create", [[{"subject": "Street lights"}]]
    )
    browser.rows(quarantine).filter(has_text="Dark street").first.click()
    browser.settle(quarantine)
    picture(quarantine, "quarantine-form")
    quarantine.get_by_role("button", name="Attach to Record…").click()
    reference = browser.field(quarantine, "record")
    reference.locator("select").select_option(label="Grievance Ticket")
    reference.locator("input").last.fill("Street lights")
    menu = quarantine.locator(".o-autocomplete--dropdown-menu")
    menu.get_by_text("Street lights").first.click()
    picture(quarantine, "quarantine-attach")

    browser.press(quarantine, "action_confirm")

    expect(browser.notification(quarantine, "Done: 1")).to_be_visible()
    browser.expect_status(quarantine, "Done")
    [found] = web_odoo.call("grievance.ticket", "read", [[ticket], ["message_ids"]])
    assert len(found["message_ids"]) == 2


def test_message_is_made_a_minimal_ticket(quarantine, picture):
    browser.rows(quarantine).filter(has_text="Broken bench").first.click()
    quarantine.get_by_role("button", name="Minimal Ticket…").click()
    browser.field(quarantine, "record_type").locator("input").click()
    menu = quarantine.locator(".o_select_menu_menu")
    menu.get_by_text("Grievance Ticket", exact=True).click()
    picture(quarantine, "quarantine-minimal")

    browser.press(quarantine, "action_confirm")

    expect(browser.notification(quarantine, "Done: 1")).to_be_visible()
    browser.expect_status(quarantine, "Done")


def test_several_are_downloaded_by_the_actions_menu(quarantine):
    select(quarantine, "Great offer", "Dark street")
    with quarantine.expect_download() as download:
        quarantine.locator(".o_cp_action_menus button").first.click()
        quarantine.get_by_role("menuitem", name="Download .eml").click()

    assert download.value.suggested_filename == "messages.zip"
