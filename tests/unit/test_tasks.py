"""Tasks: the network in threads, everything else in the thread that runs them."""

import threading
import time

import pytest
from mgp_core.errors import OutOfTime
from mgp_core.tasks import call, joint, run

DEADLINE = 10


def here():
    return threading.current_thread()


def test_calls_run_in_threads_and_the_task_in_the_callers_own():
    seen = {}

    def task():
        seen["task"] = here()
        seen["call"] = yield call(True, here)
        seen["task again"] = here()

    run([task()], threads=2)

    assert seen["task"] is seen["task again"] is here()
    assert seen["call"] is not here()


def test_call_that_needs_the_callers_thread_gets_it():
    seen = []

    def task():
        seen.append((yield call(False, here)))

    run([task()], threads=2)

    assert seen == [here()]


def test_task_gets_results_and_arguments_through():
    results = []

    def task():
        results.append((yield call(True, divmod, 7, 2)))
        results.append((yield call(False, divmod, 9, 2)))

    run([task()], threads=1)

    assert results == [(3, 1), (4, 1)]


def test_two_tasks_wait_for_the_network_at_the_same_time():
    meeting = threading.Barrier(2, timeout=DEADLINE)
    met = []

    def task():
        met.append((yield call(True, meeting.wait)))

    run([task(), task()], threads=2)

    assert sorted(met) == [0, 1]


def test_no_more_tasks_are_started_than_there_are_threads():
    active, most = [], []

    def task():
        active.append(1)
        yield call(True, int)
        most.append(len(active))
        active.pop()

    run((task() for _number in range(9)), threads=3)

    assert max(most) <= 3
    assert len(most) == 9


def test_later_tasks_are_made_when_there_is_room():
    made = []

    def tasks():
        for number in range(3):
            made.append(number)
            yield task()

    def task():
        count = len(made)
        yield call(True, int)
        assert len(made) == count, "another task was made while there was no room"

    run(tasks(), threads=1)

    assert made == [0, 1, 2]


@pytest.mark.parametrize("in_thread", [True, False])
def test_error_of_a_call_is_raised_in_its_task(in_thread):
    caught = []

    def task():
        try:
            yield call(in_thread, int, "no number")
        except ValueError as error:
            caught.append(error)

    run([task()], threads=1)

    assert len(caught) == 1


def test_error_that_a_task_does_not_handle_closes_the_others():
    closed = []
    release = threading.Event()

    def patient():
        try:
            yield call(True, release.wait, DEADLINE)
        finally:
            closed.append("patient")

    def failing():
        yield call(True, release.set)
        raise LookupError

    with pytest.raises(LookupError):
        run([patient(), failing()], threads=2)

    assert closed == ["patient"]


def test_task_that_fails_when_it_is_closed_keeps_no_other_from_being_closed():
    closed = []
    release = threading.Event()

    def patient(name):
        try:
            yield call(True, release.wait, DEADLINE)
        finally:
            closed.append(name)
            raise OSError(name)

    def failing():
        yield call(True, release.set)
        raise LookupError

    tasks = [patient("one"), patient("two"), failing()]  # kept: Python closes the rest
    with pytest.raises(OSError):
        run(tasks, threads=3)

    assert sorted(closed) == ["one", "two"]


def test_nothing_to_run_is_no_error():
    run([], threads=2)


def test_another_task_is_begun_while_all_others_wait():
    let_go = threading.Event()

    def slow():
        yield call(True, let_go.wait, DEADLINE)

    def sudden():
        let_go.set()
        return
        yield

    def tasks():
        yield slow()
        yield None  # nothing to begin just now
        yield sudden()

    started = time.monotonic()

    run(tasks(), threads=2, patience=0.05)

    assert time.monotonic() - started < DEADLINE


# -------------------------------------------------------------------------- deadlines


def test_call_that_takes_too_long_is_given_up_and_its_task_told():
    released = threading.Event()
    caught = []

    def task():
        try:
            yield call(
                True, released.wait, DEADLINE, seconds=0.05, give_up=released.set
            )
        except OutOfTime as error:
            caught.append(error)

    run([task()], threads=1)

    assert len(caught) == 1
    assert released.is_set()


def test_task_goes_on_though_the_call_cannot_be_ended():
    released = threading.Event()
    goes_on = []

    def task():
        with pytest.raises(OutOfTime):
            yield call(True, released.wait, DEADLINE, seconds=0.05)
        goes_on.append((yield call(True, int)))
        released.set()

    run([task()], threads=2)

    assert goes_on == [0]


def test_call_that_ends_in_time_is_left_alone():
    given_up = []

    def task():
        yield call(True, int, seconds=DEADLINE, give_up=lambda: given_up.append(1))
        yield call(True, time.sleep, 0.05)

    run([task()], threads=1)

    assert given_up == []


def test_what_several_tasks_are_about_to_do_is_done_at_once():
    asked, results = [], []
    all_done = threading.Event()

    def wait_for_all(numbers):
        # While this keeps the caller's thread, the calls of all others come to an end.
        all_done.wait(DEADLINE)
        time.sleep(0.05)
        return numbers

    def double(numbers):
        asked.append(sorted(numbers))
        return [2 * number for number in numbers]

    def first():
        yield call(True, int)
        yield joint(wait_for_all, 0)

    def task(number):
        yield call(True, all_done.set if number == 3 else int)
        results.append((number, (yield joint(double, number))))

    run([first(), task(1), task(2), task(3)], threads=4)

    assert sorted(results) == [(1, 2), (2, 4), (3, 6)]
    assert len(asked) < 3
    assert sorted(sum(asked, [])) == [1, 2, 3]


def test_what_fails_for_several_is_done_for_each_by_itself():
    ends = threading.Barrier(2, timeout=DEADLINE)
    calls, failed, results = [], [], []

    def only_even(numbers):
        calls.append(sorted(numbers))
        if any(number % 2 for number in numbers):
            raise ValueError(numbers)
        return numbers

    def task(number):
        yield call(True, ends.wait)
        try:
            results.append((yield joint(only_even, number)))
        except ValueError:
            failed.append(number)

    run([task(1), task(2)], threads=2)

    assert results == [2]
    assert failed == [1]


def test_tasks_about_to_do_something_together_are_closed_when_it_is_stopped():
    closed = []

    def stop(_arguments):
        raise KeyboardInterrupt

    def task():
        try:
            yield joint(stop, None)
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        run([task()], threads=1)

    assert closed == [True]
