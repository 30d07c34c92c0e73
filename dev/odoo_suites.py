"""Run Odoo's own mail suites with our addons installed, and judge their failures.

The addons extend models that Odoo's tests cover well: what passes without them must
pass with them. ``tests/odoo_suites/expected_failures.json`` lists what may fail and
why: "stock" fails without the addons as well, "mended defect" is a test that asserts
behaviour which the addons mend.

With ``--record-stock`` the suites run without the addons, and the list's "stock"
entries become the failures of that run.
"""

import argparse
import dataclasses
import json
import re
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

TEST_FILES = {
    "base": (
        "test_ir_mail_server",
        "test_ir_mail_server_smtpd",
        "test_mail",
    ),
    "mail": (
        "test_fetchmail",
        "test_ir_mail_server",
        "test_mail_composer",
        "test_mail_mail",
        "test_mail_render",
        "test_mail_template",
        "test_mail_tools",
    ),
    "test_mail": (
        "test_ir_mail_server",
        "test_mail_alias",
        "test_mail_composer",
        "test_mail_gateway",
        "test_mail_mail",
        "test_mail_template",
        "test_message_post",
    ),
}
WHOLE_SUITES = ("google_gmail", "microsoft_outlook")

# "2026-11-20 19:14:05,341 97 ERROR db odoo.addons.mail.tests.test_x: FAIL: Class.test"
FAILURE = re.compile(
    r" (?:ERROR|CRITICAL) \S+ odoo\.addons\.(?P<module>\w+)\.tests\.(?P<file>[\w.]+): "
    r"(?:FAIL|ERROR): (?:Subtest )?(?P<test>[\w.]+)"
)
SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one run of the suites came to."""

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
    """Run the suites on a fresh database with ``addons`` and return the outcome.

    ``base`` is upgraded in the run: Odoo runs a module's at_install tests only while
    it installs or upgrades the module, and all depend on base.
    """
    log = environment.state / "logs" / "odoo-suites.log"
    log.unlink(missing_ok=True)
    try:
        with step("database for Odoo's suites", log) as making:
            source = _suites_base(environment, making)
            names = list(addons)
            database.build_database(environment, making, SUITES_DATABASE, source, names)
    except PostgresError as error:
        raise PrepareError(str(error)) from error
    options = {
        **environment.odoo_options(SUITES_DATABASE),
        "log_level": "info",
        "http_port": "0",
        "logfile": str(environment.state / "logs" / "odoo-suites-tests.log"),
    }
    tests_log = Path(options["logfile"])
    tests_log.unlink(missing_ok=True)
    path = environment.state / "odoo-suites.conf"
    configuration = environment.write_configuration(path, options)
    command = [environment.python, "-m", "odoo", "-c", configuration, "-u", "base"]
    with step("Odoo's mail suites", log) as running:
        try:
            tags = ["--test-tags", test_tags(), "--stop-after-init"]
            running.run([*command, *tags], directory=environment.state)
        except PrepareError:
            # Odoo ends with an error code when tests fail; without the summary it
            # did not get that far.
            if not SUMMARY.search(tests_log.read_text(errors="replace")):
                raise
    return parse(tests_log.read_text(encoding="utf-8", errors="replace"))


def test_tags() -> str:
    """Return the suites as Odoo's --test-tags wants them."""
    files = [
        f"/{module}/tests/{name}.py"
        for module, names in TEST_FILES.items()
        for name in names
    ]
    return ",".join([*files, *(f"/{module}" for module in WHOLE_SUITES)])


def parse(log: str) -> Outcome:
    """Return the failed tests, as "module/file:Class.test", from Odoo's log."""
    failures = frozenset(
        f"{found['module']}/{found['file']}:{found['test']}"
        for found in FAILURE.finditer(log)
    )
    summaries = SUMMARY.findall(log)
    if not summaries:
        raise PrepareError("Odoo's log has no summary: no test ran")
    bad, errors, total = map(int, summaries[-1])
    if bad + errors and not failures:
        raise PrepareError(
            f"{bad + errors} failures, but none could be read in the log"
        )
    return Outcome(failures, total)


def expected_failures() -> list[dict[str, str]]:
    """Return the entries of the list of expected failures."""
    if not EXPECTED.exists():
        return []
    entries: list[dict[str, str]] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return entries


def judge(outcome: Outcome, expected: Iterable[dict[str, str]]) -> int:
    """Print what differs from ``expected``; return 1 when it is a failure."""
    listed = {entry["test"]: entry for entry in expected}
    for name in sorted(outcome.failures & listed.keys()):
        entry = listed[name]
        print(f"expected: {name} ({entry['kind']}: {entry['reason']})")
    for name in sorted(listed.keys() - outcome.failures):
        print(f"listed, but passed: {name}")
    unexpected = sorted(outcome.failures - listed.keys())
    for name in unexpected:
        print(f"FAILED: {name}")
    return 1 if unexpected else 0


def record_stock(outcome: Outcome) -> None:
    """Replace the list's "stock" entries by the failures of a run without addons."""
    kept = [entry for entry in expected_failures() if entry["kind"] != "stock"]
    stock = [
        {"test": name, "kind": "stock", "reason": STOCK_REASON}
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
