"""Stop what was started and remove what was prepared, and nothing else."""

import shutil

from dev import running
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
            shutil.rmtree(folder)
            say(f"removed {folder}")
    cache = cache_directory()
    if not cache.exists():
        return 0
    if not any((cache / mark).exists() for mark in CACHE_MARKS):
        raise PrepareError(f"{cache} does not look like our cache: remove it yourself")
    shutil.rmtree(cache)
    say(f"removed {cache}")
    return 0
