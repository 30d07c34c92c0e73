"""Many conversations at once: the network in threads, all else in one.

A task is a generator. It yields a :class:`Call` for whatever may wait for the network
and gets the call's result back, or its exception raised. Between two calls a task runs
in the thread that started it, alone, and so may use the database; before it yields it
must have committed, as another task goes on with the same cursor. A :class:`Joint` is
for what is cheaper done for several tasks at once.

A call may have a deadline. Threads cannot be ended, so its task is told and goes on
without it, and what the call waits for is taken away from it.
"""

import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
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


@dataclass(frozen=True)
class Joint:
    """Something that is done at once for all tasks that are about to do it.

    ``function`` takes a list of arguments and returns as many results. If it raises for
    several, it is called for each by itself; so it must leave nothing half done.
    """

    function: Callable
    argument: object


def joint(function, argument):
    """Return the :class:`Joint` by which a task gets its result.

    Nobody is waited for: it is done for those whose network calls have ended by now.
    The same method of two objects is not the same function.
    """
    return Joint(function, argument)


def run(tasks, threads, patience=None):
    """Run tasks to their end, at most ``threads`` of them at a time.

    :param tasks: an iterable of generators; the next one is taken when one has ended,
        so that it may decide that no more are to be started
    :param patience: seconds after which it is asked for one more, though none has ended
    :raises: whatever a task does not handle; the others are closed then
    """
    tasks = iter(tasks)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="mail-gateway")
    floor = _Floor(pool)
    try:
        while True:
            while len(floor.waiting) < threads and (task := next(tasks, None)):
                floor.advance(task, partial(next, task))
                floor.do_together()
            if not floor.waiting:
                return
            seconds = floor.until_deadline(patience)
            done, _pending = wait(floor.waiting, seconds, return_when=FIRST_COMPLETED)
            for future in done or floor.overdue():
                floor.resume(future)
            floor.do_together()
    finally:
        try:
            floor.close()
        finally:
            # Not for the threads: one that was given up may still look up a host name.
            pool.shutdown(wait=False, cancel_futures=True)


class _Floor:
    """The tasks that have begun: in a thread, or about to do something together.

    ``waiting``: those in a thread, by the call's future.
    """

    def __init__(self, pool):
        self._pool = pool
        self.waiting = {}
        self._gathered = {}

    def advance(self, task, resume):
        """Let a task go on until it waits for a thread or for others, or has ended."""
        while True:
            try:
                wanted = resume()
            except StopIteration:
                return
            if isinstance(wanted, Joint):
                entry = (task, wanted.argument)
                self._gathered.setdefault(wanted.function, []).append(entry)
                return
            if wanted.in_thread:
                seconds = float("inf") if wanted.seconds is None else wanted.seconds
                deadline = time.monotonic() + seconds
                future = self._pool.submit(wanted.function)
                self.waiting[future] = Waiting(task, wanted, deadline)
                return
            resume = _outcome(task, wanted.function)

    def resume(self, future):
        """Let a task go on whose call has ended, or is given up."""
        each = self.waiting.pop(future)
        if future.done():
            self.advance(each.task, _outcome(each.task, future.result))
            return
        if each.wanted.give_up:
            each.wanted.give_up()
        self.advance(each.task, partial(each.task.throw, OutOfTime()))

    def until_deadline(self, patience):
        """Return the seconds to wait, to the first deadline at most; ``None``: any."""
        deadline = min(each.deadline for each in self.waiting.values())
        seconds = max(deadline - time.monotonic(), 0)
        if patience is not None:
            seconds = min(seconds, patience)
        return None if seconds == float("inf") else seconds

    def overdue(self):
        """Return the futures of the calls whose deadline is over."""
        now = time.monotonic()
        return [future for future, each in self.waiting.items() if each.deadline <= now]

    def do_together(self):
        """Do what tasks wait to do together, and what they want to do then."""
        while self._gathered:
            function, entries = next(iter(self._gathered.items()))
            try:
                results = function([argument for _task, argument in entries])
                resumptions = [
                    partial(task.send, result)
                    for (task, _argument), result in zip(entries, results, strict=True)
                ]
            except Exception as error:
                resumptions = self._each_by_itself(function, entries, error)
            del self._gathered[function]
            for (task, _argument), resume in zip(entries, resumptions, strict=True):
                self.advance(task, resume)

    @staticmethod
    def _each_by_itself(function, entries, error):
        if len(entries) == 1:
            return [partial(entries[0][0].throw, error)]
        return [
            _outcome(task, lambda argument=argument: function([argument])[0])
            for task, argument in entries
        ]

    def close(self):
        """End all tasks, also when one of them fails at that."""
        with ExitStack() as closing:
            for each in self.waiting.values():
                closing.callback(each.task.close)
            for entries in self._gathered.values():
                for task, _argument in entries:
                    closing.callback(task.close)


def _outcome(task, function):
    """Return how a task goes on after a function that was called for it."""
    try:
        return partial(task.send, function())
    except Exception as error:
        return partial(task.throw, error)
