"""What an operator sees of a letter: journal, quarantine, ticket, answer."""

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

GRIEVANCES = "grievances@city.example"
INFO = "info@city.example"
AMINA = "amina.diallo@home.example"
MARIA = "maria.rossi@home.example"
PASSWORD = "mailbox-secret"
OPERATOR = "operator"


class City:
    """A city's mail: its mailboxes, its relay and its Odoo, all of them set up."""

    def __init__(self, odoo: OdooServer, dovecot: Dovecot, postfix: Postfix) -> None:
        self.odoo = odoo
        self.dovecot = dovecot
        self.postfix = postfix
        for address in (GRIEVANCES, INFO, AMINA, MARIA):
            dovecot.add_user(address, PASSWORD)
            dovecot.empty(address)
        self._enter_relay()
        self.grievances = self._enter_mailbox("Grievance mailbox", GRIEVANCES)
        self.info = self._enter_mailbox("City office", INFO)
        self.grievance_type = self._id_of("ir.model", "model", "grievance.ticket")
        self.set_record_type(self.grievances)
        self._create_operator()

    def post(self, to: str, sender: str, name: str, subject: str, text: str) -> None:
        """Post a letter as another mail server does; return when it is delivered."""
        letter = EmailMessage()
        letter["From"] = f"{name} <{sender}>"
        letter["To"] = to
        letter["Subject"] = subject
        letter["Message-ID"] = f"<{abs(hash((sender, subject)))}@home.example>"
        letter.set_content(text)
        before = len(self.dovecot.messages(to))
        with smtplib.SMTP("127.0.0.1", self.postfix.smtp_port, timeout=30) as smtp:
            smtp.send_message(letter, sender, [to])
        wait_until(
            lambda: len(self.dovecot.messages(to)) > before,
            what=f"delivery to {to}",
        )

    def set_record_type(self, mailbox: int) -> None:
        """Have the mailbox make grievance tickets."""
        values = {"object_id": self.grievance_type}
        self.odoo.call("fetchmail.server", "write", [[mailbox], values])

    def fetch(self) -> None:
        """Fetch and process, as Odoo's scheduler does."""
        browser.run_cron(self.odoo, FETCH_CRON)
        browser.run_cron(self.odoo, PROCESS_CRON)

    def send_queue(self) -> None:
        """Send what waits in Odoo's mail queue."""
        browser.run_cron(self.odoo, browser.MAIL_QUEUE_CRON)

    def count_failed(self) -> int:
        """Return how many attempts have failed so far."""
        domain = [("outcome", "=", "failed")]
        return int(self.odoo.call("mail.gateway.attempt", "search_count", [domain]))

    def _enter_relay(self) -> None:
        values = {
            "name": "City relay",
            "smtp_host": "localhost",
            "smtp_port": self.postfix.submission_port,
            "smtp_encryption": "starttls_strict",
            "smtp_authentication": "login",
            "smtp_user": GRIEVANCES,
            "smtp_pass": PASSWORD,
            "from_filter": "city.example",
        }
        [relay] = self.odoo.call("ir.mail_server", "create", [[values]])
        self.odoo.call("ir.mail_server", "action_test_and_confirm", [[relay]])

    def _enter_mailbox(self, name: str, address: str) -> int:
        values = {
            "name": name,
            "server_type": "imap",
            "server": "localhost",
            "port": self.dovecot.imaps_port,
            "connection_security": "ssl",
            "user": address,
            "password": PASSWORD,
        }
        [mailbox] = self.odoo.call("fetchmail.server", "create", [[values]])
        self.odoo.call("fetchmail.server", "button_confirm_login", [[mailbox]])
        return int(mailbox)

    def _create_operator(self) -> None:
        group = "group_operator"
        domain = [("module", "=", "mail_gateway_plus"), ("name", "=", group)]
        [found] = self.odoo.call("ir.model.data", "search_read", [domain, ["res_id"]])
        values = {
            "name": "Olga Petrova",
            "login": OPERATOR,
            "password": OPERATOR,
            "group_ids": [(4, found["res_id"])],
        }
        self.odoo.call("res.users", "create", [[values]])

    def _id_of(self, model: str, field: str, value: str) -> int:
        [record_id] = self.odoo.call(model, "search", [[(field, "=", value)]])
        return int(record_id)


@pytest.fixture(scope="module")
def city(web_odoo: OdooServer, dovecot: Dovecot, postfix: Postfix) -> City:
    """The city of this module's tests, in which one letter was handled already."""
    city = City(web_odoo, dovecot, postfix)
    text = "The new benches in the park are too high for children.\n"
    city.post(GRIEVANCES, MARIA, "Maria Rossi", "Benches in the park", text)
    city.fetch()
    city.send_queue()
    return city


@pytest.fixture
def operator(sign_in, city: City) -> Page:
    """A page of somebody who watches the gateway and administrates nothing."""
    return sign_in(OPERATOR, OPERATOR)


def open_row(page: Page, text: str) -> None:
    """Open the list's record that shows ``text``."""
    browser.rows(page).filter(has_text=text).first.locator("td.o_data_cell").nth(
        1
    ).click()
    page.wait_for_selector(".o_form_view")
    browser.settle(page)


def test_letter_becomes_a_ticket_and_is_answered(page, city, picture):
    city.post(
        GRIEVANCES,
        AMINA,
        "Amina Diallo",
        "Street light broken since March",
        "Good day,\n\nthe street light before 12 Garden Road is broken since March."
        "\nMy mother fell yesterday.\n\nAmina Diallo\n",
    )
    browser.open_action(page, "mail.action_email_server_tree")
    open_row(page, "Grievance mailbox")
    browser.press(page, "fetch_mail")
    expect(browser.notification(page, "Done: 1")).to_be_visible()

    browser.open_action(page, "mail_gateway_plus.action_inbound")
    row = browser.rows(page).filter(has_text="Street light broken since March")
    expect(row).to_contain_text("Grievance mailbox")
    expect(row.locator("[name='state'] .badge")).to_have_text("Done")

    open_row(page, "Street light broken since March")
    picture(page, "journal-message")
    browser.press(page, "action_open_record")

    number = browser.field(page, "number")
    expect(number).to_contain_text("/")
    chatter = page.locator(".o-mail-Chatter")
    expect(chatter).to_contain_text("My mother fell yesterday.")
    picture(page, "ticket", height=1260, published=True)

    city.send_queue()
    wait_until(lambda: city.dovecot.messages(AMINA), what="the answer")
    assert number.inner_text().encode() in city.dovecot.messages(AMINA)[0]


def test_parked_message_becomes_a_ticket_when_retried(operator, city, picture):
    subject = "No water in Mill Lane"
    city.post(
        INFO,
        "joao.silva@home.example",
        "João Silva",
        subject,
        "There has been no water in Mill Lane since Monday.\n\nJoão Silva\n",
    )
    city.fetch()
    browser.open_action(operator, "mail_gateway_plus.action_inbound_quarantine")
    expect(browser.rows(operator).filter(has_text=subject)).to_contain_text(
        "Nothing says what it should become"
    )
    picture(operator, "quarantine")
    open_row(operator, subject)
    browser.expect_status(operator, "Quarantined")
    expect(operator.locator(".alert")).to_contain_text("its mailbox creates no records")
    picture(operator, "quarantine-message", published=True)

    city.set_record_type(city.info)
    browser.press(operator, "action_retry")

    expect(operator.locator(".o_arrow_button_current")).to_have_text("Done")
    [ticket] = city.odoo.call(
        "grievance.ticket",
        "search_read",
        [[("subject", "=", subject)], ["email_from"]],
    )
    assert "joao.silva@home.example" in ticket["email_from"]


def test_unwanted_message_is_discarded(operator, city):
    subject = "You have won"
    city.odoo.call("fetchmail.server", "write", [[city.info], {"object_id": False}])
    city.post(INFO, "lucky@home.example", "Lucky", subject, "Click here.\n")
    city.fetch()
    browser.open_action(operator, "mail_gateway_plus.action_inbound_quarantine")
    open_row(operator, subject)

    operator.get_by_role("button", name="Discard…").click()
    operator.locator(".o_dialog [name='reason'] textarea").fill("Advertising")
    browser.press(operator, "action_confirm")

    browser.expect_status(operator, "Discarded")
    reason = operator.locator(".alert").filter(has_text="Advertising")
    expect(reason).to_contain_text("Olga Petrova")


def test_operator_has_the_app_without_its_configuration(operator, city):
    browser.open_action(operator, "mail_gateway_plus.action_inbound")
    sections = operator.locator(".o_menu_sections")
    expect(sections).to_contain_text("Incoming")
    expect(sections).to_contain_text("Outgoing")
    expect(sections).not_to_contain_text("Configuration")

    city.post(GRIEVANCES, AMINA, "Amina Diallo", "Bus stop moved", "Where to?\n")
    city.fetch()
    city.send_queue()
    browser.open_action(operator, "mail_gateway_plus.action_inbound")
    open_row(operator, "Bus stop moved")
    expect(browser.field(operator, "headers")).to_contain_text("Subject: Bus stop")
    browser.open_action(operator, "mail_gateway_plus.action_attempt")
    open_row(operator, "queued as")
    expect(browser.field(operator, "reply")).to_contain_text("queued as")
    expect(operator.locator(".o_dialog, .o_error_dialog")).to_have_count(0)


def test_attempts_tell_what_the_server_said(operator, city, picture):
    city.send_queue()  # what the tests before left there
    failed_before = city.count_failed()
    for sender, name, subject in (
        (AMINA, "Amina Diallo", "Playground closed"),
        ("moved.away@home.example", "Jonas Berg", "Noise at night"),
    ):
        city.post(GRIEVANCES, sender, name, subject, "Please have a look.\n")
    city.fetch()
    city.send_queue()
    browser.open_action(operator, "mail_gateway_plus.action_attempt")

    accepted = browser.rows(operator).filter(has_text="queued as").first
    expect(accepted.locator(".badge")).to_have_text("Accepted")
    refused = browser.rows(operator).filter(has_text="Failed")
    expect(refused).to_have_count(failed_before + 1)
    picture(operator, "attempts", published=True)
    open_row(operator, "Failed")
    expect(browser.field(operator, "code")).to_have_text("550")
    expect(browser.field(operator, "phase")).to_have_text("Recipients")
    picture(operator, "attempt")


def test_journal_names_the_record_or_the_reason(page, city, picture):
    city.odoo.call("fetchmail.server", "write", [[city.info], {"object_id": False}])
    subject = "Offer: garden furniture"
    city.post(INFO, "sales@home.example", "Garden Direct", subject, "Buy now.\n")
    city.post(GRIEVANCES, AMINA, "Amina Diallo", "Bins not emptied", "For weeks.\n")
    city.fetch()
    browser.open_action(page, "mail_gateway_plus.action_inbound")

    ticket = browser.rows(page).filter(has_text="Bins not emptied")
    expect(ticket).to_contain_text("[GRV/")
    parked = browser.rows(page).filter(has_text=subject)
    expect(parked).to_contain_text("Nothing says what it should become")
    picture(page, "journal", published=True)


def test_bounce_is_shown_on_the_attempt_and_says_what_it_is_about(
    operator, city, picture
):
    # given an answer to somebody at a domain that does not exist
    known = len(city.dovecot.messages(GRIEVANCES))
    subject = "Smoke from the brickworks"
    city.post(GRIEVANCES, "jonas@gone.example", "Jonas Berg", subject, "Each night.\n")
    city.fetch()
    city.send_queue()
    wait_until(
        lambda: len(city.dovecot.messages(GRIEVANCES)) > known + 1, what="the bounce"
    )

    # when its bounce is read
    city.fetch()

    # then the attempt shows it, and the journal why it went there
    browser.open_action(operator, "mail_gateway_plus.action_attempt")
    open_row(operator, "Bounced")
    expect(browser.field(operator, "report").first).to_have_text("Bounced")
    expect(browser.field(operator, "recipient_ids")).to_contain_text("gone.example")
    picture(operator, "attempt-bounced")
    browser.open_action(operator, "mail_gateway_plus.action_inbound")
    open_row(operator, "Undelivered Mail Returned to Sender")
    notes = browser.field(operator, "route_notes")
    expect(notes).to_contain_text("could not be delivered")
    expect(notes).to_contain_text("It names the mail")
    picture(operator, "journal-bounce")
