"""An administrator watches the outgoing servers and puts one back into use."""

import pytest
from playwright.sync_api import Page, expect

from tests.rig import browser
from tests.rig.odoo_server import OdooServer

# What only sending does, written as it leaves it behind.
HISTORY = """
relay = env['ir.mail_server'].search([('name', '=', 'City relay')], limit=1)
backup = env['ir.mail_server'].search([('name', '=', 'Provider')], limit=1)
now = datetime.datetime.now().replace(microsecond=0)
values = {'outcome': 'accepted', 'phase': 'accepted', 'server_name': 'x'}
for server, factor in ((relay, 7), (backup, 5)):
    for hour in range(24):
        number = (hour * factor) % 11
        rows = env['mail.gateway.attempt'].sudo().create(
            [dict(values, server_id=server.id)] * number)
        env.cr.execute(
            'UPDATE mail_gateway_attempt SET create_date = %s WHERE id = ANY(%s)',
            [now - datetime.timedelta(hours=hour), rows.ids])
env['mail.gateway.attempt'].sudo().create(
    [dict(values, server_id=backup.id, queue_seconds=each) for each in range(1, 21)])
env['mail.mail'].create({'email_to': 'amina@home.example', 'state': 'exception',
    'dead_letter_at': now, 'gateway_cause': 'mailbox_full', 'auto_delete': False})
env['mail.gateway.attempt'].sudo().create(
    [dict(values, outcome='failed', phase='auth', server_id=relay.id)] * 3)
env['mail.gateway.breaker'].sudo().create({
    'server_id': relay.id, 'state': 'open', 'cause': 'login_refused',
    'fault_text': '535 5.7.8 Error: authentication failed', 'openings': 1,
    'opened_at': now, 'open_until': now + datetime.timedelta(minutes=1)})
"""
LONG_AGO = """
row = env['mail.gateway.attempt'].sudo().create(
    {'outcome': 'failed', 'phase': 'auth', 'server_name': 'x'})
env.cr.execute("UPDATE mail_gateway_attempt SET create_date = create_date"
    " - interval '25 hours' WHERE id = %s", [row.id])
"""
RESERVE = """
backup = env['ir.mail_server'].search([('name', '=', 'Provider')], limit=1)
env['mail.gateway.quota']._reserve(backup, 330, 330)
"""


@pytest.fixture
def run(web_odoo: OdooServer):
    """Run code in Odoo, as a server action does."""

    def run(code: str) -> None:
        model = web_odoo.call("ir.model", "search", [[("model", "=", "res.users")]])[0]
        values = {"name": "x", "model_id": model, "state": "code", "code": code}
        action = web_odoo.call("ir.actions.server", "create", [values])
        web_odoo.call("ir.actions.server", "run", [[action]])

    return run


@pytest.fixture
def health(page: Page, web_odoo: OdooServer, run) -> Page:
    """The screen with one server out of use and one with a quota."""
    old = web_odoo.call("ir.mail_server", "search", [[]])
    web_odoo.call("ir.mail_server", "write", [old, {"active": False}])
    for values in (
        {"name": "City relay", "smtp_host": "mail.city.example", "sequence": 1},
        {
            "name": "Provider",
            "smtp_host": "smtp.provider.example",
            "from_filter": "city.example",
            "quota_ids": [(0, 0, {"max_messages": 500, "window_unit": "day"})],
        },
    ):
        web_odoo.call("ir.mail_server", "create", [{"state": "done", **values}])
    run(HISTORY)
    run(RESERVE)
    browser.open_action(page, "mail_gateway_plus.action_server_health")
    return page


def card(page: Page, name: str):
    return page.locator(".o_kanban_record").filter(has_text=name)


def test_health_of_the_servers_is_seen_at_a_glance(health, picture):
    expect(card(health, "City relay")).to_contain_text("Out of Use")
    expect(card(health, "City relay")).to_contain_text("Login refused")
    expect(card(health, "Provider")).to_contain_text("In Use")
    expect(card(health, "Provider")).to_contain_text("66")
    expect(card(health, "Provider").locator("canvas")).to_be_visible()
    health.wait_for_timeout(1500)  # the graphs draw themselves slowly
    picture(health, "outgoing-health")


def test_all_servers_together_stand_above_and_lead_to_the_mails(health):
    tiles = health.locator(".o_mail_gateway_summary")
    expect(tiles).to_contain_text("All Servers")
    expect(tiles.locator("[data-key=p95]")).to_contain_text("19 s")

    tiles.locator("[data-key=dead]").click()

    expect(health.get_by_text("Mailbox full").first).to_be_visible()


def test_number_of_failed_attempts_leads_to_those_of_the_last_day(health, run):
    run(LONG_AGO)
    tile = health.locator(".o_mail_gateway_summary [data-key=failed]")
    expect(tile).to_contain_text("Failed Attempts (24 h)")
    expect(card(health, "City relay")).to_contain_text("3 failed attempts")
    number = tile.locator(".fs-4").inner_text()

    tile.click()

    rows = health.locator(".o_list_view .o_data_row")
    expect(rows).to_have_count(int(number))


def test_server_is_put_back_into_use(health, picture):
    card(health, "City relay").click()
    expect(health.get_by_text("535 5.7.8 Error")).to_be_visible()
    picture(health, "outgoing-out-of-use")

    browser.press(health, "action_put_into_use")

    expect(health.get_by_text("535 5.7.8 Error")).to_be_hidden()


def test_quota_is_entered_and_its_use_is_seen(health, picture):
    card(health, "Provider").click()

    health.get_by_role("tab", name="Delivery").click()
    expect(health.locator("[name=quota_ids] .o_data_row")).to_contain_text("330")
    picture(health, "outgoing-delivery")
    health.get_by_role("tab", name="Identity").click()
    picture(health, "outgoing-identity")


def test_reply_is_tried_on_the_rules(page, web_odoo, picture):
    browser.open_action(page, "mail_gateway_plus.action_reply_rule")
    expect(page.get_by_text("Amazon SES: daily quota")).to_be_visible()
    picture(page, "outgoing-reply-rules")
    page.get_by_role("button", name="Built-in Rules").click()
    expect(page.get_by_text("Login fails for now")).to_be_visible()
    picture(page, "outgoing-built-in-rules")
    page.go_back()

    page.get_by_role("button", name="Test a Reply").click()
    browser.fill(page, "reply", "450 4.2.0 Greylisted, try again in 300 seconds")
    page.keyboard.press("Tab")

    expect(page.locator(".o_dialog")).to_contain_text("Asked to come back later")
    picture(page, "outgoing-test-reply")
