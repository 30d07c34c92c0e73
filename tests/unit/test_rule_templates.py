"""Texts with placeholders, and the values that they become."""

from datetime import date, datetime

import pytest
from mgp_core.parsing.facts import Facts
from mgp_core.policy.rules.convert import KINDS, LINE_LIMIT, convert
from mgp_core.policy.rules.template import (
    NAMES,
    TEXT_LIMIT,
    TemplateError,
    fill,
    names_in,
)

from .rules_case import situation


def test_placeholders_are_filled_in():
    template = (
        "{{subject}} of {{ sender_name }} ({{ header.X-Spam-Score }}, {{ group.n }})"
    )

    text = fill(template, situation(), {"n": "7"})

    assert text == "Invoice No. 4711 of Anna  Berg (Yes, score=5.1, 7)"


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_value_or_is_empty(name):
    template = f"{{{{ {name} }}}}"
    assert names_in(template) == [name]
    assert fill(template, situation(), {}) != template
    assert fill(template, situation(Facts()), {}) in ("", "2026-11-28")


@pytest.mark.parametrize(
    "template",
    [
        "{{ nobody }}",
        "{{ subject.upper }}",
        "{{ subject",
        "subject }}",
        "{{ }}",
        "{{ header. }}",
        "{{ group.a.b }}",
        "{{ ''.__class__ }}",
        "{{ 7 * 7 }}",
        "{{ subject | safe }}",
    ],
)
def test_anything_else_is_refused(template):
    with pytest.raises(TemplateError):
        names_in(template)


def test_what_a_message_brings_in_is_not_filled_in():
    facts = Facts(subject="{{ text }} {{ header.secret }}", text="the text")

    assert fill("{{ subject }}", situation(facts), {}) == facts.subject


def test_no_text_grows_without_end():
    facts = Facts(text="x" * TEXT_LIMIT)

    assert len(fill("{{ text }}" * 100, situation(facts), {})) == TEXT_LIMIT


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("char", " two\r\n lines\x00 ", "two lines"),
        ("char", "x" * 5000, "x" * LINE_LIMIT),
        ("text", "two\nlines", "two\nlines"),
        ("html", "<b>", "<b>"),
        ("integer", "1 234", 1234),
        ("float", "12,5", 12.5),
        ("monetary", "12.50", 12.5),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("date", "2026-11-28", date(2026, 11, 28)),
        ("datetime", "2026-11-28 18:30:00", datetime(2026, 11, 28, 18, 30)),
        ("datetime", "2026-11-28T18:30:00Z", datetime(2026, 11, 28, 18, 30)),
        ("selection", "urgent", "2"),
        ("selection", "2", "2"),
        ("integer", " ", False),
        ("selection", "", False),
    ],
)
def test_text_becomes_a_value(kind, text, value):
    assert convert(kind, text, [("1", "High"), ("2", "Urgent")]) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "12.5"),
        ("integer", str(2**31)),
        ("integer", "9" * 5000),
        ("float", "nan"),
        ("float", "1e999"),
        ("boolean", "perhaps"),
        ("date", "28.11.2026"),
        ("date", "2026-02-30"),
        ("datetime", "tomorrow"),
        ("selection", "3"),
    ],
)
def test_what_means_no_value_is_refused(kind, text):
    with pytest.raises(ValueError):
        convert(kind, text, [("1", "High")])


def test_all_kinds_are_known():
    for kind in KINDS:
        assert convert(kind, "", []) in (False, "")
