"""An administrator finds mail that did not go out, and decides about it."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.odoo_server import OdooServer


@pytest.fixture
def stuck(page: Page, web_odoo: OdooServer) -> Page:
    """The web client of a database with dead letters and an uncertain mail."""
    values = {
        "email_from": "odoo@city.example",
        "body_html": "<p>We look into it.</p>",
        "auto_delete": False,
        "gateway_tries": 1,
    }
    dead = {
        **values,
        "state": "exception",
        "gateway_cause": "recipient_unknown",
        "dead_letter_at": "2026-01-02 10:00:00",
    }
    mails = [
        {
            **dead,
            "subject": f"Your grievance no. {number}",
            "email_to": f"nobody{number}@home.example",
            "failure_reason": f"nobody{number}@home.example: 550 5.1.1 No such user",
        }
        for number in range(3)
    ]
    uncertain = {
        **values,
        "subject": "Is it there?",
        "email_to": "amina@home.example",
        "state": "uncertain",
        "gateway_cause": "no_answer",
        "failure_reason": "amina@home.example: Connection unexpectedly closed",
    }
    web_odoo.call("mail.mail", "create", [[*mails, uncertain]])
    return page


def test_dead_letters_stand_under_their_cause(stuck, web_odoo, picture):
    stuck.goto(f"{web_odoo.url}/odoo/action-mail_gateway_plus.action_dead_letters")
    group = stuck.locator(".o_group_header", has_text="Recipient unknown")
    expect(group).to_be_visible()
    group.click()

    expect(stuck.get_by_text("Your grievance no. 0")).to_be_visible()
    picture(stuck, "dead-letters")


def test_person_says_that_uncertain_mail_arrived(stuck, web_odoo, picture):
    stuck.goto(f"{web_odoo.url}/odoo/action-mail_gateway_plus.action_uncertain")
    stuck.get_by_text("Is it there?").first.click()
    expect(stuck.get_by_text("The connection was lost when")).to_be_visible()
    picture(stuck, "uncertain-mail")

    browser.press(stuck, "action_it_arrived")

    expect(stuck.get_by_text("The connection was lost when")).to_be_hidden()


def test_mail_that_waits_for_a_server_says_so(page, web_odoo, picture):
    [mail] = web_odoo.call(
        "mail.mail",
        "create",
        [
            [
                {
                    "email_from": "odoo@city.example",
                    "email_to": "amina@home.example",
                    "subject": "It waits",
                    "body_html": "<p>We look into it.</p>",
                    "scheduled_date": "2031-01-02 10:00:00",
                    "gateway_cause": "not_confirmed",
                    "failure_reason": "Waits: Main is not confirmed since 20:26 UTC.",
                }
            ]
        ],
    )

    page.goto(f"{web_odoo.url}/odoo/mail.mail/{mail}")

    note = page.locator(".alert-info", has_text="It goes out by itself")
    expect(note).to_contain_text("Main is not confirmed since")
    picture(page, "waiting-mail")
