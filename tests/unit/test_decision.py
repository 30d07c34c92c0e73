"""A person may decide about what became no record, as long as its content is kept."""

import pytest
from mgp_core.policy.decision import Decision, Obstacle, obstacle_to
from mgp_core.policy.outcome import State

MAKING = [decision for decision in Decision if decision is not Decision.MOVE]
OPEN = [state for state in State if state not in (State.DONE, State.DISCARDED)]


@pytest.mark.parametrize("decision", MAKING)
@pytest.mark.parametrize("has_content", [True, False])
def test_what_is_a_record_stays_one(decision, has_content):
    assert obstacle_to(decision, State.DONE, has_content) is Obstacle.DONE


@pytest.mark.parametrize("decision", MAKING)
@pytest.mark.parametrize("state", OPEN)
def test_anything_else_may_be_decided(decision, state):
    assert obstacle_to(decision, state, has_content=True) is None


@pytest.mark.parametrize("decision", [d for d in MAKING if d is not Decision.DISCARD])
def test_discarded_message_may_be_taken_up_again(decision):
    assert obstacle_to(decision, State.DISCARDED, has_content=True) is None


@pytest.mark.parametrize("decision", [d for d in MAKING if d is not Decision.DISCARD])
def test_record_needs_the_content(decision):
    obstacle = obstacle_to(decision, State.QUARANTINED, has_content=False)

    assert obstacle is Obstacle.NO_CONTENT


def test_discarding_needs_no_content():
    assert obstacle_to(Decision.DISCARD, State.QUARANTINED, has_content=False) is None


def test_discarding_twice_keeps_the_first():
    obstacle = obstacle_to(Decision.DISCARD, State.DISCARDED, has_content=True)

    assert obstacle is Obstacle.DISCARDED


def test_only_what_is_on_a_record_is_moved():
    assert obstacle_to(Decision.MOVE, State.DONE, has_content=False) is None
    for state in State:
        if state is not State.DONE:
            found = obstacle_to(Decision.MOVE, state, has_content=True)
            assert found is Obstacle.NO_RECORD
