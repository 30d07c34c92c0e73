"""What became of a message is told by the way it took through Odoo."""

import dataclasses

import pytest
from mgp_core.policy.dispatch import Dispatch
from mgp_core.policy.outcome import (
    Outcome,
    Reason,
    State,
    Trace,
    conclude,
    has_no_route,
)

CHECKED = {"checked_for_loop": True}
ROUTED = {**CHECKED, "is_routed": True}


@pytest.mark.parametrize(
    ("stations", "state", "reason"),
    [
        ({}, State.DUPLICATE, Reason.DUPLICATE_ID),
        ({**CHECKED, "loop_headers": True}, State.IGNORED, Reason.LOOP_HEADERS),
        ({**CHECKED, "is_bounce": True}, State.IGNORED, Reason.BOUNCE),
        (CHECKED, State.QUARANTINED, Reason.NO_ROUTE),
        (ROUTED, State.QUARANTINED, Reason.NO_RECORD),
        ({**ROUTED, "model": "res.partner", "record_id": 7}, State.DONE, None),
    ],
    ids=lambda value: getattr(value, "value", None),
)
def test_way_through_odoo_gives_the_verdict(stations, state, reason):
    assert conclude(Trace(**stations)) == Outcome(state, reason)


def test_record_counts_more_than_anything_on_the_way():
    everything = {
        field.name: True
        for field in dataclasses.fields(Trace)
        if isinstance(field.default, bool)
    }

    assert conclude(Trace(**everything, record_id=7)).state is State.DONE


def test_loop_headers_count_more_than_a_bounce():
    trace = Trace(checked_for_loop=True, loop_headers=True, is_bounce=True)

    assert conclude(trace).reason is Reason.LOOP_HEADERS


def test_model_without_a_record_is_no_record():
    assert conclude(Trace(**ROUTED, model="res.partner")).reason is Reason.NO_RECORD


def test_value_error_while_routing_means_no_route():
    assert has_no_route(Trace(is_routing=True), ValueError())


@pytest.mark.parametrize(
    ("is_routing", "error"),
    [
        (False, ValueError()),
        (True, KeyError()),
        (True, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")),
    ],
    ids=["after routing", "another error", "a fault in the message's text"],
)
def test_other_failure_does_not_mean_no_route(is_routing, error):
    assert not has_no_route(Trace(is_routing=is_routing), error)


def test_traces_with_equal_stations_are_two():
    assert Trace() != Trace()


def test_new_batch_forgets_the_mail_of_the_last_one():
    dispatch = Dispatch(current_mail_id=3, answers=["of mail 3"], keeps_to_senders=True)

    dispatch.start_batch([5, 6], server_is_forced=True)

    # Whether it keeps to servers for its senders is for all batches.
    assert dataclasses.astuple(dispatch) == ((5, 6), True, 0, [], True)


def test_dispatches_with_equal_content_are_two():
    assert Dispatch() != Dispatch()


def test_rules_that_held_are_kept_so_that_each_can_be_looked_for():
    assert Trace(rules_held=[3, 70]).told_rules_held == ",3,70,"
    assert Trace().told_rules_held == ""
