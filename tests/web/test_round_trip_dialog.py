"""An administrator sends a mail to themselves and watches it arrive."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix

ACCOUNT = "trips@city.example"
PASSWORD = "relay-secret"


@pytest.fixture
def server(
    page: Page, web_odoo: OdooServer, dovecot: Dovecot, postfix: Postfix
) -> Page:
    """The form of a server, under Deliverability, with a mailbox to send to."""
    dovecot.add_user(ACCOUNT, PASSWORD)
    dovecot.empty(ACCOUNT)
    mailbox = web_odoo.call(
        "fetchmail.server",
        "create",
        [
            {
                "name": "Trips",
                "server_type": "imap",
                "server": "localhost",
                "port": dovecot.imaps_port,
                "connection_security": "ssl",
                "user": ACCOUNT,
                "password": PASSWORD,
                "state": "done",
            }
        ],
    )
    server = web_odoo.call(
        "ir.mail_server",
        "create",
        [
            {
                "name": "City relay",
                "smtp_host": "localhost",
                "smtp_port": postfix.submission_port,
                "smtp_encryption": "starttls_strict",
                "smtp_user": ACCOUNT,
                "smtp_pass": PASSWORD,
                "from_filter": ACCOUNT,
                "round_trip_mailbox_id": mailbox,
            }
        ],
    )
    page.goto(f"{web_odoo.url}/odoo/action-base.action_ir_mail_server_list/{server}")
    page.get_by_role("tab", name="Deliverability").click()
    yield page
    web_odoo.call("fetchmail.server", "write", [[mailbox], {"active": False}])
    web_odoo.call("ir.mail_server", "write", [[server], {"active": False}])


def test_mail_is_watched_until_it_is_there(server, picture):
    picture(server, "deliverability-tab", height=900)
    browser.press(server, "action_send_round_trip")

    headline = server.locator(".modal [name=headline]")
    expect(headline).to_contain_text("Arrived after", timeout=60_000)
    hops = server.locator(".modal table[name=hops]")
    expect(hops).to_contain_text("ESMTPSA")
    expect(hops).to_contain_text("TLS")
    picture(server, "round-trip", height=1000, published=True)

    browser.close_dialog(server)
    server.get_by_role("button", name="Earlier Ones").click()
    expect(browser.rows(server)).to_contain_text(["Arrived"])
