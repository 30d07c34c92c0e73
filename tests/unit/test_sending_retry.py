"""When a mail that was not taken is tried again, and when it is given up."""

from datetime import timedelta

import pytest
from mgp_core.policy.sending_retry import JITTER, Lane, Patience, next_try
from mgp_core.policy.verdict import Kind, Scope, Verdict

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATER = Verdict(Kind.TEMPORARY, Scope.RECIPIENT)


def wait(tries, lane=Lane.NOTIFICATION, verdict=LATER, age=MINUTE, chance=0.5, **more):
    return next_try(lane, tries, verdict, age, chance, **more)


def test_notification_is_tried_again_after_minutes_then_hours():
    waits = [wait(tries) / MINUTE for tries in range(1, 12)]

    assert waits == [1, 5, 15, 30, 60, 120, 240, 240, 360, 360, 360]


def test_a_person_who_waits_has_the_first_tries_sooner():
    waits = [wait(tries, "interactive") / MINUTE for tries in range(1, 7)]

    assert waits == [0.5, 2, 5, 15, 30, 60]


@pytest.mark.parametrize("tries", range(1, 8))
def test_bulk_never_comes_before_others(tries):
    assert wait(tries, Lane.BULK) >= wait(tries) >= wait(tries, Lane.INTERACTIVE)


def test_mails_that_failed_together_do_not_come_back_together():
    early, late = wait(4, chance=0), wait(4, chance=1)

    assert (early, late) == (30 * MINUTE * (1 - JITTER), 30 * MINUTE * (1 + JITTER))


@pytest.mark.parametrize("scope", ["recipient", "message", "sender"])
def test_final_refusal_is_not_tried_again(scope):
    assert wait(1, verdict=Verdict(Kind.PERMANENT, Scope(scope))) is None


@pytest.mark.parametrize("scope", ["account", "rate", "connection"])
def test_fault_of_the_server_does_not_give_the_mail_up(scope):
    assert wait(1, verdict=Verdict(Kind.PERMANENT, Scope(scope))) == MINUTE


def test_uncertain_mail_is_never_tried_again_by_itself():
    assert wait(1, verdict=Verdict(Kind.UNCERTAIN, Scope.MESSAGE)) is None


def test_mail_is_given_up_after_four_days():
    assert wait(20, age=4 * DAY) is None
    assert wait(20, age=3.5 * DAY) is not None


def test_last_try_is_made_when_the_time_is_up():
    assert wait(20, age=4 * DAY - HOUR) == HOUR


def test_administrator_sets_when_to_give_up():
    assert wait(3, age=2 * HOUR, patience=Patience(HOUR)) is None


@pytest.mark.parametrize("chance", [0, 0.5, 1])
def test_named_wait_is_obeyed_and_never_undercut(chance):
    named = Verdict(Kind.TEMPORARY, Scope.RECIPIENT, wait=3 * MINUTE)

    assert 3 * MINUTE <= wait(1, verdict=named, chance=chance) <= 3.6 * MINUTE


def test_server_that_names_the_same_wait_forever_is_asked_less_often():
    named = Verdict(Kind.TEMPORARY, Scope.RECIPIENT, wait=MINUTE)

    assert wait(3, verdict=named, chance=0) == MINUTE
    assert wait(4, verdict=named, chance=0) == 30 * MINUTE


def test_spent_quota_is_left_alone_for_a_while():
    quota = Verdict(Kind.QUOTA, Scope.RATE)

    assert wait(1, Lane.INTERACTIVE, quota) == 30 * MINUTE
