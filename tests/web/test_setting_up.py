"""A newcomer sets mail up: from a provider, and from nothing but an address."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dns_server import DnsServer
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix

ADDRESS = "grievances@city.example"
PASSWORD = "mailbox-secret"


@pytest.fixture
def dns(web_odoo: OdooServer, dovecot: Dovecot, postfix: Postfix):
    """The DNS of city.example, which names the rig's own servers."""
    submissions = f"0 1 {postfix.smtps_port} localhost."
    with DnsServer(
        ("localhost", "A", "127.0.0.1"),
        ("_submissions._tcp.city.example", "SRV", submissions),
        ("_imaps._tcp.city.example", "SRV", f"0 1 {dovecot.imaps_port} localhost."),
    ) as server:
        for name, value in (
            ("dns_server", server.address),
            ("discovery_allow_private", "True"),
        ):
            web_odoo.call(
                "ir.config_parameter", "set_param", [f"mail_gateway_plus.{name}", value]
            )
        yield server


@pytest.fixture
def outgoing(page: Page, web_odoo: OdooServer) -> Page:
    """The list of outgoing servers."""
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Outgoing Mail Servers")
    return page


def test_provider_fills_the_form_and_says_what_to_do_first(outgoing, picture):
    outgoing.get_by_role("button", name="New", exact=True).click()
    browser.pick(outgoing, "preset_id", "Amazon SES")

    host = browser.field(outgoing, "smtp_host").locator("input")
    expect(host).to_have_value("email-smtp.us-east-1.amazonaws.com")
    browser.pick(outgoing, "preset_region_id", "Europe, Ireland (eu-west-1)")
    expect(host).to_have_value("email-smtp.eu-west-1.amazonaws.com")
    expect(browser.field(outgoing, "smtp_port").locator("input")).to_have_value("465")
    guide = browser.field(outgoing, "preset_guide")
    expect(guide).to_contain_text("Ask to be moved out of the sandbox")
    picture(outgoing, "setup-provider", height=1160, published=True)


@pytest.fixture
def hosting(web_odoo: OdooServer, dovecot: Dovecot, postfix: Postfix) -> str:
    """A provider whose servers are the rig's; returns its name."""
    dovecot.add_user(ADDRESS, PASSWORD)
    values = {
        "name": "City Hosting",
        "code": "city_hosting",
        "kind": "mailbox",
        "smtp_host": "localhost",
        "smtp_ways": f"{postfix.smtps_port}/ssl {postfix.submission_port}/starttls",
        "smtp_user_form": "address",
        "imap_host": "localhost",
        "imap_ways": f"{dovecot.imaps_port}/ssl",
        "mailbox_user_form": "address",
        "messages_per_hour": 200,
        "prerequisites": "Allow IMAP in the mailbox's settings.",
        "source": "the rig",
        "checked_on": "2026-11-01",
    }
    [preset] = web_odoo.call("mail.gateway.preset", "create", [[values]])
    yield values["name"]
    web_odoo.call("mail.gateway.preset", "unlink", [[preset]])


def test_provider_and_password_lead_to_a_proven_outgoing_server(
    outgoing, hosting, postfix, picture
):
    outgoing.get_by_role("button", name="New", exact=True).click()
    browser.fill(outgoing, "name", "By provider")
    browser.pick(outgoing, "preset_id", hosting)
    port = browser.field(outgoing, "smtp_port").locator("input")
    expect(port).to_have_value(str(postfix.smtps_port))
    browser.fill(outgoing, "smtp_user", ADDRESS)
    browser.fill(outgoing, "smtp_pass", PASSWORD)
    browser.fill(outgoing, "from_filter", ADDRESS)

    browser.press(outgoing, "action_diagnose")

    headline = outgoing.locator(".o_dialog [name='headline']")
    expect(headline).to_contain_text("By provider works and is confirmed")
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Confirmed")
    outgoing.get_by_role("tab", name="Delivery").click()
    quotas = browser.field(outgoing, "quota_ids")
    expect(quotas).to_contain_text("200")
    picture(outgoing, "setup-provider-proven", height=1000)


def test_provider_and_password_lead_to_a_proven_mailbox(
    page, web_odoo, hosting, dovecot
):
    page.goto(f"{web_odoo.url}/odoo/settings?debug=1")
    browser.follow_menu(page, "Technical", "Incoming Mail Servers")
    page.get_by_role("button", name="New", exact=True).click()
    browser.fill(page, "name", "By provider")
    browser.pick(page, "preset_id", hosting)
    port = browser.field(page, "port").locator("input")
    expect(port).to_have_value(str(dovecot.imaps_port))
    browser.fill(page, "user", ADDRESS)
    browser.fill(page, "password", PASSWORD)

    browser.press(page, "action_diagnose")

    headline = page.locator(".o_dialog [name='headline']")
    expect(headline).to_contain_text("By provider works and is confirmed")
    browser.close_dialog(page)
    browser.expect_status(page, "Confirmed")


def test_mistake_is_warned_of_while_typing_and_put_right_by_a_button(outgoing, picture):
    outgoing.get_by_role("button", name="New", exact=True).click()
    browser.pick(outgoing, "preset_id", "SendGrid")
    port = browser.field(outgoing, "smtp_port").locator("input")
    expect(port).to_have_value("465")  # the provider's settings have come
    browser.choose(
        outgoing, "smtp_encryption", "TLS (STARTTLS), encryption and validation"
    )
    expect(port).to_have_value("587")
    browser.fill(outgoing, "smtp_port", 465)
    browser.fill(outgoing, "smtp_user", "odoo@city.example")
    warning = outgoing.locator(".alert", has=outgoing.locator(".fa-times-circle"))
    expect(warning).to_contain_text("literally “apikey”")
    expect(warning).to_contain_text("Port and encryption do not fit")
    picture(outgoing, "setup-mistakes", height=1000, published=True)

    browser.press(outgoing, "action_use_settings")

    expect(warning).to_be_hidden()
    user = browser.field(outgoing, "smtp_user").locator("input")
    expect(user).to_have_value("apikey")


def test_address_and_password_lead_to_two_proven_servers(
    outgoing, dns, dovecot, picture
):
    dovecot.add_user(ADDRESS, PASSWORD)
    outgoing.get_by_role("button", name="Set Up from an Address").click()
    dialog = outgoing.locator(".o_dialog")
    dialog.locator("[name=address] input").fill(ADDRESS)
    picture(outgoing, "setup-address")
    dialog.get_by_role("button", name="Find Servers").click()

    expect(dialog).to_contain_text("It answers, and its certificate is valid")
    dialog.locator("[name=password] input").fill(PASSWORD)
    picture(outgoing, "setup-found", height=900, published=True)
    dialog.get_by_role("button", name="Create Servers").click()
    expect(dialog).to_contain_text("They are used once they are confirmed")
    picture(outgoing, "setup-done")
    dialog.get_by_role("button", name="Open Incoming Server").click()

    browser.press(outgoing, "action_diagnose")
    headline = outgoing.locator(".o_dialog [name='headline']")
    expect(headline).to_contain_text(f"{ADDRESS} works and is confirmed")
    browser.close_dialog(outgoing)
    browser.expect_status(outgoing, "Confirmed")


def test_providers_can_be_looked_through(page, picture):
    browser.open_action(page, "mail_gateway_plus.action_preset")
    expect(page.locator(".o_kanban_record").first).to_contain_text("Gmail")
    picture(page, "providers")

    page.locator(".o_kanban_record", has_text="Microsoft 365 (Exchange").click()

    expect(page.get_by_text("To change something, duplicate it")).to_be_visible()
    picture(page, "provider")
