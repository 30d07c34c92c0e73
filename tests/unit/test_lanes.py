"""The most urgent mail goes first, and none waits for ever."""

import pytest
from mgp_core.policy.lanes import Lane, lane_of, share_out

FIRST, NEXT, LAST = Lane


def claim(limit, **queued):
    """Return how many of a queue a claim of ``limit`` takes, by lane."""
    queue = {Lane[name.upper()]: [name] * number for name, number in queued.items()}

    def take(lane, number):
        waiting = queue.get(lane, [])
        queue[lane] = waiting[number:]
        return [lane] * len(waiting[:number])

    taken = share_out(limit, take)
    return {lane: taken.count(lane) for lane in Lane}


def test_lanes_sort_by_urgency():
    assert sorted([LAST, FIRST, NEXT]) == [FIRST, NEXT, LAST]


@pytest.mark.parametrize(
    ("is_mailing", "is_notification", "lane"),
    [
        (True, True, LAST),
        (True, False, LAST),
        (False, True, NEXT),
        (False, False, FIRST),
    ],
)
def test_lane_of_a_new_mail(is_mailing, is_notification, lane):
    assert lane_of(is_mailing, is_notification) is lane


def test_urgent_mail_takes_nearly_all():
    assert claim(20, interactive=100, notification=100, bulk=100) == {
        FIRST: 13,
        NEXT: 5,
        LAST: 2,
    }


def test_reserved_share_is_not_left_empty():
    assert claim(20, interactive=100) == {FIRST: 20, NEXT: 0, LAST: 0}
    assert claim(20, interactive=2, bulk=100) == {FIRST: 2, NEXT: 0, LAST: 18}
    assert claim(20, notification=100, bulk=1) == {FIRST: 0, NEXT: 19, LAST: 1}


def test_nothing_more_than_the_limit_is_taken():
    for limit in range(1, 30):
        taken = claim(limit, interactive=50, notification=50, bulk=50)
        assert sum(taken.values()) == limit


def test_single_claim_takes_the_most_urgent():
    assert claim(1, interactive=1, notification=1, bulk=1)[FIRST] == 1
