"""An officer works through a ticket from mail to closing; sealed ones are not there."""

import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.dovecot import Dovecot
from tests.rig.gateway_server import FETCH_CRON, PROCESS_CRON
from tests.rig.odoo_server import OdooServer
from tests.rig.postfix import Postfix
from tests.rig.processes import wait_until

ADDON = "mail_gateway_plus_grievance"
INTAKE = "grievances@city.example"
AMINA = "amina.diallo@home.example"
PASSWORD = "mailbox-secret"
PUMP = "Water pump locked"
SECRET = "The foreman at the pump"


class Office:
    """A grievance mailbox, its relay, and the people who work with it."""

    def __init__(self, odoo: OdooServer, dovecot: Dovecot, postfix: Postfix) -> None:
        self.odoo, self.dovecot, self.postfix = odoo, dovecot, postfix
        for address in (INTAKE, AMINA):
            dovecot.add_user(address, PASSWORD)
            dovecot.empty(address)
        self._enter_servers()
        self.officer = self._person("Olga Petrova", "officer", "officer")
        self.keeper = self._person("Kadi Keita", "keeper", "officer")
        self.supervisor = self._person("Sami Haddad", "supervisor", "supervisor")
        teams = {"name": "Water", "supervisor_id": self.supervisor}
        [self.water] = odoo.call(
            "grievance.team",
            "create",
            [[{**teams, "member_ids": [(6, 0, [self.officer])]}]],
        )
        odoo.call(
            "grievance.team",
            "write",
            [[self.id_of("team_sealed")], {"member_ids": [(6, 0, [self.keeper])]}],
        )
        odoo.call(
            "grievance.category",
            "write",
            [[self.id_of("category_service")], {"team_id": self.water}],
        )

    def id_of(self, name: str, addon: str = ADDON) -> int:
        domain = [("module", "=", addon), ("name", "=", name)]
        [found] = self.odoo.call("ir.model.data", "search_read", [domain, ["res_id"]])
        return int(found["res_id"])

    def post(self, subject: str, text: str) -> None:
        """Post a letter of Amina's, and have it fetched and processed."""
        letter = EmailMessage()
        letter["From"] = f"Amina Diallo <{AMINA}>"
        letter["To"] = INTAKE
        letter["Subject"] = subject
        letter["Message-ID"] = f"<{abs(hash(subject))}@home.example>"
        letter.set_content(text)
        before = len(self.dovecot.messages(INTAKE))
        with smtplib.SMTP("127.0.0.1", self.postfix.smtp_port, timeout=30) as smtp:
            smtp.send_message(letter, AMINA, [INTAKE])
        wait_until(lambda: len(self.dovecot.messages(INTAKE)) > before, what="delivery")
        browser.run_cron(self.odoo, FETCH_CRON)
        browser.run_cron(self.odoo, PROCESS_CRON)

    def _person(self, name: str, login: str, role: str) -> int:
        groups = [
            self.id_of(f"group_grievance_{role}"),
            self.id_of("group_operator", "mail_gateway_plus"),
        ]
        values = {"name": name, "login": login, "password": login}
        values["group_ids"] = [(4, group) for group in groups]
        [user] = self.odoo.call("res.users", "create", [[values]])
        return int(user)

    def _enter_servers(self) -> None:
        relay = {
            "name": "City relay",
            "smtp_host": "localhost",
            "smtp_port": self.postfix.submission_port,
            "smtp_encryption": "starttls_strict",
            "smtp_authentication": "login",
            "smtp_user": INTAKE,
            "smtp_pass": PASSWORD,
            "from_filter": "city.example",
        }
        [server] = self.odoo.call("ir.mail_server", "create", [[relay]])
        self.odoo.call("ir.mail_server", "action_test_and_confirm", [[server]])
        domain = [("model", "=", "grievance.ticket")]
        [model] = self.odoo.call("ir.model", "search", [domain])
        mailbox = {
            "name": "Grievance mailbox",
            "server_type": "imap",
            "server": "localhost",
            "port": self.dovecot.imaps_port,
            "connection_security": "ssl",
            "user": INTAKE,
            "password": PASSWORD,
            "object_id": model,
        }
        [server] = self.odoo.call("fetchmail.server", "create", [[mailbox]])
        self.odoo.call("fetchmail.server", "button_confirm_login", [[server]])


@pytest.fixture(scope="module")
def office(web_odoo: OdooServer, dovecot: Dovecot, postfix: Postfix) -> Office:
    """The office, with one plain letter and one that seals itself."""
    office = Office(web_odoo, dovecot, postfix)
    office.post(PUMP, "The water pump near the school is locked for a week.\n")
    office.post(SECRET, "He asks the girls for sexual favours.\n")
    return office


def card(page: Page, text: str):
    return page.locator(".o_kanban_record:not(.o_kanban_ghost)").filter(has_text=text)


def open_card(page: Page, text: str) -> None:
    card(page, text).first.click()
    page.wait_for_selector(".o_form_view")
    browser.settle(page)


def test_officer_works_through_a_ticket_from_mail_to_closing(
    sign_in, office: Office, picture
):
    page = sign_in("officer", "officer")
    browser.open_action(page, f"{ADDON}.grievance_ticket_action")
    expect(card(page, PUMP)).to_contain_text("On Track")
    expect(card(page, SECRET)).to_have_count(0)
    picture(page, "grievance-board")

    open_card(page, PUMP)
    expect(page.locator(".o-mail-Chatter")).to_contain_text("locked for a week")
    browser.press(page, "action_take")
    expect(browser.field(page, "user_id")).to_contain_text("Olga Petrova")
    browser.pick(page, "category_id", "Service Quality")
    browser.save(page)
    expect(browser.field(page, "team_id")).to_contain_text("Water")

    page.locator(".o_notebook .nav-link", has_text="Decision").click()
    browser.field(page, "decision").locator("input, select").first.click()
    page.get_by_text("Upheld", exact=True).last.click()
    reasons = browser.field(page, "decision_reasons").locator("[contenteditable=true]")
    reasons.click()
    reasons.type("The key is with the school now.")
    browser.save(page)
    picture(page, "grievance-decision", height=1100)
    browser.press(page, "action_tell_decision")
    page.locator(".modal").get_by_role("button", name="Ok").click()

    browser.expect_status(page, "Resolved")
    expect(page.locator(".o-mail-Chatter")).to_contain_text(
        "The key is with the school"
    )
    picture(page, "grievance-ticket", height=1260, published=True)
    browser.run_cron(office.odoo, browser.MAIL_QUEUE_CRON)
    letters = b"".join(office.dovecot.messages(AMINA))
    assert b"Our decision" in letters


def test_sealed_ticket_is_there_for_the_sealed_team_only(
    sign_in, office: Office, picture
):
    page = sign_in("officer", "officer")
    browser.open_action(page, "mail_gateway_plus.action_inbound")
    expect(browser.rows(page).filter(has_text=PUMP)).to_have_count(1)
    expect(browser.rows(page).filter(has_text=SECRET)).to_have_count(0)
    domain = [("subject", "=", SECRET)]
    found = office.odoo.call("grievance.ticket", "search", [domain])
    assert not found, "the administrator must not find it either"

    keeper = sign_in("keeper", "keeper")
    browser.open_action(keeper, f"{ADDON}.grievance_ticket_action")
    open_card(keeper, SECRET)
    expect(keeper.locator(".ribbon")).to_contain_text("Sealed")
    expect(browser.field(keeper, "sensitivity")).to_contain_text("Highly Sensitive")
    picture(keeper, "grievance-sealed", height=1100)
    browser.open_action(keeper, "mail_gateway_plus.action_inbound")
    expect(browser.rows(keeper).filter(has_text=SECRET)).to_have_count(1)


def test_manager_breaks_a_seal_and_leaves_a_trace(page, sign_in, office, picture):
    keeper = sign_in("keeper", "keeper")
    browser.open_action(keeper, f"{ADDON}.grievance_ticket_action")
    open_card(keeper, SECRET)
    number = browser.field(keeper, "number").inner_text()

    browser.open_action(page, f"{ADDON}.grievance_break_seal_action")
    browser.fill(page, "number", number)
    browser.fill(page, "reason", "She is in danger and nobody is reached")
    picture(page, "grievance-break-seal")
    browser.press(page, "action_confirm")
    expect(
        browser.field(page, "subject").locator("textarea, input").first
    ).to_have_value(SECRET)

    browser.open_action(page, f"{ADDON}.grievance_seal_log_action")
    expect(browser.rows(page).first).to_contain_text("She is in danger")
    picture(page, "grievance-seal-log")


def test_register_and_figures(page, office: Office, picture):
    browser.open_action(page, f"{ADDON}.grievance_register_action")
    expect(browser.rows(page).filter(has_text=PUMP)).to_have_count(1)
    picture(page, "grievance-register")
    browser.open_action(page, f"{ADDON}.grievance_sealed_count_action")
    expect(browser.rows(page)).to_have_count(1)
    browser.open_action(page, f"{ADDON}.grievance_report_action")
    expect(page.locator(".o_pivot")).to_contain_text("Resolved in Time")
    picture(page, "grievance-figures")
