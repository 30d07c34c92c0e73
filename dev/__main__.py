"""The command line behind the Makefile: ``python3 -m dev <command> [arguments]``."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable

from dev import cleaning, database, lint, odoo_suites, prepare, translations
from dev.paths import ROOT
from dev.steps import plain_errors, say

TEST_DATABASE = "mgp_test"
# Tests that need no bundles of the web client, which take as long as the rest.
WITHOUT_BROWSER = ("tests/unit", "tests/odoo", "tests/live")


def run_prepare(arguments: list[str]) -> int:
    """Prepare everything that tests and demo need, and print where it is."""
    del arguments
    environment = prepare.prepare_odoo(mail_servers=True, browser=True)
    say(f"Odoo {environment.odoo_version}")
    say(f"Python: {environment.python}")
    say(f"state:  {environment.state}")
    return 0


def run_tests(arguments: list[str]) -> int:
    """Run pytest with ``arguments`` on a fresh copy of the prepared database."""
    paths = [each for each in arguments if each.startswith("tests")]
    bundles = not paths or not all(each.startswith(WITHOUT_BROWSER) for each in paths)
    environment = prepare.prepare_odoo(mail_servers=True, browser=True, bundles=bundles)
    database.copy_for_run(environment, TEST_DATABASE)
    configuration = environment.write_configuration(
        environment.state / "odoo-test.conf", environment.odoo_options(TEST_DATABASE)
    )
    pytest = [environment.python, "-m", "pytest", f"--odoo-config={configuration}"]
    return subprocess.run(
        [*pytest, "--odoo-http", *arguments],
        cwd=ROOT,
        env=environment.process_environment,
        check=False,
    ).returncode


def run_demo(arguments: list[str]) -> int:
    """Start the demo with ``arguments``, in the place of this process."""
    environment = prepare.prepare_odoo(mail_servers=True)
    os.chdir(ROOT)
    python = str(environment.python)
    words = [python, "-m", "dev.demo", *arguments]
    os.execve(python, words, environment.process_environment)


def run_benchmarks(arguments: list[str]) -> int:
    """Measure mail in and out, ours against stock Odoo."""
    environment = prepare.prepare_odoo(mail_servers=True)
    return subprocess.run(
        [environment.python, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env=environment.process_environment,
        check=False,
    ).returncode


COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "prepare": (run_prepare, "make everything that is missing, run nothing"),
    "demo": (run_demo, "start the demo: Odoo with real mail servers"),
    "test": (run_tests, "run the tests; more arguments go to pytest"),
    "test-odoo": (odoo_suites.main, "run Odoo's own mail suites with the addons"),
    "bench": (run_benchmarks, "measure mail in and out, ours against stock Odoo"),
    "lint": (lint.main, "run the linters and formatters' checks"),
    "pot": (translations.main, "write the lists of terms to translate"),
    "clean": (cleaning.main, "stop servers and remove all that was prepared"),
}


def main() -> int:
    """Run the command that is named and return its exit code."""
    listing = "\n".join(f"  {name:10} {text}" for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python3 -m dev",
        description=__doc__,
        epilog=f"commands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    known, arguments = parser.parse_known_args()
    with plain_errors():
        return COMMANDS[known.command][0](arguments)


if __name__ == "__main__":
    sys.exit(main())
