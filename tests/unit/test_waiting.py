"""How long a reply waits, and in which order messages are processed."""

from datetime import datetime, timedelta

import pytest
from mgp_core.policy.waiting import answered_first, look_again_at

NOW = datetime(2026, 11, 20, 12)


def seconds(number):
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("waited", "pause"), [(0, 1), (8, 4), (40, 20), (600, 60), (3595, 5)]
)
def test_looks_are_rarer_the_longer_it_waits(waited, pause):
    since = NOW - seconds(waited)

    assert look_again_at(NOW, since, answered_at=NOW) == NOW + seconds(pause)


def test_it_sleeps_until_the_other_one_is_tried_again():
    answered_at = NOW + seconds(300)

    assert look_again_at(NOW, NOW, answered_at) == answered_at + seconds(1)


def test_it_does_not_wait_for_ever():
    hour = timedelta(hours=1)

    assert look_again_at(NOW, NOW, answered_at=NOW + 6 * hour) == NOW + hour
    assert look_again_at(NOW, NOW - hour, answered_at=NOW) is None


def order(**messages):
    """Return the order of messages whose names are their Message-IDs."""
    return "".join(
        answered_first(
            [(name, name, answers.split()) for name, answers in messages.items()]
        )
    )


def test_messages_that_answer_none_of_the_others_stay_in_order():
    assert order(b="", a="x", c="") == "bac"


def test_what_is_answered_comes_first():
    assert order(c="b", b="a", a="", d="") == "abcd"


def test_copies_of_it_come_first_too():
    messages = [("reply", "r", ["a"]), ("one", "a", []), ("other", "a", [])]

    assert answered_first(messages) == ["one", "other", "reply"]


def test_circles_and_answers_to_oneself_lose_nobody():
    assert sorted(order(a="b", b="c", c="a", d="d")) == ["a", "b", "c", "d"]


def test_messages_without_a_name_are_kept():
    assert answered_first([(1, None, []), (2, None, []), (3, "a", [])]) == [1, 2, 3]
