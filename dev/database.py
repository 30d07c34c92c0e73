"""Databases with the addons installed, copied for each run instead of made anew.

Three kinds, each the template of the next:

* ``mgp_base``: what our addons depend on, from Odoo alone. Minutes, once.
* ``mgp_template``: the same with the addons of this tree. Made anew from the base
  when one of their files changes: an upgrade would be as quick but would leave
  columns and records behind that a fresh installation does not have.
* ``mgp_test``, ``mgp_demo`` and others: copies that a run may spoil, in tenths of a
  second.

Attachments are kept in the database (``ir_attachment.location``), so that a copy is
whole without a file store, and so that tests that run side by side cannot collect each
other's files.
"""

import ast
from collections.abc import Sequence
from pathlib import Path

from dev.environment import Environment
from dev.paths import ROOT, digest_of, write_atomically
from dev.steps import Step, step

BASE = "mgp_base"
TEMPLATE = "mgp_template"
# The same two with record types of Odoo's beside ours: only one file of the tests needs
# them, and they would change the defaults and slow the tests of all others.
FOREIGN = ("crm", "project")
FOREIGN_BASE = "mgp_base_foreign"
FOREIGN_TEMPLATE = "mgp_template_foreign"
# What is noted of the template once a browser can use it.
BUNDLES = "mgp_template_bundles"

# Installed along with the addons: their servers are ours to handle as well.
COMPANIONS = ("mail", "google_gmail", "microsoft_outlook")

STORE_ATTACHMENTS_IN_DATABASE = """
env["ir.config_parameter"].set_param("ir_attachment.location", "db")
env["ir.attachment"].force_storage()
env.cr.commit()
"""

# Browsers and tests would otherwise wait for the bundles at their first page.
BUILD_ASSET_BUNDLES = """
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
"""


def own_addons() -> list[Path]:
    """Return the folders of this tree that are addons."""
    return sorted(path.parent for path in ROOT.glob("*/__manifest__.py"))


def copy_for_run(environment: Environment, name: str) -> None:
    """Make ``name`` a fresh copy of the template with the addons."""
    environment.cluster.copy_database(TEMPLATE, name)


def ensure_template(environment: Environment, *, bundles: bool = True) -> None:
    """Make the base and the template where they are missing or out of date.

    :param bundles: whether a browser will ask for the web client's bundles
    """
    environment.cluster.start()
    base_key = ensure_base(environment)
    key = _ensure_with_addons(environment, TEMPLATE, BASE, base_key)
    if bundles and _remembered(environment, BUNDLES) != key:
        with step("bundles of the web client", _log(environment)) as making:
            run_script(environment, making, TEMPLATE, BUILD_ASSET_BUNDLES)
            remember(environment, BUNDLES, key)


def ensure_foreign_template(environment: Environment) -> None:
    """Make the template with :data:`FOREIGN` where it is missing or out of date."""
    base_key = digest_of(ensure_base(environment), *FOREIGN)
    title = f"database with Odoo's {', '.join(FOREIGN)}"
    _ensure(environment, FOREIGN_BASE, BASE, FOREIGN, base_key, title)
    _ensure_with_addons(environment, FOREIGN_TEMPLATE, FOREIGN_BASE, base_key)


def ensure_base(environment: Environment) -> str:
    """Make the base where it is missing or out of date, and return its key."""
    modules = sorted({*COMPANIONS, *_dependencies()})
    key = digest_of(
        environment.odoo_version,
        str(environment.python),
        *modules,
        STORE_ATTACHMENTS_IN_DATABASE,
        BUILD_ASSET_BUNDLES,
    )
    title = f"database with Odoo's {', '.join(modules)}"
    _ensure(environment, BASE, None, modules, key, title)
    return key


def _ensure_with_addons(
    environment: Environment, name: str, source: str, source_key: str
) -> str:
    """Make ``name`` of ``source`` with this tree's addons; return its key."""
    addons = own_addons()
    names = [folder.name for folder in addons]
    key = digest_of(source_key, *names, *addons)
    title = f"{source} with {', '.join(names) or 'no addon of ours yet'}"
    _ensure(environment, name, source, names, key, title)
    return key


def _ensure(
    environment: Environment,
    name: str,
    source: str | None,
    modules: Sequence[str],
    key: str,
    title: str,
) -> None:
    """Make ``name`` of ``source`` with ``modules`` unless it was made with ``key``."""
    if is_current(environment, name, key):
        return
    with step(title, _log(environment)) as making:
        build_database(environment, making, name, source, modules)
        remember(environment, name, key)


def build_database(
    environment: Environment,
    current: Step,
    name: str,
    source: str | None,
    modules: Sequence[str],
) -> None:
    """Make ``name`` of ``source`` with ``modules``; it gets its name when it is whole.

    Without a source Odoo creates an empty database and moves its attachments in.
    """
    cluster = environment.cluster
    unfinished = f"{name}_unfinished"
    cluster.drop_database(unfinished)
    if source:
        cluster.copy_database(source, unfinished)
    configuration = environment.write_configuration(
        environment.state / "build-database.conf",
        {**environment.odoo_options(unfinished), "log_level": "info"},
    )
    if modules:
        odoo = [environment.python, "-m", "odoo", "-c", configuration, "--no-http"]
        install = ["-i", ",".join(modules), "--stop-after-init"]
        current.run([*odoo, *install], directory=environment.state)
    if not source:
        script = STORE_ATTACHMENTS_IN_DATABASE + BUILD_ASSET_BUNDLES
        run_script(environment, current, unfinished, script)
    cluster.rename_database(unfinished, name)


def run_script(environment: Environment, current: Step, name: str, script: str) -> None:
    """Run Python statements in Odoo's shell on the database ``name``."""
    configuration = environment.write_configuration(
        environment.state / "build-database.conf", environment.odoo_options(name)
    )
    shell = [environment.python, "-m", "odoo", "shell", "-c", configuration]
    words = [*shell, "--no-http", "--shell-interface=python"]
    current.run(words, stdin=script, directory=environment.state)


def _dependencies() -> set[str]:
    """Return the modules outside this tree that our addons' manifests depend on."""
    addons = own_addons()
    depended: set[str] = set()
    for folder in addons:
        text = (folder / "__manifest__.py").read_text(encoding="utf-8")
        depended.update(ast.literal_eval(text).get("depends", []))
    return depended - {folder.name for folder in addons}


def is_current(environment: Environment, name: str, key: str) -> bool:
    """Return whether ``name`` exists and was made with ``key``."""
    if _remembered(environment, name) != key:
        return False
    return name in environment.cluster.databases()


def _remembered(environment: Environment, name: str) -> str:
    stamp = _stamp(environment, name)
    return stamp.read_text(encoding="utf-8").strip() if stamp.exists() else ""


def remember(environment: Environment, name: str, key: str) -> None:
    """Note that ``name`` was made with ``key``."""
    stamp = _stamp(environment, name)
    stamp.parent.mkdir(exist_ok=True)
    write_atomically(stamp, key + "\n")


def _stamp(environment: Environment, name: str) -> Path:
    return environment.state / "databases" / name


def _log(environment: Environment) -> Path:
    return environment.state / "logs" / "database.log"
