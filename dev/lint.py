"""Run every linter, each in one line with its seconds, and show what they found."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from dev import database, prepare
from dev.paths import ROOT

DOCUMENTS = ("README.rst", "CHANGELOG.rst", "CONTRIBUTING.rst")
PRETTY_SUFFIXES = (".xml", ".js", ".css", ".scss")


def main(arguments: list[str]) -> int:
    """Prepare the linters, run them all and return 1 when one found something."""
    del arguments
    programs, modules = prepare.prepare_lint()
    results = [
        check(name, command, programs)
        for name, command in commands(programs, Path(modules))
    ]
    return 0 if all(results) else 1


def commands(programs: str, modules: Path) -> list[tuple[str, list[str]]]:
    """Return the checks in order; one without files to check is left out."""
    addons = [folder.name for folder in database.own_addons()]
    documents = [name for name in DOCUMENTS if (ROOT / name).exists()]
    pretty = [name for name in _tracked(addons) if name.endswith(PRETTY_SUFFIXES)]
    prettier = [
        "node",
        str(modules / "prettier" / "bin" / "prettier.cjs"),
        "--check",
        f"--plugin={modules / '@prettier' / 'plugin-xml' / 'src' / 'plugin.js'}",
    ]
    checks = [
        ("ruff check", ["ruff", "check", "."], ["."]),
        ("ruff format", ["ruff", "format", "--check", "."], ["."]),
        ("pylint", ["pylint", "--rcfile=.pylintrc", *addons], addons),
        ("oca checks", ["oca-checks-odoo-module", *addons], addons),
        ("prettier", [*prettier, *pretty], pretty),
        ("rstcheck", ["rstcheck", *documents], documents),
    ]
    found = {name: str(Path(programs) / name) for name in os.listdir(programs)}
    return [
        (name, [found.get(words[0], words[0]), *words[1:]])
        for name, words, subjects in checks
        if subjects
    ]


def check(name: str, command: Sequence[str], programs: str) -> bool:
    """Run one linter, print its line and what it found; return whether all is well."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"[lint] {name:12} {verdict:6} {seconds:.1f} s", flush=True)
    if done.returncode:
        print(done.stdout.rstrip(), flush=True)
    return done.returncode == 0


def _tracked(folders: Sequence[str]) -> list[str]:
    """Return the files below ``folders`` that are not ignored by git."""
    if not folders:
        return []
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listing = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in listing.splitlines() if (ROOT / name).exists()]
