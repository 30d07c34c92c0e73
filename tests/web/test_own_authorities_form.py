"""A server of one's own authority is proven once that authority is entered."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.certificates import SYSTEM_BUNDLES
from tests.rig.odoo_server import OdooServer
from tests.rig.pytest_fixtures import Mailbox


@pytest.fixture(scope="module")
def web_odoo_environment():
    """An Odoo on a machine that does not know the rig's authority."""
    return {"SSL_CERT_FILE": SYSTEM_BUNDLES[0]}


@pytest.fixture
def entered(page: Page, web_odoo: OdooServer, mailbox: Mailbox) -> Page:
    values = {
        "name": "Grievances",
        "server": "localhost",
        "port": mailbox.server.imaps_port,
        "connection_security": "ssl",
        "user": mailbox.address,
        "password": mailbox.password,
    }
    server = web_odoo.call("fetchmail.server", "create", [values])
    page.goto(f"{web_odoo.url}/odoo/action-mail.action_email_server_tree/{server}")
    browser.settle(page)
    return page


def test_untrusted_certificate_is_explained_mended_and_confirmed(
    entered, certificate_authority, picture
):
    ladder = browser.diagnose(entered, "failed at the step")
    expect(ladder).to_contain_text("under Trusted Authorities on the server's form")
    browser.close_dialog(entered)

    browser.fill(entered, "authorities", certificate_authority.pem_path.read_text())
    browser.save(entered)
    picture(entered, "own-authorities", height=1100)
    browser.prove(entered)
