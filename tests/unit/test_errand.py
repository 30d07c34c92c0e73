"""What a worker knows of the mails that wait, and which session it opens next."""

import pytest
from mgp_core.policy.errand import LOOK_AGAIN_SECONDS, Errand, Route, Turn

ROUTE = Route(1, 0, "desk@city.example")
OTHER = Route(2, 0, "desk@city.example")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def turn():
    turn = Turn(token=1)
    turn.clock = Clock()
    return turn


def four(_route):
    return 4


def test_route_with_more_mails_than_sessions_gets_another(turn):
    turn.add(ROUTE, [Errand(1, None), Errand(2, None)])
    turn.sessions[ROUTE] = turn.opening[ROUTE] = 1

    assert turn.next_route(four) == ROUTE


def test_route_of_a_server_that_is_only_probed_gets_no_other_session(turn):
    turn.add(ROUTE, [Errand(1, None), Errand(2, None)])
    turn.add(OTHER, [Errand(3, None)])
    turn.sessions[ROUTE] = 1
    turn.probing.add(ROUTE)

    assert turn.next_route(four) == OTHER


def test_empty_queue_is_looked_at_again_after_a_moment(turn):
    assert not turn.is_drained
    turn.drained_at = turn.clock()
    assert turn.is_drained

    turn.clock.now += LOOK_AGAIN_SECONDS

    assert not turn.is_drained
