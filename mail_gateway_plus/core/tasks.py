"""Many conversations at once: the network in threads, all else in one.

A task is a generator. It yields a :class:`Call` for whatever may wait for the network
and gets the call's result back, or its exception raised. Between two calls a task runs
in the thread that started it, alone, and so may use the database; before it yields it
must have committed, as another task goes on with the same cursor.

A call may have a deadline. Threads cannot be ended, so its task is told and goes on
without it, and what the call waits for is taken away from it.
"""

import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

from .errors import OutOfTime


@dataclass(frozen=True)
class Call:
    """Something to be called, in a thread unless it needs the caller's own.

    A thread has ``seconds`` for it. After that ``give_up`` is called, which makes the
    function raise if it can, and the task gets an :class:`~.errors.OutOfTime`.
    """

    function: Callable
    in_thread: bool = True
    seconds: float | None = None
    give_up: Callable | None = None


@dataclass(frozen=True)
class Waiting:
    """A task that waits for a call in a thread, and until when."""

    task: Generator
    wanted: Call
    deadline: float


def call(in_thread, function, *arguments, seconds=None, give_up=None):
    """Return the :class:`Call` of a function with its arguments."""
    return Call(partial(function, *arguments), in_thread, seconds, give_up)


def run(tasks, threads, patience=None):
    """Run tasks to their end, at most ``threads`` of them at a time.

    :param tasks: an iterable of generators; the next one is taken when one has ended,
        so that it may decide that no more are to be started
    :param patience: seconds after which it is asked for one more, though none has ended
    :raises: whatever a task does not handle; the others are closed then
    """
    tasks = iter(tasks)
    waiting = {}
    pool = ThreadPoolExecutor(threads, thread_name_prefix="mail-gateway")
    try:
        while True:
            while len(waiting) < threads and (task := next(tasks, None)):
                _advance(task, pool, waiting, partial(next, task))
            if not waiting:
                return
            seconds = _until_deadline(waiting, patience)
            done, _pending = wait(waiting, seconds, return_when=FIRST_COMPLETED)
            for future in done or _overdue(waiting):
                task = waiting[future].task
                resume = _resumption(waiting.pop(future), future)
                _advance(task, pool, waiting, resume)
    finally:
        for each in waiting.values():
            each.task.close()
        # Not for the threads: one that was given up may still look up a host name.
        pool.shutdown(wait=False, cancel_futures=True)


def _advance(task, pool, waiting, resume):
    """Let a task go on until it waits for a thread or has ended."""
    while True:
        try:
            wanted = resume()
        except StopIteration:
            return
        if wanted.in_thread:
            seconds = float("inf") if wanted.seconds is None else wanted.seconds
            deadline = time.monotonic() + seconds
            waiting[pool.submit(wanted.function)] = Waiting(task, wanted, deadline)
            return
        try:
            resume = partial(task.send, wanted.function())
        except Exception as error:
            resume = partial(task.throw, error)


def _until_deadline(waiting, patience):
    """Return the seconds to wait, to the first deadline at most; ``None``: no limit."""
    deadline = min(each.deadline for each in waiting.values())
    seconds = max(deadline - time.monotonic(), 0)
    if patience is not None:
        seconds = min(seconds, patience)
    return None if seconds == float("inf") else seconds


def _overdue(waiting):
    now = time.monotonic()
    return [future for future, each in waiting.items() if each.deadline <= now]


def _resumption(waiting, future):
    task, wanted = waiting.task, waiting.wanted
    if not future.done():
        if wanted.give_up:
            wanted.give_up()
        return partial(task.throw, OutOfTime())
    error = future.exception()
    if error is not None:
        return partial(task.throw, error)
    return partial(task.send, future.result())
