"""An administrator reads what the DNS says of the domains that a server sends for."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.rig import browser
from tests.rig.dns_server import DnsServer
from tests.rig.odoo_server import OdooServer

WANTED = "v=spf1 mx ip4:9.9.9.10 ~all"


@pytest.fixture
def dns(web_odoo: OdooServer):
    """The DNS of a city that forgot some of its records."""
    with DnsServer(
        ("city.example", "MX", "10 mx.city.example."),
        ("mx.city.example", "A", "9.9.9.9"),
        ("city.example", "TXT", '"v=spf1 mx ?all"'),
        ("_dmarc.city.example", "TXT", '"v=DMARC1; p=reject"'),
        ("10.9.9.9.in-addr.arpa", "PTR", "host-10.isp.example."),
    ) as server:
        web_odoo.call(
            "ir.config_parameter",
            "set_param",
            ["mail_gateway_plus.dns_server", server.address],
        )
        yield server


@pytest.fixture
def server(page: Page, web_odoo: OdooServer, dns: DnsServer) -> Page:
    """The form of a server that sends for the city."""
    server_id = web_odoo.call(
        "ir.mail_server",
        "create",
        [
            {
                "name": "City relay",
                "smtp_host": "mx.city.example",
                "from_filter": "city.example",
                "egress_note": "9.9.9.10/32",
                "dkim_selectors": "s1",
            }
        ],
    )
    page.goto(f"{web_odoo.url}/odoo/action-base.action_ir_mail_server_list/{server_id}")
    page.get_by_role("tab", name="Deliverability").click()
    return page


def report(page: Page) -> Locator:
    return page.locator(".modal section[data-domain='city.example']")


def test_checklist_shows_what_is_wrong_and_the_record_to_copy(server, picture):
    server.context.grant_permissions(["clipboard-read", "clipboard-write"])
    browser.press(server, "action_check_deliverability")

    expect(report(server)).to_have_attribute("data-state", "failed", timeout=30_000)
    spf = report(server).locator("li[name=spf]").first
    expect(spf).to_contain_text("does not let the address that the mail leaves from")
    expect(spf.locator("[name=publish]")).to_contain_text(WANTED)
    assert report(server).get_by_text(WANTED).count() == 1  # once for two findings
    expect(report(server).locator("li[name=mx]")).to_have_attribute("data-state", "ok")
    picture(server, "deliverability", height=1300, published=True)

    spf.locator("[name=publish] .o_clipboard_button").last.click()

    assert server.evaluate("navigator.clipboard.readText()") == WANTED
    browser.close_dialog(server)
    tab = browser.field(server, "deliverability_ids")
    expect(tab).to_contain_text("city.example")
    expect(tab).to_contain_text("Failed")
