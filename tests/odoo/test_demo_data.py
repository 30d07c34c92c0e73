"""The sample data of each addon loads, and shows what it is there to show."""

import pytest

from odoo.modules import get_manifest
from odoo.tools import convert_file

ADDONS = ("mail_gateway_plus", "mail_gateway_plus_grievance")


@pytest.fixture
def demo_env(env):
    """The environment after each addon's sample data was loaded, as Odoo loads it."""
    for addon in ADDONS:
        for path in get_manifest(addon).get("demo", []):
            convert_file(env, addon, path, {}, mode="init")
    return env


def test_tickets_show_each_kind_of_work(demo_env):
    def ticket(name):
        return demo_env.ref(f"mail_gateway_plus_grievance.{name}")

    urgent, working, closed = (
        ticket("ticket_water_point"),
        ticket("ticket_payment"),
        ticket("ticket_name"),
    )
    assert (urgent.priority, urgent.team_id.name) == ("2", "Field Office")
    assert not working.is_closed and working.user_id
    assert closed.is_closed and closed.decision == "upheld"
    sealed = ticket("ticket_anonymous")
    assert sealed.is_sealed and sealed.complainant_type == "anonymous"
    assert all(each.number.startswith("GRV/") for each in urgent | working | closed)


def test_rules_are_whole_and_hold_for_what_they_say(demo_env):
    rules = demo_env.ref("mail_gateway_plus_grievance.rule_injury")
    rules |= demo_env.ref("mail_gateway_plus_grievance.rule_advertising")

    assert len(list(rules._as_rules())) == 2
    assert all(rules.mapped("sentence"))
    assert "Priority: 2" in rules[0].sentence


def test_it_loads_a_second_time(demo_env):
    tickets = demo_env["grievance.ticket"].search_count([])

    for path in get_manifest("mail_gateway_plus_grievance")["demo"]:
        convert_file(demo_env, "mail_gateway_plus_grievance", path, {}, mode="update")

    assert demo_env["grievance.ticket"].search_count([]) == tickets
