"""When a mailbox is read next."""

from datetime import timedelta

import pytest
from mgp_core.policy.polling import JITTER, LONGEST_WAIT, next_wait

MINUTE = timedelta(minutes=1)


def test_mailbox_that_works_keeps_its_interval():
    assert next_wait(5 * MINUTE, failures=0, chance=0.9) == 5 * MINUTE


def test_failing_mailbox_is_asked_less_and_less_often():
    waits = [next_wait(MINUTE, failures, chance=0.5) for failures in range(1, 6)]

    assert waits == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE]


@pytest.mark.parametrize("failures", [7, 100, 10_000])
def test_failing_mailbox_is_never_given_up(failures):
    assert next_wait(MINUTE, failures, chance=0.5) == LONGEST_WAIT


def test_interval_longer_than_the_longest_wait_is_kept():
    day = timedelta(days=1)

    assert next_wait(day, failures=3, chance=0.5) == day


def test_mailboxes_that_failed_together_do_not_come_back_together():
    early, late = next_wait(MINUTE, 3, chance=0), next_wait(MINUTE, 3, chance=1)

    assert (early, late) == (8 * MINUTE * (1 - JITTER), 8 * MINUTE * (1 + JITTER))
