"""What a person sees of a sender: on the mailbox, in the journal, on the record."""

import pytest
from playwright.sync_api import expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON
from tests.rig.odoo_server import OdooServer

ADDRESS = "trust@city.example"
BORDER = "mx.city.example"


def letter(number: int, sender: str, result: str) -> bytes:
    return (
        f"Authentication-Results: {BORDER}; {result}\r\n"
        f"Received: from out.example ([192.0.2.1]) by {BORDER}; now\r\n"
        f"From: {sender}\r\nTo: {ADDRESS}\r\nSubject: Invoice {number}\r\n"
        f"Message-ID: <invoice-{number}@home.example>\r\n\r\nPlease pay.\r\n"
    ).encode()


@pytest.fixture
def mailbox(web_odoo: OdooServer, dovecot: Dovecot) -> int:
    """A mailbox with a verified, a failed and an unproven sender in its journal."""
    dovecot.add_user(ADDRESS, "secret")
    dovecot.empty(ADDRESS)
    odoo = web_odoo
    [model] = odoo.call("ir.model", "search", [[("model", "=", "grievance.ticket")]])
    values = {
        "name": "Grievance mailbox",
        "server_type": "imap",
        "server": "localhost",
        "port": dovecot.imaps_port,
        "connection_security": "ssl",
        "user": ADDRESS,
        "password": "secret",
        "object_id": model,
        "authserv_ids": BORDER,
        "own_hops": 1,
        "failed_policy": "park",
    }
    [mailbox_id] = odoo.call("fetchmail.server", "create", [[values]])
    odoo.call("fetchmail.server", "button_confirm_login", [[mailbox_id]])
    policy = "dmarc=%s (p=reject) header.from=%s"
    for number, sender, result in (
        (1, "Amina Diallo <amina@home.example>", policy % ("pass", "home.example")),
        (2, "The Bank <service@bank.example>", policy % ("fail", "bank.example")),
        (3, "Maria Rossi <maria@home.example>", "dkim=none; spf=none"),
    ):
        dovecot.deliver(ADDRESS, letter(number, sender, result))
    browser.run_cron(odoo, FETCH_CRON)
    browser.run_cron(odoo, PROCESS_CRON)
    return int(mailbox_id)


def open_row(page, text):
    """Open the list's record that shows ``text``."""
    browser.rows(page).filter(has_text=text).locator("td.o_data_cell").first.click()
    page.wait_for_selector(".o_form_view")
    browser.settle(page)


def test_sender_that_failed_is_seen(page, mailbox, picture):
    browser.open_action(page, "mail_gateway_plus.action_inbound")
    failed = browser.rows(page).filter(has_text="Invoice 2")
    expect(failed.locator("[name='verdict'] .badge")).to_have_text("Failed")
    verified = browser.rows(page).filter(has_text="Invoice 1")
    expect(verified.locator("[name='verdict'] .badge")).to_have_text("Verified")
    picture(page, "senders")

    open_row(page, "Invoice 2")
    browser.expect_status(page, "Quarantined")
    form = page.locator(".o_form_view")
    expect(form).to_contain_text("The sender failed the check")
    expect(browser.field(page, "verdict_notes")).to_contain_text(
        "DMARC: bank.example, fail, as the mailbox's own server found"
    )
    picture(page, "sender-failed")


def test_mailbox_says_whom_it_believes(page, mailbox, picture):
    browser.open_action(page, "mail.action_email_server_tree")
    open_row(page, "Grievance mailbox")
    page.get_by_role("tab", name="Trust").click()

    browser.press(page, "action_look_at_results")

    seen = browser.field(page, "seen_voucher_ids")
    expect(seen).to_contain_text(BORDER)
    expect(seen.get_by_role("button", name="Trust This One")).to_have_count(0)
    picture(page, "mailbox-trust")


def test_server_that_was_seen_is_trusted_by_a_button(page, web_odoo, mailbox, picture):
    values = {"name": "Other mailbox", "authserv_ids": "mx.old.example"}
    web_odoo.call("fetchmail.server", "write", [[mailbox], values])
    browser.open_action(page, "mail.action_email_server_tree")
    open_row(page, "Other mailbox")
    page.get_by_role("tab", name="Trust").click()
    browser.press(page, "action_look_at_results")

    page.get_by_role("button", name="Trust This One").click()
    picture(page, "mailbox-trust-confirm")
    page.locator(".modal .btn-primary").click()

    expect(page.get_by_role("button", name="Trust This One")).to_have_count(0)
    trusted = browser.field(page, "authserv_ids").locator("input")
    expect(trusted).to_have_value(f"mx.old.example, {BORDER}")
