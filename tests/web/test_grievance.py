"""An officer works through a ticket from mail to closing; sealed ones are not there."""

import re
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
PRESENTS = "The clerk at the warehouse"
PARKED = "The driver of the lorry"


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
        # of the sealed team as well, and no operator of the gateway
        self.member = self._person("Mina Traore", "member", "officer", False)
        self.supervisor = self._person("Sami Haddad", "supervisor", "supervisor")
        teams = {"name": "Water", "supervisor_id": self.supervisor}
        [self.water] = odoo.call(
            "grievance.team",
            "create",
            [[{**teams, "member_ids": [(6, 0, [self.officer])]}]],
        )
        members = [self.keeper, self.member]
        odoo.call(
            "grievance.team",
            "write",
            [[self.id_of("team_sealed")], {"member_ids": [(6, 0, members)]}],
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

    def _person(
        self, name: str, login: str, role: str, is_operator: bool = True
    ) -> int:
        groups = [self.id_of(f"group_grievance_{role}")]
        if is_operator:
            groups.append(self.id_of("group_operator", "mail_gateway_plus"))
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


def entered(page: Page, name: str):
    """Return the box of a field that can be changed."""
    return browser.field(page, name).locator("input, textarea").first


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
    expect(entered(page, "user_id")).to_have_value("Olga Petrova")
    browser.pick(page, "category_id", "Service Quality")
    browser.save(page)
    expect(entered(page, "team_id")).to_have_value("Water")

    page.locator(".o_notebook .nav-link", has_text="Decision").click()
    entered(page, "decision").click()
    menu = page.locator(".o_select_menu_menu")
    menu.get_by_text("Upheld", exact=True).click()
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
    # Odoo's own run of the queue may have it in work.
    wait_until(
        lambda: b"Our decision" in b"".join(office.dovecot.messages(AMINA)),
        what="the decision",
    )


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
    expect(entered(keeper, "sensitivity")).to_have_value("Highly Sensitive")
    picture(keeper, "grievance-sealed", height=1100)
    browser.open_action(keeper, "mail_gateway_plus.action_inbound")
    expect(browser.rows(keeper).filter(has_text=SECRET)).to_have_count(1)


def test_manager_breaks_a_seal_and_leaves_a_trace(page, sign_in, office, picture):
    keeper = sign_in("keeper", "keeper")
    browser.open_action(keeper, f"{ADDON}.grievance_ticket_action")
    open_card(keeper, SECRET)
    number = browser.field(keeper, "number").inner_text()

    browser.open_action(page, f"{ADDON}.grievance_ticket_action")
    browser.follow_menu(page, "Sealed", "Break a Seal…")
    browser.fill(page, "number", number)
    browser.fill(page, "reason", "She is in danger and nobody is reached")
    picture(page, "grievance-break-seal")
    browser.press(page, "action_confirm")
    expect(entered(page, "subject")).to_have_value(SECRET)

    browser.open_action(page, f"{ADDON}.grievance_seal_log_action")
    expect(browser.rows(page).first).to_contain_text("She is in danger")
    picture(page, "grievance-seal-log")


def test_rule_is_written_tried_and_followed_to_a_sealed_ticket(
    page, sign_in, office: Office, picture
):
    office.post("Seed at the depot", "He asks for presents before he hands it out.\n")

    # The administrator writes a rule: what is about presents is to be sealed …
    browser.open_action(page, "mail_gateway_plus.action_rule")
    page.get_by_role("button", name="New").click()
    browser.fill(page, "name", "Presents asked for")
    line = browser.add_line(page, "condition_ids")
    line.locator("td[name='aspect'] input").click()
    menu = page.locator(".o_select_menu_menu")
    menu.get_by_text("Text", exact=True).click()
    line.locator("td[name='value'] textarea").fill("asks for presents")
    browser.field(page, "record_type").locator("input").click()
    menu.get_by_text("Grievance Ticket", exact=True).click()
    value = browser.add_line(page, "value_ids")
    value.locator("td[name='field_id'] input").fill("Sensitivity")
    chosen = page.locator(".o-autocomplete--dropdown-menu").get_by_text(
        re.compile(r"^Sensitivity")
    )
    # Its answer draws the line anew, and takes back what is typed before.
    with page.expect_response(re.compile("/onchange$")):
        chosen.first.click()
    value.locator("td[name='template'] textarea").fill("sensitive")
    browser.save(page)
    saved = page.locator(".o_field_widget[name='value_ids'] td[name='template']")
    expect(saved).to_have_text("sensitive")
    picture(page, "rule-to-sealed", height=1000)

    # … tries it on the mail that came …
    page.get_by_role("button", name="Dry Run").click()
    page.wait_for_selector(".modal")
    browser.press(page, "action_run")
    tried = page.locator(".modal tr.o_data_row")
    expect(tried).to_have_count(1)
    expect(tried).to_contain_text("Seed at the depot")
    expect(page.locator(".modal")).not_to_contain_text(SECRET)
    browser.close_dialog(page)

    # … and a letter comes that they see no more of: neither mail nor ticket.
    office.post(PRESENTS, "The clerk asks for presents, each time.\n")
    browser.open_action(page, "mail_gateway_plus.action_inbound")
    expect(browser.rows(page).filter(has_text="Seed at the depot")).to_have_count(1)
    expect(browser.rows(page).filter(has_text=PRESENTS)).to_have_count(0)
    browser.open_action(page, f"{ADDON}.grievance_ticket_action")
    expect(card(page, "Seed at the depot")).to_have_count(1)
    expect(card(page, PRESENTS)).to_have_count(0)

    # The sealed team follows it from the journal, by the rule, to the sealed ticket.
    keeper = sign_in("keeper", "keeper")
    browser.open_action(keeper, "mail_gateway_plus.action_inbound")
    row = browser.rows(keeper).filter(has_text=PRESENTS)
    row.locator("td").nth(2).click()
    expect(browser.field(keeper, "route_notes")).to_contain_text(
        "“Presents asked for” holds: Text contains “asks for presents”"
    )
    picture(keeper, "sealed-letter")
    browser.press(keeper, "action_open_record")
    expect(keeper.locator(".ribbon")).to_contain_text("Sealed")
    expect(entered(keeper, "sensitivity")).to_have_value("Sensitive")
    expect(entered(keeper, "team_id")).to_have_value("Protection (Sealed)")
    expect(keeper.locator(".o-mail-Chatter")).to_contain_text("clerk asks for presents")
    picture(keeper, "sealed-journey", height=1260)


def test_parked_letter_is_decided_about_by_a_member_who_is_no_operator(
    sign_in, office: Office, picture
):
    rule = {"name": "Park all", "sequence": 1, "action": "park", "reason": "Holiday."}
    [rule_id] = office.odoo.call("mail.gateway.rule", "create", [[rule]])
    office.post(PARKED, "He asks the girls for sexual favours.\n")
    office.odoo.call("mail.gateway.rule", "unlink", [[rule_id]])
    found = office.odoo.call(
        "mail.gateway.inbound", "search", [[("subject", "=", PARKED)]]
    )
    assert not found, "the administrator must not find it"

    member = sign_in("member", "member")
    browser.open_action(member, f"{ADDON}.grievance_ticket_action")
    browser.follow_menu(member, "Sealed", "Letters to Decide About")
    row = browser.rows(member).filter(has_text=PARKED)
    expect(row).to_have_count(1)
    picture(member, "sealed-letters")
    row.locator("td").nth(2).click()
    browser.settle(member)
    browser.press(member, "action_retry")
    browser.expect_status(member, "Done")
    picture(member, "sealed-letter-decided")
    browser.press(member, "action_open_record")
    expect(member.locator(".ribbon")).to_contain_text("Sealed")


def test_register_and_figures(page, office: Office, picture):
    browser.open_action(page, f"{ADDON}.grievance_register_action")
    expect(browser.rows(page).filter(has_text=PUMP)).to_have_count(1)
    picture(page, "grievance-register")
    browser.open_action(page, f"{ADDON}.grievance_sealed_count_action")
    expect(browser.rows(page)).to_have_count(1)
    browser.open_action(page, f"{ADDON}.grievance_report_action")
    expect(page.locator("div.o_pivot")).to_contain_text("Resolved in Time")
    picture(page, "grievance-figures")
    page.locator("button.o_graph").click()
    expect(page.locator(".o_graph_renderer canvas")).to_be_visible()
    page.wait_for_timeout(1500)  # the bars grow
    picture(page, "grievance-graph")
