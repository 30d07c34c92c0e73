"""No pattern of a rule takes long, whatever it and the message are like."""

import time

import pytest
from mgp_core.parsing.facts import MAX_TEXT_LENGTH, Facts
from mgp_core.policy.rules.check import check
from mgp_core.policy.rules.pattern import (
    LEAST_SECONDS,
    MESSAGE_SECONDS,
    PATTERN_SECONDS,
)
from mgp_core.policy.rules.rule import weigh

from .rules_case import allowance, condition, rule, situation

BOMBS = [
    (r"(a+)+$", "a" * 500 + "!"),
    (r"(a|aa)+$", "a" * 500 + "!"),
    (r"(.*a){10}$", "ab " * 20_000),
    (r"(.*)\1\1x$", "ab " * 20_000 + "x"),
    (r"((?:.*)+)+[!?]", "ab " * 20_000),
    (r"^(([a-z ])+.)+[A-Z]([a-z])+$", "ab " * 20_000 + "1"),
    (r"(?:abcdefghijkl){e<=11}x", "ab " * 20_000 + "x"),
    (r"(?P<x>a(?&x)?)+b", "a" * MAX_TEXT_LENGTH + "!"),
]


@pytest.mark.parametrize(("pattern", "text"), BOMBS)
def test_bomb_costs_its_time_limit_and_no_more(pattern, text):
    bomb = condition("text", "regex", pattern)
    message = situation(Facts(text=text))
    started = time.process_time()

    finding = check(bomb, message, allowance())

    spent = time.process_time() - started
    assert finding.holds is None
    assert PATTERN_SECONDS / 2 < spent < PATTERN_SECONDS * 3


def test_fifty_bombs_cost_what_a_message_has():
    bombs = [rule(("text", "regex", BOMBS[0][0]), number=n) for n in range(50)]
    message, time_left = situation(Facts(text=BOMBS[0][1])), allowance()
    started = time.process_time()

    weighings = [weigh(bomb, message, time_left) for bomb in bombs]

    spent = time.process_time() - started
    assert all(w.is_late and not w.holds for w in weighings)
    assert spent < MESSAGE_SECONDS + 50 * LEAST_SECONDS * 2


def test_a_condition_has_its_time_for_all_values_together():
    # Slow, though each alone stays below the limit: it tries every pair of places.
    slow = condition("header", "regex", r"a.*a.*b", "x-many")
    headers = (("x-many", "a" * 1000),) * 1000
    started = time.process_time()

    finding = check(slow, situation(Facts(headers=headers)), allowance())

    assert finding.holds is None
    assert time.process_time() - started < PATTERN_SECONDS * 3


def test_other_rules_are_still_weighed_after_bombs():
    message, time_left = situation(Facts(text=BOMBS[0][1])), allowance(seconds=0)
    assert weigh(rule(("text", "regex", BOMBS[0][0])), message, time_left).is_late

    assert weigh(rule(("text", "regex", "^a+!$")), message, time_left).holds


@pytest.mark.parametrize("is_negated", [False, True])
def test_rule_that_ran_out_of_time_does_not_hold(is_negated):
    bomb = ("text", "regex", BOMBS[0][0], "", is_negated)
    message = situation(Facts(text=BOMBS[0][1], subject="Hello"))
    other = ("subject", "equal", "hello")

    both = weigh(rule(bomb, other), message, allowance())
    assert not both.holds and both.is_late

    either = weigh(rule(bomb, other, needs_all=False), message, allowance())
    assert either.holds and not either.is_late


def test_fifty_usual_rules_on_a_long_letter_take_little_time():
    usual = [
        rule(
            ("text", "contains", f"garden road {n}"),
            ("text", "regex", rf"invoice\s+no\.\s*{n}\b"),
            ("subject", "contains", f"invoice {n}"),
            number=n,
            needs_all=False,
        )
        for n in range(50)
    ]
    message = situation(Facts(text="The street light is broken.\n" * 2000))
    started = time.process_time()

    assert not any(weigh(each, message, allowance()).holds for each in usual)

    # Measured: 0.03 s for 56 kB, folded and searched fifty times.
    assert time.process_time() - started < 1
