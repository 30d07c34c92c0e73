"""Start real server processes, wait until they serve, and leave none behind."""

import atexit
import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev import running
from dev.paths import make_state_directory

START_SECONDS = 30.0
STOP_SECONDS = 15.0

# Waits for the end of its input, which the kernel brings when we are gone, and then
# ends the group in $1; sudo is for servers that run as another user than we do.
GUARD = """
read -r nothing
kill -s TERM -- "-$1" 2>/dev/null || sudo -n kill -s TERM -- "-$1" 2>/dev/null
for moment in 1 2 3 4 5; do kill -s 0 -- "-$1" 2>/dev/null || exit 0; sleep 1; done
kill -s KILL -- "-$1" 2>/dev/null || sudo -n kill -s KILL -- "-$1"
"""
POLL_SECONDS = 0.02

# Linux gives outgoing connections ports from 32768 on (ip_local_port_range).
PORTS = (15_000, 32_000)
_handed_out: set[int] = set()

# The processes that we started and that have not ended, guards included.
managed_ids: set[int] = set()


class RigError(Exception):
    """A server of the rig did not do what was asked; the text says which and why."""


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on, a new one each time.

    From below the range that the kernel gives to outgoing connections: one of those
    could take the port before the server that it is meant for.
    """
    while True:
        port = random.randrange(*PORTS)
        if port in _handed_out:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _handed_out.add(port)
            return port


def wait_until(
    condition: Callable[[], object],
    timeout: float = START_SECONDS,
    what: str = "a condition",
) -> None:
    """Return as soon as ``condition()`` is true; raise RigError after ``timeout``."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise RigError(f"{what} did not happen within {timeout:.0f} s")
        time.sleep(POLL_SECONDS)


def greeting(port: int) -> bytes:
    """Return the first bytes that the server on ``port`` sends, or b"" if none come."""
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(512)
    return b""


def accepts(port: int) -> bool:
    """Return whether somebody listens on ``port``."""
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    return False


class ManagedProcess:
    """One server in a process group of its own, with its output in a log file.

    It ends with ``stop()``, at the latest when Python exits; if Python is killed, a
    guard ends it; and if that is gone as well, ``make clean`` finds it by its note in
    the state folder.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log_path: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.log_path = log_path
        self.environment = environment
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int:
        """Return the process's id, or raise RigError while it is not started."""
        if self._process is None:
            raise RigError(f"{self.name} is not started")
        return self._process.pid

    def is_running(self) -> bool:
        """Return whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(
        self, ready: Callable[[], object], timeout: float = START_SECONDS
    ) -> None:
        """Start the process and return when ``ready()`` is true.

        Raises RigError, with the last lines of the log, when it ends before or takes
        longer than ``timeout``; then nothing of it keeps running.
        """
        with self.log_path.open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if self.environment is None else dict(self.environment),
                    cwd=self.directory,
                    start_new_session=True,
                )
            except OSError as error:
                raise RigError(f"{self.name} could not start: {error}") from error
        running.remember(make_state_directory(), self._process.pid, self.name)
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "rig-guard", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        managed_ids.update((self._process.pid, self._guard.pid))
        atexit.register(self.stop)
        try:
            wait_until(lambda: not self.is_running() or ready(), timeout, "being ready")
            if not self.is_running():
                raise RigError(f"it ended with code {self._process.returncode}")
        except BaseException as error:
            self.kill()
            if not isinstance(error, RigError):
                raise
            raise RigError(
                f"{self.name} could not start: {error}\n{self.last_lines()}"
            ) from error

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Ask the process to end, and kill its group when it has not in ``timeout``."""
        if self.is_running():
            running.signal_group(self.process_id, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                assert self._process is not None
                self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """End the process and its children at once, as ``kill -9`` does."""
        atexit.unregister(self.stop)
        if self._process is None:
            return
        managed_ids.discard(self._process.pid)
        if self._guard is not None:
            managed_ids.discard(self._guard.pid)
            # First of all: once we have waited for the process, its id may be reused.
            self._guard.kill()
            self._guard.communicate()
        running.signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        running.forget(make_state_directory(), self._process.pid)
        self._process = None

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the log."""
        with contextlib.suppress(OSError):
            lines = self.log_path.read_text(errors="replace").splitlines()
            return "\n".join(f"    {line}" for line in lines[-count:])
        return "    (no log)"


def find_program(*candidates: str) -> str:
    """Return the first of ``candidates`` that is installed, or raise RigError.

    Servers lie in /usr/sbin, which an ordinary user's PATH does not name.
    """
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/sbin"]
    for candidate in candidates:
        for folder in folders:
            path = Path(folder) / candidate
            if os.access(path, os.X_OK):
                return str(path)
    raise RigError(f"{' or '.join(candidates)} is not installed: run `make prepare`")
