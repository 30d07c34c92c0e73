"""Many conversations at once: the network in threads, all else in one.

A task is a generator. It yields a :class:`Call` for whatever may wait for the network
and gets the call's result back, or its exception raised. Between two calls a task runs
in the thread that started it, alone, and so may use the database; before it yields it
must have committed, as another task goes on with the same cursor.
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


def run(tasks, threads, patience=None):
    """Run tasks to their end, at most ``threads`` of them at a time.

    :param tasks: an iterable of generators; the next one is taken when one has ended,
        so that it may decide that no more are to be started
    :param patience: seconds after which it is asked for one more, though none has ended
    :raises: whatever a task does not handle; the others are closed then
    """
    tasks = iter(tasks)
    waiting = {}
    with ThreadPoolExecutor(threads, thread_name_prefix="mail-gateway") as pool:
        try:
            while True:
                while len(waiting) < threads and (task := next(tasks, None)):
                    _advance(task, pool, waiting, partial(next, task))
                if not waiting:
                    return
                done, _pending = wait(waiting, patience, return_when=FIRST_COMPLETED)
                for future in done:
                    task = waiting.pop(future)
                    _advance(task, pool, waiting, _resumption(task, future))
        finally:
            for task in waiting.values():
                task.close()


def _advance(task, pool, waiting, resume):
    """Let a task go on until it waits for a thread or has ended."""
    while True:
        try:
            wanted = resume()
        except StopIteration:
            return
        if wanted.in_thread:
            waiting[pool.submit(wanted.function)] = task
            return
        try:
            resume = partial(task.send, wanted.function())
        except Exception as error:
            resume = partial(task.throw, error)


def _resumption(task, future):
    error = future.exception()
    if error is not None:
        return partial(task.throw, error)
    return partial(task.send, future.result())
