"""Each thing that a rule can look at, each way to compare it."""

import pytest
from mgp_core.parsing.facts import Facts
from mgp_core.policy.rules.check import check
from mgp_core.policy.rules.condition import (
    KNOWN_WORDS,
    LIST_LIMIT,
    Aspect,
    ConditionError,
    Mistake,
    Operator,
    operators_for,
)
from mgp_core.policy.rules.situation import Standing

from .rules_case import FACTS, allowance, condition, situation

NOTHING = situation(Facts())


def holds(*parts, message=None):
    return check(condition(*parts), message or situation(), allowance()).holds


HOLDING = [
    ("sender", "equal", "Anna@mail.bank.example"),
    ("sender", "ends", "BANK.example"),
    ("sender", "starts", "anna@"),
    ("sender", "contains", "@mail."),
    ("sender", "regex", r"^a\w+@.*\.example$"),
    ("sender", "one_of", "bo@home.example, anna@mail.bank.example"),
    ("sender", "one_of", "@home.example\n@mail.bank.example\n"),
    ("sender", "is_set"),
    ("sender_name", "equal", "anna berg"),
    ("recipient", "equal", "info@city.example"),
    ("recipient", "one_of", "@city.example"),
    ("subject", "contains", "invoice"),
    ("subject", "regex", r"no\.\s*(?P<number>\d+)"),
    ("text", "contains", "invoice for our street"),
    ("text", "regex", r"due in \w+ weeks"),
    ("header", "equal", "from a", "Received:"),
    ("header", "greater", "5", "X-Spam-Score"),
    ("header", "less", "5.2", "x-spam-score"),
    ("header", "is_set", "", "Message-ID"),
    ("file_name", "ends", ".pdf"),
    ("file_type", "starts", "image/"),
    ("file_type", "one_of", "application/zip, application/pdf"),
    ("file_size", "greater", "100 KB"),
    ("file_size", "less", "1k"),
    ("file_count", "equal", "2"),
    ("size", "greater", "0,2 MB"),
    ("size", "less", "1 MB"),
    ("verdict", "equal", "verified"),
    ("verdict", "one_of", "failed, verified"),
    ("machine", "is_set"),
    ("machine", "one_of", "auto_answer, challenge"),
    ("language", "equal", "EN"),
    ("standing", "equal", "partner"),
    ("weekday", "equal", "Saturday"),
    ("weekday", "one_of", "sat, sun"),
    ("weekday", "one_of", "6,7"),
    ("time", "greater", "17:30"),
    ("time", "less", "19"),
]
MESSAGE = situation(verdict="verified", machine="auto_answer")


@pytest.mark.parametrize("parts", HOLDING, ids=" ".join)
def test_condition_holds(parts):
    assert holds(*parts, message=MESSAGE) is True


@pytest.mark.parametrize("parts", HOLDING, ids=" ".join)
def test_its_negation_does_not(parts):
    aspect, operator, value, header = (*parts, "", "")[:4]
    assert holds(aspect, operator, value, header, True, message=MESSAGE) is False


FAILING = [
    ("sender", "equal", "anna"),
    ("sender", "one_of", "@bank.example"),  # another domain than mail.bank.example
    ("sender_name", "ends", "@bank.example"),
    ("recipient", "equal", "anna@mail.bank.example"),
    ("subject", "starts", "voice"),
    ("subject", "one_of", "invoice"),
    ("text", "regex", "^for$"),
    ("header", "equal", "5.1", "X-Spam-Score"),
    ("header", "greater", "0", "Received"),
    ("header", "is_set", "", "X-Missing"),
    ("file_name", "equal", "pdf"),
    ("file_size", "greater", "1 MB"),
    ("file_count", "greater", "2"),
    ("verdict", "is_set"),
    ("machine", "equal", "mailing_list"),
    ("language", "one_of", "fr, de"),
    ("standing", "equal", "user"),
    ("weekday", "equal", "mon"),
    ("time", "less", "18:30"),
    ("time", "greater", "18:30"),
]


@pytest.mark.parametrize("parts", FAILING, ids=" ".join)
def test_condition_does_not_hold(parts):
    assert holds(*parts) is False


@pytest.mark.parametrize("aspect", list(Aspect))
def test_message_without_anything_is_compared_all_the_same(aspect):
    for operator in operators_for(aspect):
        value = "12:00" if aspect is Aspect.TIME else "1"
        value = KNOWN_WORDS.get(aspect, [value])[0]
        for is_negated in (False, True):
            parts = (aspect, operator, value, "x-missing", is_negated)
            assert holds(*parts, message=NOTHING) in (True, False)


def test_every_operator_is_of_use_somewhere():
    assert set(Operator) == {o for aspect in Aspect for o in operators_for(aspect)}


@pytest.mark.parametrize(
    ("parts", "mistake"),
    [
        (("size", "contains", "1"), Mistake.MISFIT),
        (("subject", "greater", "1"), Mistake.MISFIT),
        (("weekday", "less", "mon"), Mistake.MISFIT),
        (("header", "equal", "x"), Mistake.NO_HEADER),
        (("subject", "contains", "  "), Mistake.NO_VALUE),
        (("subject", "one_of", " ,\n"), Mistake.NO_VALUE),
        (("size", "greater", "big"), Mistake.NO_NUMBER),
        (("time", "less", "25:00"), Mistake.NO_TIME),
        (("weekday", "equal", "someday"), Mistake.NO_WEEKDAY),
        (("weekday", "one_of", "mon, 9"), Mistake.NO_WEEKDAY),
        (("subject", "one_of", "a," * (LIST_LIMIT + 1)), Mistake.LONG_LIST),
        (("language", "equal", "french"), Mistake.NO_WORD),
        (("language", "one_of", "fr, xx"), Mistake.NO_WORD),
        (("standing", "equal", "friend"), Mistake.NO_WORD),
        (("verdict", "equal", "good"), Mistake.NO_WORD),
        (("machine", "equal", "person"), Mistake.NO_WORD),
        (("subject", "regex", "(no"), Mistake.BAD_PATTERN),
        (("subject", "regex", "(" * 5000), Mistake.BAD_PATTERN),
        (("subject", "regex", "x" * 5000), Mistake.BAD_PATTERN),
    ],
)
def test_mistake_is_told(parts, mistake):
    with pytest.raises(ConditionError) as caught:
        condition(*parts)

    assert caught.value.mistake is mistake


def test_what_a_pattern_captured_is_known():
    found = check(
        condition("subject", "regex", r"(no)\.\s*(?P<number>\d+)(x)?"),
        situation(),
        allowance(),
    )

    assert found.groups["number"] == found.groups["2"] == "4711"
    assert (found.groups["1"], found.groups["3"]) == ("No", "")
    assert found.found == "No. 4711"


def test_what_decided_is_told_in_one_short_line():
    found = check(condition("text", "contains", "invoice"), situation(), allowance())

    assert found.found.startswith("Please find the invoice for")
    assert len(found.found) <= 60


def test_sender_is_asked_about_once_and_only_if_a_rule_wants_to_know():
    asked = []

    def ask():
        asked.append(1)
        return Standing.USER

    message = situation(FACTS, ask_standing=ask)
    assert holds("subject", "contains", "invoice", message=message)
    assert not asked

    assert holds("standing", "equal", "user", message=message)
    assert not holds("standing", "equal", "unknown", message=message)
    assert len(asked) == 1
