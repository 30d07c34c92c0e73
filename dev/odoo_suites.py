"""Run Odoo's own mail suites with our addons installed, and judge their failures.

The addons extend models that Odoo's tests cover well: what passes without them must
pass with them. ``tests/odoo_suites/expected_failures.json`` lists what may fail and
why: "stock" fails without the addons as well, "mended defect" is a test that asserts
behaviour which the addons mend.

pytest runs them, not Odoo's own runner: that one runs most of mail's tests while mail
is being loaded, when the addons that come after it are not there yet. What fails is run
once more before it counts, as some browser tests depend on the machine's mood.

There are two groups, each with a database of its own: what mass mailing brings along
changes what the others count, so those run without it as they always did. A group's
name as an argument runs that one alone.

With ``--record-stock`` the suites run without the addons, and the "stock" entries of
what ran become the failures of that run.
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


@dataclasses.dataclass(frozen=True)
class Group:
    """Suites that run on one database: the base with the modules that hold tests."""

    name: str
    modules: tuple[str, ...]
    suites: tuple[str, ...]

    @property
    def base(self) -> str:
        """Return the database that runs start from."""
        return f"mgp_suites_{self.name}_base"

    @property
    def database(self) -> str:
        """Return the database that a run may spoil."""
        return f"mgp_suites_{self.name}"


GROUPS = (
    Group(
        "mail",
        ("test_mail",),
        (
            # Of base only the files about mail.
            "base/tests/test_ir_mail_server.py",
            "base/tests/test_ir_mail_server_smtpd.py",
            "base/tests/test_mail.py",
            "google_gmail/tests",
            "mail/tests",
            "microsoft_outlook/tests",
            "test_mail/tests",
        ),
    ),
    Group(
        "mailing",
        ("test_mail_full", "test_mass_mailing"),
        ("mass_mailing/tests", "test_mail_full/tests", "test_mass_mailing/tests"),
    ),
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one run of the suites came to: tests are named by pytest's node ids."""

    tests: frozenset[str]
    failures: frozenset[str]

    def __or__(self, other: "Outcome") -> "Outcome":
        """Return what both runs came to."""
        return Outcome(self.tests | other.tests, self.failures | other.failures)


def main(arguments: list[str]) -> int:
    """Run the suites; return 1 when a test failed that is not expected to."""
    parser = argparse.ArgumentParser(prog="make test-odoo")
    parser.add_argument("--record-stock", action="store_true", help="see above")
    names = [group.name for group in GROUPS]
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(names)}; all if none")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.groups) - set(names):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    chosen = [group for group in GROUPS if group.name in (wanted.groups or names)]
    environment = prepare.prepare_odoo(browser=True)
    outcome = Outcome(frozenset(), frozenset())
    with exclusive(environment.state / "suites-lock", "Odoo's suites"):
        addons = [] if wanted.record_stock else database.own_addons()
        for group in chosen:
            outcome |= run_suites(environment, group, [path.name for path in addons])
    print(f"{len(outcome.tests)} tests of Odoo's, {len(outcome.failures)} failed")
    if wanted.record_stock:
        record_stock(outcome)
        return 0
    return judge(outcome, expected_failures())


def run_suites(
    environment: Environment, group: Group, addons: Sequence[str]
) -> Outcome:
    """Run a group on a fresh database with ``addons`` and return the outcome."""
    log = environment.state / "logs" / f"odoo-suites-{group.name}.log"
    log.unlink(missing_ok=True)
    try:
        with step(f"database for Odoo's {group.name} suites", log) as making:
            source = _suites_base(environment, group, making)
            names = list(addons)
            database.build_database(environment, making, group.database, source, names)
    except PostgresError as error:
        raise PrepareError(str(error)) from error
    with step(f"Odoo's {group.name} suites (in {log})", log):
        tests = [str(path) for path in suites(environment, group)]
        outcome = _run_pytest(environment, group, log, tests)
    if not outcome.failures:
        return outcome
    with step(f"once more the {len(outcome.failures)} that failed", log):
        again = _run_pytest(environment, group, log, sorted(outcome.failures))
    return Outcome(outcome.tests, again.failures)


def suites(environment: Environment, group: Group) -> list[Path]:
    """Return the files and folders of a group."""
    own = environment.odoo_python_path / "odoo" / "addons"
    roots = [*environment.odoo_addons_paths, own]
    found = [
        root / name for name in group.suites for root in roots if (root / name).exists()
    ]
    if len(found) < len(group.suites):
        raise PrepareError(f"this Odoo lacks tests: found only {found}")
    return found


def _run_pytest(
    environment: Environment, group: Group, log: Path, tests: Sequence[str]
) -> Outcome:
    """Run ``tests`` without anything of our own suite: no conftest, no settings."""
    state = environment.state
    configuration = environment.write_configuration(
        state / "odoo-suites.conf", environment.odoo_options(group.database)
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
    return Outcome(frozenset(names), frozenset(failures))


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
    ran = {short(name) for name in outcome.tests}
    listed = {entry["test"]: entry for entry in expected if entry["test"] in ran}
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
    """Replace the "stock" entries of what ran by the failures of a run without addons.

    A failure that was listed before keeps the reason that somebody wrote.
    """
    ran = {short(name) for name in outcome.tests}
    before = {e["test"]: e for e in expected_failures() if e["kind"] == "stock"}
    kept = [
        entry
        for entry in expected_failures()
        if entry["kind"] != "stock" or entry["test"] not in ran
    ]
    stock = [
        before.get(name, {"test": name, "kind": "stock", "reason": STOCK_REASON})
        for name in sorted(map(short, outcome.failures))
    ]
    EXPECTED.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(EXPECTED, json.dumps([*stock, *kept], indent=2) + "\n")
    say(f"{len(stock)} failures of stock Odoo recorded in {EXPECTED}")


def _suites_base(environment: Environment, group: Group, making: Step) -> str:
    """Return the database with the modules that hold tests, made when missing."""
    base_key = database.ensure_base(environment)
    key = digest_of(base_key, *group.modules)
    if not database.is_current(environment, group.base, key):
        modules = list(group.modules)
        source = database.BASE
        database.build_database(environment, making, group.base, source, modules)
        database.remember(environment, group.base, key)
    return group.base
