"""What becomes of a message that kills."""

from datetime import timedelta

from mgp_core.policy.deaths import wait_after_death


def test_first_death_costs_no_time():
    assert wait_after_death(0) == timedelta(0)
    assert wait_after_death(1) == timedelta(0)


def test_second_gives_the_machine_a_pause():
    assert wait_after_death(2) == timedelta(minutes=1)


def test_third_is_for_a_person():
    assert wait_after_death(3) is None
    assert wait_after_death(4) is None
