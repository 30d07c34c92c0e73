"""Run long work as named steps: a line with seconds on screen, all output in a log."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dev.postgres import PostgresError

TAIL_LINES = 20


class PrepareError(Exception):
    """A step could not be done; the text says why in plain words, for a person."""


def say(message: str) -> None:
    """Print one line of progress."""
    print(f"[prepare] {message}", flush=True)


class Step:
    """One named piece of work, with a log file for what its commands print."""

    def __init__(self, log_path: Path) -> None:
        self.log_path = log_path
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Show ``text`` in a line of its own once the step has ended."""
        self.notes.append(text)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        stdin: str | None = None,
        advice: str = "",
    ) -> None:
        """Run ``command`` into the log, or raise PrepareError with the log's end.

        ``environment`` is added to ours; ``advice`` ends the error's first line.
        """
        words = [str(word) for word in command]
        with self.log_path.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(words)}\n")
            log.flush()
            position = log.tell()
            try:
                done = subprocess.run(
                    words,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})},
                    cwd=directory,
                    input=stdin,
                    stdin=subprocess.DEVNULL if stdin is None else None,
                    text=True,
                    check=False,
                )
            except FileNotFoundError as error:
                raise PrepareError(f"{words[0]} is not installed") from error
        if done.returncode:
            raise PrepareError(
                f"{Path(words[0]).name} ended with code {done.returncode}"
                f"{': ' + advice if advice else ''}\n{self._end_of_log(position)}"
            )

    def _end_of_log(self, position: int) -> str:
        """Return the last lines written after ``position``, and the log's path."""
        with self.log_path.open("rb") as log:
            log.seek(position)
            lines = log.read().decode(errors="replace").splitlines()
        shown = [f"    {line}" for line in lines[-TAIL_LINES:]]
        return "\n".join([*shown, f"  full log: {self.log_path}"])


@contextlib.contextmanager
def step(title: str, log_path: Path) -> Iterator[Step]:
    """Show ``title`` with the seconds that the block took, then the step's notes."""
    log_path.parent.mkdir(parents=True, exist_ok=True)
    current = Step(log_path)
    started = time.monotonic()
    print(f"[prepare] {title} … ", end="", flush=True)
    try:
        yield current
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    for text in current.notes:
        say(f"  {text}")


@contextlib.contextmanager
def exclusive(lock_path: Path, what: str) -> Iterator[None]:
    """Hold ``lock_path`` during the block, so that two commands do not mix."""
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another command is preparing {what}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """End the program with one clear message where a person can do something."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit("stopped")
    except (PrepareError, PostgresError, OSError) as error:
        sys.exit(f"error: {error}")
