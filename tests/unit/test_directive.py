"""What the gateway decided reaches the records that Odoo's routes make."""

from mgp_core.parsing.facts import Facts
from mgp_core.policy.directive import Directive, with_values
from mgp_core.policy.outcome import Trace

NEW_LEAD = ("crm.lead", 0, {"team_id": 1, "name": "alias"}, 2, None)
OLD_LEAD = ("crm.lead", 7, {"team_id": 1}, 2, None)
NEW_TASK = ("project.task", False, None, 2, None)


def test_values_are_for_new_records_only_and_come_before_an_alias_own():
    directive = Directive(values={"name": "ours"})

    routes = with_values([NEW_LEAD, OLD_LEAD, NEW_TASK], directive)

    assert [values for _model, _id, values, *_rest in routes] == [
        {"team_id": 1, "name": "ours"},
        {"team_id": 1},
        {"name": "ours"},
    ]
    assert [route[3:] for route in routes] == [(2, None)] * 3


def test_values_of_one_model_do_not_reach_another():
    directive = Directive(values_of={"crm.lead": {"priority": "2"}})

    lead, task = with_values([NEW_LEAD, NEW_TASK], directive)

    assert lead[2]["priority"] == "2"
    assert task[2] is None


def test_routes_stay_as_they_are_without_a_directive():
    routes = [NEW_LEAD, OLD_LEAD, NEW_TASK]
    assert with_values(routes, Directive()) == routes


def test_facts_are_read_once_and_only_when_somebody_asks():
    read = []
    trace = Trace(observe=lambda: read.append(1) or Facts(subject="dark"))
    assert not read

    assert trace.facts.subject == trace.facts.subject == "dark"
    assert len(read) == 1
