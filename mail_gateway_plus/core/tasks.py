"""Many conversations at once: the network in threads, all else in one.

A task is a generator. It yields a :class:`Call` for whatever may wait for the network
and gets the call's result back, or its exception raised. Between two calls a task runs
in the thread that started it, alone, and so may use the database; before it yields it
must have committed, as another task goes on with the same cursor. A :class:`Joint` is
for what is cheaper done for several tasks at once.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Call:
    """Something to be called, in a thread unless it needs the caller's own."""

    function: Callable
    in_thread: bool = True


def call(in_thread, function, *arguments):
    """Return the :class:`Call` of a function with its arguments."""
    return Call(partial(function, *arguments), in_thread)


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
    with ThreadPoolExecutor(threads, thread_name_prefix="mail-gateway") as pool:
        floor = _Floor(pool)
        try:
            while True:
                while len(floor.waiting) < threads and (task := next(tasks, None)):
                    floor.advance(task, partial(next, task))
                    floor.do_together()
                if not floor.waiting:
                    return
                done, _pending = wait(
                    floor.waiting, patience, return_when=FIRST_COMPLETED
                )
                for future in done:
                    task = floor.waiting.pop(future)
                    floor.advance(task, _resumption(task, future))
                floor.do_together()
        finally:
            floor.close()


class _Floor:
    """The tasks that have begun: in a thread, or about to do something together."""

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
                self.waiting[self._pool.submit(wanted.function)] = task
                return
            resume = _outcome(task, wanted.function)

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
        """End all tasks."""
        for task in self.waiting.values():
            task.close()
        for entries in self._gathered.values():
            for task, _argument in entries:
                task.close()


def _outcome(task, function):
    """Return how a task goes on after a function that was called for it."""
    try:
        return partial(task.send, function())
    except Exception as error:
        return partial(task.throw, error)


def _resumption(task, future):
    error = future.exception()
    if error is not None:
        return partial(task.throw, error)
    return partial(task.send, future.result())
