"""An administrator rehearses a server's limits, and reads what is going to go wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.odoo_server import OdooServer

# What only round-trip mail does, written as it leaves it behind.
WARNING = """
server = env['ir.mail_server'].browse({server_id})
text = server._told_egress('egress', '9.9.8.2/32')
env['mail.gateway.warning']._warn(server, 'egress', '9.9.8.2/32', text, text)
"""


@pytest.fixture
def server_id(web_odoo: OdooServer) -> int:
    """A server with a quota, which sees Odoo under another address than before."""
    values = {
        "name": "City relay",
        "smtp_host": "mx.city.example",
        "from_filter": "city.example",
        "quota_ids": [
            (0, 0, {"max_messages": 100, "window_count": 1, "window_unit": "hour"})
        ],
        "text_after": "<p>City of Example, Town Hall Square 1</p>",
    }
    [server_id] = web_odoo.call("ir.mail_server", "create", [[values]])
    return int(server_id)


@pytest.fixture
def server(page: Page, web_odoo: OdooServer, server_id: int) -> Page:
    """The server's form."""
    page.goto(f"{web_odoo.url}/odoo/action-base.action_ir_mail_server_list/{server_id}")
    return page


def test_limits_are_rehearsed(server, picture):
    server.get_by_role("tab", name="Delivery").click()
    server.get_by_role("button", name="Rehearse").click()
    dialog = server.locator(".modal")
    browser.fill(server, "mails", 250)
    dialog.locator("[name=recipients] input").click()

    outcome = dialog.locator("[name=outcome]")
    expect(outcome).to_contain_text("The last ones would go out at")
    expect(outcome.locator("tbody tr")).to_have_count(3)
    picture(server, "rehearse-limits", height=800)
    browser.close_dialog(server)


def test_servers_own_texts_are_entered(server, picture):
    server.get_by_role("tab", name="Identity").click()

    expect(browser.field(server, "text_after")).to_contain_text("Town Hall Square 1")
    picture(server, "server-identity", height=1000)


def test_new_address_is_warned_of_and_noted(server, web_odoo, server_id, picture):
    code = WARNING.format(server_id=server_id)
    [model] = web_odoo.call("ir.model", "search", [[("model", "=", "res.users")]])
    values = {"name": "x", "model_id": model, "state": "code", "code": code}
    action = web_odoo.call("ir.actions.server", "create", [values])
    web_odoo.call("ir.actions.server", "run", [[action]])
    server.reload()
    warning = server.locator(".alert", has_text="9.9.8.2/32")
    expect(warning).to_contain_text("now sees Odoo under the address")
    picture(server, "new-address")

    browser.press(server, "action_note_egress")

    expect(warning).to_be_hidden()
    server.get_by_role("tab", name="Identity").click()
    note = browser.field(server, "egress_note").locator("textarea")
    expect(note).to_have_value(re.compile("9.9.8.2/32, noted on"))
