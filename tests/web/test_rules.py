"""An administrator writes a rule, tries it on yesterday's mail, and sees it work."""

import itertools
import re
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.odoo_server import OdooServer
from tests.rig.pytest_fixtures import Mailbox

RULES = "mail_gateway_plus.action_rule"
JOURNAL = "mail_gateway_plus.action_inbound"
_numbers = itertools.count(1)


def letter(subject: str, text: str = "It has been dark for weeks.\n") -> bytes:
    message = EmailMessage()
    message["From"] = "Amina Diallo <amina@home.example>"
    message["To"] = "grievances@city.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<rule-{next(_numbers)}@home.example>"
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture
def grievances(web_odoo: OdooServer, mailbox: Mailbox) -> int:
    """A mailbox that makes grievances, and has made some."""
    old = web_odoo.call("mail.gateway.rule", "search", [[]])
    web_odoo.call("mail.gateway.rule", "unlink", [old])
    for subject in ("Pension not paid", "Street light at 4 Mill Lane", "Noise"):
        mailbox.deliver(letter(subject))
    values = {
        "name": "Grievances",
        "server_type": "imap",
        "server": "localhost",
        "port": mailbox.server.imaps_port,
        "is_ssl": True,
        "user": mailbox.address,
        "password": mailbox.password,
        "object_id": web_odoo.call(
            "ir.model", "search", [[("model", "=", "grievance.ticket")]]
        )[0],
        "state": "done",
    }
    [server] = [web_odoo.call("fetchmail.server", "create", [values])]
    web_odoo.call("fetchmail.server", "fetch_mail", [[server]])
    return server


def choose_in(page: Page, row, field: str, label: str) -> None:
    """Choose one of the values of a line's selection."""
    row.locator(f"td[name='{field}'] input").click()
    page.locator(".o_select_menu_menu").get_by_text(label, exact=True).click()


def test_rule_is_written_tried_and_followed_to_its_ticket(
    page, web_odoo, grievances, mailbox, picture
):
    # The administrator writes a rule …
    browser.open_action(page, RULES)
    page.get_by_role("button", name="New").click()
    browser.fill(page, "name", "Street lights")
    line = browser.add_line(page, "condition_ids")
    line.locator("td[name='value'] textarea").fill("street light")
    browser.field(page, "action").locator("input").click()
    menu = page.locator(".o_select_menu_menu")
    menu.get_by_text("Create a record", exact=True).click()
    browser.field(page, "record_type").locator("input").click()
    menu.get_by_text("Grievance Ticket", exact=True).click()
    value = browser.add_line(page, "value_ids")
    value.locator("td[name='field_id'] input").fill("Priority")
    page.locator(".o-autocomplete--dropdown-menu").get_by_text(
        re.compile(r"^Priority")
    ).first.click()
    expect(value.locator("td[name='field_id'] input")).to_have_value(
        re.compile(r"^Priority")
    )
    browser.settle(page)
    value.locator("td[name='template'] textarea").fill("urgent")

    # … tries it on the mail that came, before it counts …
    page.get_by_role("button", name="Dry Run").click()
    page.wait_for_selector(".modal")
    expect(page.locator(".modal [name='draft']")).to_be_visible()
    browser.press(page, "action_run")
    expect(page.locator(".modal [name='counts']")).to_contain_text("Of 3 messages")
    rows = page.locator(".modal tr.o_data_row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Street light at 4 Mill Lane")
    expect(rows).to_contain_text("New: Grievance Ticket")
    picture(page, "rule-dry-run", published=True)
    browser.close_dialog(page)
    assert not web_odoo.call("mail.gateway.rule", "search_count", [[]])
    expect(browser.field(page, "value_ids")).to_contain_text("urgent")

    # … saves it …
    browser.save(page)
    expect(browser.field(page, "sentence")).to_have_text(
        "Subject contains “street light” → create Grievance Ticket; "
        "set Priority: urgent"
    )
    picture(page, "rule", height=1000, published=True)
    page.get_by_role("button", name="Dry Run").click()
    page.wait_for_selector(".modal")
    expect(page.locator(".modal [name='draft']")).to_have_count(0)
    browser.close_dialog(page)

    # … and follows a letter from the journal to its ticket.
    mailbox.deliver(letter("Street light at 9 Garden Road"))
    web_odoo.call("fetchmail.server", "fetch_mail", [[grievances]])
    browser.open_action(page, JOURNAL)
    browser.rows(page).filter(has_text="9 Garden Road").locator("td").nth(2).click()
    expect(browser.field(page, "route_notes")).to_contain_text(
        "Rule 1 “Street lights” holds: Subject contains “street light”"
    )
    picture(page, "rule-trace")
    browser.press(page, "action_open_record")
    expect(page.locator(".o-mail-Chatter")).to_contain_text("dark for weeks")
    [ticket] = web_odoo.call(
        "grievance.ticket",
        "search_read",
        [[("subject", "=", "Street light at 9 Garden Road")], ["priority"]],
    )
    assert ticket["priority"] == "2"

    browser.open_action(page, RULES)
    expect(browser.rows(page)).to_contain_text("Subject contains “street light”")
    picture(page, "rules")


def test_mistake_in_a_rule_is_told_before_it_is_saved(page, grievances):
    browser.open_action(page, RULES)
    page.get_by_role("button", name="New").click()
    browser.fill(page, "name", "Broken")
    line = browser.add_line(page, "condition_ids")
    choose_in(page, line, "operator", "matches the pattern")
    line.locator("td[name='value'] textarea").fill("(no")
    page.locator(".o_form_button_save:visible").click()

    expect(page.locator(".modal")).to_contain_text("no regular expression")
