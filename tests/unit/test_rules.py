"""Which rules hold, and what they come to together."""

from mgp_core.policy.rules.plan import Plan
from mgp_core.policy.rules.rule import Action, Scope, Value, concerns, weigh

from .rules_case import allowance, rule, situation

INVOICE = ("subject", "contains", "invoice")
BANK = ("sender", "ends", "bank.example")
ADVERT = ("text", "contains", "great offer")


def weighed(*conditions, **values):
    return weigh(rule(*conditions, **values), situation(), allowance())


def test_all_conditions_or_any():
    assert weighed(INVOICE, BANK).holds
    assert not weighed(INVOICE, ADVERT).holds
    assert weighed(ADVERT, INVOICE, needs_all=False).holds
    assert not weighed(ADVERT, needs_all=False).holds


def test_rule_without_conditions_holds_for_every_message():
    assert weighed().holds
    assert weighed(needs_all=False).holds


def test_it_is_told_what_decided():
    both = weighed(INVOICE, BANK)
    assert [c.aspect.value for c, _found in both.decisive] == ["subject", "sender"]

    not_all = weighed(INVOICE, ADVERT, BANK)
    assert [c.aspect.value for c, _found in not_all.decisive] == ["text"]

    any_one = weighed(ADVERT, BANK, INVOICE, needs_all=False)
    assert [c.aspect.value for c, _found in any_one.decisive] == ["sender"]


def test_groups_of_all_patterns_are_known_the_first_one_counts():
    found = weighed(
        ("subject", "regex", r"(?P<number>\d+)"),
        ("text", "regex", r"(street) (?P<what>\w+)"),
    )

    assert found.groups["number"] == found.groups["1"] == "4711"
    assert found.groups["what"] == "lights"


def test_rule_is_about_its_mailboxes_company_and_kind_of_message():
    here = situation(mailbox_id=3, company_id=1)
    assert concerns(rule(), here)
    assert concerns(rule(mailbox_ids=frozenset({3}), company_id=1), here)
    assert not concerns(rule(mailbox_ids=frozenset({4})), here)
    assert not concerns(rule(company_id=2), here)
    assert not concerns(rule(scope=Scope.REPLY), here)

    reply = situation(is_reply=True)
    assert not concerns(rule(), reply)
    assert concerns(rule(scope=Scope.REPLY), reply)
    assert concerns(rule(scope=Scope.ANY), reply)


def planned(*rules):
    plan = Plan()
    for each in rules:
        if not plan.add(weigh(each, situation(), allowance())):
            break
    return plan


def test_the_first_destination_counts():
    lead = rule(number=1, action=Action.CREATE, model="crm.lead")
    ticket = rule(number=2, action=Action.CREATE, model="grievance.ticket")

    plan = planned(lead, ticket)

    assert plan.destination is lead
    assert plan.matched == [1, 2]


def test_later_rules_add_until_one_stops():
    tags = rule(number=1, model="crm.lead", values=(Value("priority", "selection"),))
    bank = rule(number=2, forward_to=("boss@city.example",), stops=True)
    never = rule(number=3, action=Action.IGNORE)

    plan = planned(tags, bank, never)

    assert plan.destination is None
    assert plan.forward_to == ["boss@city.example"]
    assert plan.matched == [1, 2]


def test_a_parked_message_is_nobody_elses():
    plan = planned(rule(number=1, action=Action.PARK), rule(number=2))
    assert plan.matched == [1]


def test_a_value_stays_and_tags_are_collected():
    first = rule(
        number=1,
        model="crm.lead",
        values=(Value("name", "char", "a"), Value("tag_ids", "many2many", "", 1)),
    )
    second = rule(
        number=2,
        model="crm.lead",
        values=(Value("name", "char", "b"), Value("tag_ids", "many2many", "", 2)),
    )

    wishes = planned(first, second).wishes["crm.lead"]

    assert [(w.value.field, w.value.template, w.value.record_id) for w in wishes] == [
        ("name", "a", 0),
        ("tag_ids", "", 1),
        ("tag_ids", "", 2),
    ]


def test_addresses_are_forwarded_to_once_and_one_rule_acknowledges():
    first = rule(number=1, forward_to=("a@city.example",), template_id=7)
    second = rule(number=2, forward_to=("a@city.example", "b@city.example"))
    third = rule(number=3, template_id=8, target_company_id=2)

    plan = planned(first, second, third)

    assert plan.forward_to == ["a@city.example", "b@city.example"]
    assert plan.acknowledging is first
    assert plan.company_id == 2
