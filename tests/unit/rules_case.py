"""What the tests of rules share: a message with everything, and rules about it."""

import time
from datetime import datetime

from mgp_core.parsing.facts import Facts, FilePart
from mgp_core.policy.rules.condition import Aspect, Operator, make_condition
from mgp_core.policy.rules.pattern import Allowance
from mgp_core.policy.rules.rule import Rule
from mgp_core.policy.rules.situation import Situation, Standing

FACTS = Facts(
    headers=(
        ("received", "from b"),
        ("received", "from a"),
        ("x-spam-score", "Yes, score=5.1"),
        ("message-id", "<7@bank.example>"),
    ),
    sender="anna@mail.bank.example",
    sender_name="Anna  Berg",
    recipients=("grievances@city.example", "info@city.example"),
    subject="Invoice No. 4711",
    text="Please find the invoice\nfor our street lights. It is due in two weeks.",
    files=(
        FilePart("Invoice.PDF", "application/pdf", 200_000),
        FilePart("logo.png", "image/png", 900),
    ),
    size=280_000,
)


def situation(facts=FACTS, **known):
    # A Saturday in the evening.
    known = {"received": datetime(2026, 11, 28, 18, 30), **known}
    known.setdefault("ask_standing", lambda: Standing.PARTNER)
    return Situation(facts, **known)


def condition(aspect, operator, value="", header="", is_negated=False):
    return make_condition(Aspect(aspect), Operator(operator), value, header, is_negated)


def allowance(**options):
    return Allowance(time.process_time, **options)


def rule(*conditions, number=1, **values):
    made = tuple(condition(*each) for each in conditions)
    return Rule(number, f"Rule {number}", made, **values)
