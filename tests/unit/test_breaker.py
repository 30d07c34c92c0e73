"""Whether a server is used: a breaker's life."""

from datetime import datetime, timedelta

import pytest
from mgp_core.policy.breaker import (
    COOL_DOWNS,
    FAIL_BACK_DELAY,
    FORGIVEN_AFTER,
    JITTER,
    PROBE_LEASE,
    Breaker,
    State,
)
from mgp_core.policy.verdict import Kind, Scope, Verdict

NOW = datetime(2026, 1, 1, 12)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DOWN = Verdict(Kind.TEMPORARY, Scope.CONNECTION)
REFUSED = Verdict(Kind.PERMANENT, Scope.ACCOUNT)


def fail(breaker, at=NOW, verdict=DOWN, chance=0.5, tried=0):
    return breaker.after_fault(verdict, at, chance, tried)


def opened(at=NOW, **more):
    return fail(Breaker(**more), at, REFUSED)


def probed(breaker, at):
    assert breaker.can_probe(at)
    return breaker.probing(at)


def test_three_faults_in_a_row_open_it():
    breaker = fail(fail(Breaker()))

    assert breaker.state is State.CLOSED
    assert fail(breaker).state is State.OPEN


def test_a_success_starts_the_count_anew():
    breaker = fail(fail(Breaker())).after_success(NOW)

    assert fail(fail(breaker)).state is State.CLOSED


@pytest.mark.parametrize(
    "verdict", [REFUSED, Verdict(Kind.PERMANENT, Scope.CONNECTION)]
)
def test_a_fault_that_a_person_has_to_mend_opens_it_at_once(verdict):
    assert fail(Breaker(), verdict=verdict).state is State.OPEN


def failing_every_other_time(number, tried, apart=SECOND):
    breaker = Breaker()
    for count in range(number):
        breaker = fail(breaker, NOW + count * apart, tried=tried).after_success(NOW)
    return breaker


@pytest.mark.parametrize(
    ("number", "tried", "state"),
    [(5, 10, State.OPEN), (4, 9, State.CLOSED), (5, 11, State.CLOSED)],
)
def test_half_of_ten_tries_failing_open_it(number, tried, state):
    assert failing_every_other_time(number, tried).state is state


def test_faults_of_an_hour_ago_do_not_count():
    assert failing_every_other_time(8, 10, apart=10 * MINUTE).state is State.CLOSED


def test_open_breaker_is_left_alone_until_it_has_cooled_down():
    breaker = opened()

    assert not breaker.can_probe(NOW + 59 * SECOND)
    assert breaker.can_probe(NOW + MINUTE)


def test_only_one_caller_probes_at_a_time():
    breaker = probed(opened(), NOW + MINUTE)

    assert breaker.state is State.HALF_OPEN
    assert not breaker.can_probe(NOW + MINUTE)


def test_probe_of_a_caller_that_died_can_be_taken_over():
    breaker = probed(opened(), NOW + MINUTE)

    assert breaker.can_probe(NOW + MINUTE + PROBE_LEASE)


def test_two_good_probes_close_it():
    breaker = probed(opened(), NOW + MINUTE).after_success(NOW + MINUTE)
    assert breaker.state is State.HALF_OPEN

    breaker = probed(breaker, NOW + MINUTE).after_success(NOW + MINUTE)
    assert breaker.state is State.CLOSED


def test_failed_probe_opens_it_for_longer_and_longer_up_to_half_an_hour():
    breaker, now, cool_downs = opened(), NOW, []
    for _round in range(7):
        cool_downs.append((breaker.open_until - now) / MINUTE)
        now = breaker.open_until
        breaker = fail(probed(breaker, now), now)

    assert cool_downs == [1, 2, 4, 8, 16, 30, 30]


def test_cool_downs_are_spread():
    early, late = fail(Breaker(), NOW, REFUSED, 0), fail(Breaker(), NOW, REFUSED, 1)

    assert early.open_until - NOW == COOL_DOWNS[0] * (1 - JITTER)
    assert late.open_until - NOW == COOL_DOWNS[0] * (1 + JITTER)


def test_wait_named_by_the_server_is_obeyed():
    quota = Verdict(Kind.PERMANENT, Scope.RATE, wait=timedelta(hours=2))

    assert fail(Breaker(), verdict=quota).open_until == NOW + timedelta(hours=2)


def test_moment_of_the_outage_stays_known_through_failed_probes():
    breaker = fail(probed(opened(), NOW + MINUTE), NOW + MINUTE)

    assert breaker.opened_at == NOW


@pytest.mark.parametrize("note", [fail, lambda breaker: breaker.after_success(NOW)])
def test_mail_that_was_under_way_when_it_opened_changes_nothing(note):
    breaker = opened()

    assert note(breaker) == breaker


def closed_again(breaker, at):
    for _probe in range(2):
        breaker = probed(breaker, at).after_success(at)
    return breaker


def test_server_that_is_back_stands_behind_the_others_for_a_while():
    back = NOW + MINUTE
    breaker = closed_again(opened(), back)

    assert breaker.is_settling(back + FAIL_BACK_DELAY - SECOND)
    assert not breaker.is_settling(back + FAIL_BACK_DELAY)


@pytest.mark.parametrize(("after", "minutes"), [(MINUTE, 2), (FORGIVEN_AFTER, 1)])
def test_server_that_fails_again_soon_is_as_bad_as_it_was(after, minutes):
    back = NOW + MINUTE
    breaker = opened(back + after, **vars(closed_again(opened(), back)))

    assert breaker.open_until - back - after == minutes * MINUTE


def test_breaker_that_a_person_opened_stays_open():
    breaker = Breaker().forced_open(NOW)

    assert not breaker.can_probe(NOW + timedelta(days=30))


def test_breaker_that_a_person_closed_is_trusted_at_once():
    breaker = opened().closed(NOW, is_trusted=True)

    assert breaker == Breaker()
