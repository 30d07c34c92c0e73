"""From end to end: whoever forgot a password gets a link, through the real queue."""

import pytest

from tests.live.outgoing_case import queue_crons
from tests.rig.gateway_server import GatewayServer
from tests.rig.processes import wait_until

ACCOUNT = "robot@city.example"
CLERK = "clerk@home.example"
PASSWORD = "relay-secret"


@pytest.fixture(scope="module")
def odoo(rig_directory, certificate_authority, dovecot, postfix):
    """A real Odoo that sends by the city's relay, and a clerk who forgets things."""
    directory = rig_directory / "password-odoo"
    name = "mgp_test_password"
    with GatewayServer(directory, name, certificate_authority) as server:
        dovecot.add_user(ACCOUNT, PASSWORD)
        dovecot.add_user(CLERK, PASSWORD)
        server.call(
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
                    "from_address": ACCOUNT,
                }
            ],
        )
        server.call("res.company", "write", [[1], {"email": ACCOUNT}])
        yield server


@pytest.fixture
def clerk(odoo, dovecot):
    """A user of long standing, whose mailbox is empty."""
    users = odoo.call("res.users", "search", [[("login", "=", "clerk")]])
    if not users:
        values = {"name": "Clerk", "login": "clerk", "email": CLERK}
        users = [odoo.call("res.users", "create", [values])]
        wait_until(lambda: dovecot.messages(CLERK) or is_idle(odoo))
    dovecot.empty(CLERK)
    return users


def is_idle(odoo):
    waiting = odoo.query("SELECT 1 FROM mail_mail WHERE state = 'outgoing'")
    return not waiting


def test_link_to_a_new_password_arrives_once(odoo, clerk, dovecot):
    odoo.call("res.users", "action_reset_password", [clerk])

    wait_until(lambda: dovecot.messages(CLERK), what="the link")
    wait_until(lambda: is_idle(odoo), what="the queue to be empty")
    odoo.wake_at_once(*queue_crons(odoo))
    [message] = dovecot.messages(CLERK)
    text = message.replace(b"=\r\n", b"").replace(b"=\n", b"")
    assert b"Subject: Password reset" in message
    assert b"/web/reset_password?" in text or b"/web/signup?" in text
    # As in stock Odoo, no link stays behind in the database.
    assert not odoo.query(
        "SELECT 1 FROM mail_mail WHERE body_html LIKE '%%reset_password%%'"
    )


def test_mail_that_nobody_takes_back_is_sent_once(odoo, clerk, dovecot):
    mail = odoo.call(
        "mail.mail",
        "create",
        [
            {
                "email_from": ACCOUNT,
                "email_to": CLERK,
                "subject": "Notice",
                "body_html": "<p>Hello.</p>",
                "auto_delete": True,
            }
        ],
    )
    odoo.call("mail.mail", "send", [[mail]])

    wait_until(lambda: is_idle(odoo), what="the queue to be empty")
    odoo.wake_at_once(*queue_crons(odoo))
    wait_until(lambda: dovecot.messages(CLERK), what="the mail")
    assert len(dovecot.messages(CLERK)) == 1
