"""Stop what was started and remove what was prepared, and nothing else."""

import shutil
import subprocess
from pathlib import Path

from dev import running
from dev.debian_packages import root_prefix
from dev.paths import ROOT, cache_directory, state_directory
from dev.postgres import PostgresCluster, binary_directory
from dev.steps import PrepareError, say

# Present in every cache that we made; a folder without it is not ours to remove.
CACHE_MARKS = ("lock", "logs", "odoo", "apt")


def main(arguments: list[str]) -> int:
    """Stop this tree's servers, then remove its state and the cache."""
    del arguments
    state = state_directory()
    for name in running.stop_all(state):
        say(f"stopped {name}")
    cluster = PostgresCluster(state / "pg")
    if binary_directory() and cluster.data_directory.exists():
        cluster.stop()
    for folder in {state, ROOT / ".run"}:
        if folder.exists():
            remove_state(folder)
            say(f"removed {folder}")
    cache = cache_directory()
    if not cache.exists():
        return 0
    if not any((cache / mark).exists() for mark in CACHE_MARKS):
        raise PrepareError(f"{cache} does not look like our cache: remove it yourself")
    shutil.rmtree(cache)
    say(f"removed {cache}")
    return 0


def remove_state(folder: Path) -> None:
    """Remove a folder below the state folder, through sudo where it must be.

    Postfix's queue belongs to root and to Postfix, whoever started the server.
    """
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except PermissionError:
        subprocess.run([*(root_prefix() or []), "rm", "-rf", folder], check=True)
