"""A list of the servers that this tree has started, so that none is left behind.

Each running server has a file in the state folder, named by its process id and holding
the process's start time: an id that Linux has given to another process since is told
from ours by it. Whoever stops a server removes its file; ``make clean`` stops the rest.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

FOLDER = "servers"
STOP_SECONDS = 10


def remember(state: Path, process_id: int, name: str) -> None:
    """Note that ``process_id``, the leader of its process group, is a server."""
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{_started(process_id)}\n{name}\n"
    (folder / str(process_id)).write_text(text, encoding="utf-8")


def forget(state: Path, process_id: int) -> None:
    """Remove the note about a process that has ended."""
    (state / FOLDER / str(process_id)).unlink(missing_ok=True)


def stop_all(state: Path) -> list[str]:
    """Stop every server that still runs and return their names."""
    stopped = []
    for note in sorted((state / FOLDER).glob("[0-9]*")):
        process_id = int(note.name)
        started, name = note.read_text(encoding="utf-8").splitlines()[:2]
        if started and started == _started(process_id):
            stop_group(process_id)
            stopped.append(name)
        note.unlink(missing_ok=True)
    return stopped


def stop_group(process_id: int) -> None:
    """End the process's whole group: asked first, killed when it does not listen."""
    signal_group(process_id, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _started(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_group(process_id, signal.SIGKILL)


def signal_group(process_id: int, number: signal.Signals) -> None:
    """Send a signal to a process group, through sudo where it runs as another user."""
    with contextlib.suppress(ProcessLookupError):
        try:
            os.killpg(process_id, number)
        except PermissionError:
            words = ["sudo", "-n", "kill", f"-{number.value}", "--", f"-{process_id}"]
            subprocess.run(words, capture_output=True, check=False)


def _started(process_id: int) -> str:
    """Return the process's start time in clock ticks, or "" when it has ended."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The command's name, in parentheses, may hold spaces: count from its end.
    state, *fields = text.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]
