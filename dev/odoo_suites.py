"""Run Odoo's own mail suites with our addons installed, and judge their failures.

The addons extend models that Odoo's tests cover well: what passes without them must
pass with them. ``tests/odoo_suites/expected_failures.json`` lists what may fail and
why: "stock" fails without the addons as well, "mended defect" is a test that asserts
behaviour which the addons mend.

pytest runs them, not Odoo's own runner: that one runs most of mail's tests while mail
is being loaded, when the addons that come after it are not there yet. What fails is run
once more before it counts, as some browser tests depend on the machine's mood.

With ``--record-stock`` the suites run without the addons, and the list's "stock"
entries become the failures of that run.
"""

import argparse
import dataclasses
import json
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from pathlib import Path

from dev import database, prepare
from dev.environment import Environment
from dev.paths import ROOT, digest_of, write_atomically
from dev.postgres import PostgresError
from dev.steps import PrepareError, Step, exclusive, say, step

EXPECTED = ROOT / "tests" / "odoo_suites" / "expected_failures.json"
STOCK_REASON = "fails without the addons as well"

# Odoo's suites database: the base with the modules that hold tests.
SUITES_BASE = "mgp_suites_base"
SUITES_DATABASE = "mgp_suites"
TEST_MODULES = ("test_mail",)

# Of base only the files about mail.
SUITES = (
    "base/tests/test_ir_mail_server.py",
    "base/tests/test_ir_mail_server_smtpd.py",
    "base/tests/test_mail.py",
    "google_gmail/tests",
    "mail/tests",
    "microsoft_outlook/tests",
    "test_mail/tests",
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one run of the suites came to: tests are named by pytest's node ids."""

    failures: frozenset[str]
    total: int


def main(arguments: list[str]) -> int:
    """Run the suites; return 1 when a test failed that is not expected to."""
    parser = argparse.ArgumentParser(prog="make test-odoo")
    parser.add_argument("--record-stock", action="store_true", help="see above")
    wanted = parser.parse_args(arguments)
    environment = prepare.prepare_odoo(browser=True)
    with exclusive(environment.state / "suites-lock", "Odoo's suites"):
        addons = [] if wanted.record_stock else database.own_addons()
        outcome = run_suites(environment, [folder.name for folder in addons])
    print(f"{outcome.total} tests of Odoo's, {len(outcome.failures)} failed")
    if wanted.record_stock:
        record_stock(outcome)
        return 0
    return judge(outcome, expected_failures())


def run_suites(environment: Environment, addons: Sequence[str]) -> Outcome:
    """Run the suites on a fresh database with ``addons`` and return the outcome."""
    log = environment.state / "logs" / "odoo-suites.log"
    log.unlink(missing_ok=True)
    try:
        with step("database for Odoo's suites", log) as making:
            source = _suites_base(environment, making)
            names = list(addons)
            database.build_database(environment, making, SUITES_DATABASE, source, names)
    except PostgresError as error:
        raise PrepareError(str(error)) from error
    with step(f"Odoo's mail suites (in {log})", log):
        outcome = _run_pytest(environment, log, [str(p) for p in suites(environment)])
    if not outcome.failures:
        return outcome
    with step(f"once more the {len(outcome.failures)} that failed", log):
        again = _run_pytest(environment, log, sorted(outcome.failures))
    return Outcome(again.failures, outcome.total)


def suites(environment: Environment) -> list[Path]:
    """Return the suites' files and folders."""
    own = environment.odoo_python_path / "odoo" / "addons"
    roots = [*environment.odoo_addons_paths, own]
    found = [root / name for name in SUITES for root in roots if (root / name).exists()]
    if len(found) < len(SUITES):
        raise PrepareError(f"this Odoo lacks tests: found only {found}")
    return found


def _run_pytest(environment: Environment, log: Path, tests: Sequence[str]) -> Outcome:
    """Run ``tests`` without anything of our own suite: no conftest, no settings."""
    state = environment.state
    configuration = environment.write_configuration(
        state / "odoo-suites.conf", environment.odoo_options(SUITES_DATABASE)
    )
    settings, results = state / "odoo-suites.ini", state / "odoo-suites.xml"
    settings.write_text("[pytest]\n", encoding="utf-8")
    results.unlink(missing_ok=True)
    words = [environment.python, "-m", "pytest", "-c", settings, "--rootdir=/"]
    options = [f"--odoo-config={configuration}", "--odoo-http", f"--junitxml={results}"]
    more = ["-p", "no:cacheprovider", "-q", "--tb=short", "-o", "junit_family=xunit1"]
    with log.open("a", encoding="utf-8") as output:
        subprocess.run(
            [*words, *options, *more, *tests],
            cwd=state,
            env=environment.process_environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if not results.exists():
        raise PrepareError(f"pytest did not get to its end: see {log}")
    return read_results(results)


def read_results(path: Path) -> Outcome:
    """Return what pytest wrote in JUnit's format, its skipped tests left out."""
    cases = ElementTree.parse(path).getroot().iter("testcase")
    names, failures = set(), set()
    for case in cases:
        if case.find("skipped") is not None:
            continue
        test_class = case.get("classname", "").rpartition(".")[2]
        name = f"/{case.get('file')}::{test_class}::{case.get('name')}"
        names.add(name)
        if case.find("failure") is not None or case.find("error") is not None:
            failures.add(name)
    if not names:
        raise PrepareError("no test ran")
    return Outcome(frozenset(failures), len(names))


def short(name: str) -> str:
    """Return a node id without the folder of this machine's Odoo."""
    return name.rpartition("/addons/")[2]


def expected_failures() -> list[dict[str, str]]:
    """Return the entries of the list of expected failures."""
    if not EXPECTED.exists():
        return []
    entries: list[dict[str, str]] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return entries


def judge(outcome: Outcome, expected: Iterable[dict[str, str]]) -> int:
    """Print what differs from ``expected``; return 1 when it is a failure."""
    listed = {entry["test"]: entry for entry in expected}
    failures = {short(name) for name in outcome.failures}
    for name in sorted(failures & listed.keys()):
        entry = listed[name]
        print(f"expected: {name} ({entry['kind']}: {entry['reason']})")
    for name in sorted(listed.keys() - failures):
        print(f"listed, but passed: {name}")
    unexpected = sorted(failures - listed.keys())
    for name in unexpected:
        print(f"FAILED: {name}")
    return 1 if unexpected else 0


def record_stock(outcome: Outcome) -> None:
    """Replace the list's "stock" entries by the failures of a run without addons."""
    kept = [entry for entry in expected_failures() if entry["kind"] != "stock"]
    stock = [
        {"test": short(name), "kind": "stock", "reason": STOCK_REASON}
        for name in sorted(outcome.failures)
    ]
    EXPECTED.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(EXPECTED, json.dumps([*stock, *kept], indent=2) + "\n")
    say(f"{len(stock)} failures of stock Odoo recorded in {EXPECTED}")


def _suites_base(environment: Environment, making: Step) -> str:
    """Return the database with the modules that hold tests, made when missing."""
    base_key = database.ensure_base(environment)
    key = digest_of(base_key, *TEST_MODULES)
    if not database.is_current(environment, SUITES_BASE, key):
        modules = list(TEST_MODULES)
        source = database.BASE
        database.build_database(environment, making, SUITES_BASE, source, modules)
        database.remember(environment, SUITES_BASE, key)
    return SUITES_BASE
