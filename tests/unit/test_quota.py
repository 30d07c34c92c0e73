"""How much a server may still be given within windows that roll."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mgp_core.policy.quota import (
    BUCKETS,
    Limit,
    Use,
    free_at,
    given_back,
    grantable,
    spread,
    turns,
    used,
)

HOUR = 3600.0
NOW = 1_800_000_000.0


def sent(limit, ago, messages, recipients=None):
    end = limit.bucket_end(NOW - ago)
    return Use(end, messages, recipients if recipients is not None else messages)


def test_what_was_sent_within_the_window_counts():
    limit = Limit(HOUR, 100)
    uses = [sent(limit, 10, 3, 5), sent(limit, 1800, 2, 2), sent(limit, 4000, 9, 9)]

    assert used(limit, uses, NOW) == (5, 7)


def test_no_more_messages_than_are_left_are_granted():
    limit = Limit(HOUR, max_messages=5)

    assert grantable(limit, [sent(limit, 10, 3)], NOW, [1] * 10) == 2


def test_recipients_count_apart_from_messages():
    limit = Limit(HOUR, max_messages=100, max_recipients=10)

    assert grantable(limit, [sent(limit, 10, 1, 4)], NOW, [3, 3, 1]) == 2


def test_without_limits_all_is_granted():
    assert grantable(Limit(HOUR), [Use(NOW, 10**9, 10**9)], NOW, [500]) == 1


def test_spent_quota_tells_when_the_next_message_fits():
    limit = Limit(HOUR, max_messages=3)
    uses = [sent(limit, 1000, 2), sent(limit, 500, 1)]

    moment = free_at(limit, uses, NOW)

    assert grantable(limit, uses, moment, [1]) == 1
    assert grantable(limit, uses, moment - 0.001, [1]) == 0
    assert 2600 <= moment - NOW <= 2600 + HOUR / BUCKETS


def test_quota_that_is_not_spent_is_free_now():
    assert free_at(Limit(HOUR, 1), [], NOW) == NOW


def test_mail_with_more_recipients_than_the_limit_never_fits():
    assert free_at(Limit(HOUR, max_recipients=10), [], NOW, recipients=11) is None


def test_waiting_messages_have_their_turns_as_places_come_free():
    limit = Limit(60.0, max_messages=3)
    uses = [Use(ends_at=10.0, messages=2, recipients=2), Use(20.0, 1, 1)]

    assert turns(limit, uses, 25.0, 0, 5) == [70.0, 70.0, 70.0, 80.0, 130.0]


def test_those_behind_others_have_theirs_later():
    limit, uses = Limit(60.0, max_messages=3), [Use(10.0, 2, 2), Use(20.0, 1, 1)]

    assert turns(limit, uses, 25.0, 30, 2) == [70.0 + 9 * 60, 70.0 + 9 * 60]


def test_limit_of_recipients_gives_turns_too():
    limit, uses = Limit(60.0, max_recipients=2), [Use(10.0, 1, 2)]

    assert turns(limit, uses, 25.0, 0, 4) == [70.0, 70.0, 70.0, 130.0]


def test_free_places_are_taken_now():
    assert turns(Limit(60.0, max_messages=2), [], 25.0, 0, 3) == [25.0, 25.0, 25.0]
    assert turns(Limit(60.0), [], 25.0, 0, 1) == [25.0]


def test_what_was_not_sent_is_given_back():
    limit = Limit(HOUR, 10)
    uses = [sent(limit, 100, 4)]

    [changed] = given_back(limit, uses, NOW, messages=3, recipients=3)

    assert (changed.messages, changed.recipients) == (1, 1)


def test_more_is_not_given_back_than_was_taken():
    limit = Limit(HOUR, 10)

    changed = given_back(limit, [sent(limit, 100, 2)], NOW, 5, 5)

    assert [(use.messages, use.recipients) for use in changed] == [(0, 0)]


@pytest.mark.parametrize(
    ("total", "count", "expected"), [(5, 2, [3, 2]), (4, 4, [1] * 4), (7, 1, [7])]
)
def test_recipients_are_spread_over_messages(total, count, expected):
    assert spread(total, count) == expected


STEPS = st.lists(
    st.tuples(
        st.floats(0, 400),  # seconds since the step before
        st.integers(1, 6),  # messages asked for
        st.integers(0, 3),  # of those granted, not sent
    ),
    max_size=60,
)


@given(steps=STEPS, window=st.sampled_from([1.0, 60.0, 600.0]), most=st.integers(1, 9))
def test_no_rolling_window_ever_holds_more_than_the_limit(steps, window, most):
    limit, uses, now, moments = Limit(window, most), {}, NOW, []
    for pause, wanted, unsent in steps:
        now += pause * window / 600
        count = grantable(limit, list(uses.values()), now, [1] * wanted)
        end = limit.bucket_end(now)
        old = uses.get(end, Use(end, 0, 0))
        uses[end] = Use(end, old.messages + count, old.recipients + count)
        back = min(unsent, count)
        for use in given_back(limit, uses.values(), now, back, back):
            uses[use.ends_at] = use
        moments += [now] * (count - back)

    for moment in moments:
        assert sum(moment - window < m <= moment for m in moments) <= most
