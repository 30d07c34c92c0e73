"""Patterns that people enter never take long."""

import time

import pytest
from mgp_core.policy.patterns import TEXT_LIMIT, PatternError, compile_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "daily (user )?sending limit",
        "too many .* per (hour|day)",
        r"\b4\.7\.\d{1,3}\b",
        ".*quota.*",
        "(?:a|b){1,3}",
    ],
)
def test_usual_pattern_is_taken(pattern):
    assert compile_pattern(pattern)


def test_pattern_holds_for_any_case():
    assert compile_pattern("quota").search("Daily QUOTA")


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[", "*a", "(?P<a>x)(?P<a>y)"])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)

    assert not caught.value.is_slow


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(.*a){10}$",
        "a?" * 30 + "a" * 30,
        ".*.*.*x",
        "(?=(a+)+$)x",
        "((a{0,100}){0,100}){0,100}$",
        "(?:(?:){60000}){60000}",
        "a" * 1000,
    ],
)
def test_pattern_that_could_run_long_is_refused(pattern):
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)

    assert caught.value.is_slow


@pytest.mark.parametrize(
    "pattern",
    [
        ".*.*[bc]",
        "[ab]*[ab]*[cd]",
        r"\w*\W*$",
        "a?" * 17 + "[bc]",
        "(?:a|a)" * 17 + "b",
    ],
)
def test_slowest_pattern_that_is_taken_ends_soon(pattern):
    compiled = compile_pattern(pattern)
    started = time.process_time()

    compiled.search("a" * TEXT_LIMIT)

    assert time.process_time() - started < 5
