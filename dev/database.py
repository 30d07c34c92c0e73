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


def ensure_template(environment: Environment) -> None:
    """Make the base and the template where they are missing or out of date."""
    environment.cluster.start()
    base_key = ensure_base(environment)
    addons = own_addons()
    key = digest_of(base_key, *[folder.name for folder in addons], *addons)
    if is_current(environment, TEMPLATE, key):
        return
    names = [folder.name for folder in addons]
    title = f"database with {', '.join(names) or 'no addon of ours yet'}"
    with step(title, _log(environment)) as making:
        build_database(environment, making, TEMPLATE, BASE, names)
        remember(environment, TEMPLATE, key)


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
    if not is_current(environment, BASE, key):
        with step(f"database with Odoo's {', '.join(modules)}", _log(environment)) as s:
            build_database(environment, s, BASE, None, modules)
            remember(environment, BASE, key)
    return key


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
    odoo = [environment.python, "-m", "odoo"]
    quiet = ["-c", configuration, "--no-http"]
    if modules:
        install = ["-i", ",".join(modules), "--stop-after-init"]
        current.run([*odoo, *quiet, *install], directory=environment.state)
    script = BUILD_ASSET_BUNDLES
    if not source:
        script = STORE_ATTACHMENTS_IN_DATABASE + script
    shell = [*odoo, "shell", *quiet, "--shell-interface=python"]
    current.run(shell, stdin=script, directory=environment.state)
    cluster.rename_database(unfinished, name)


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
    stamp = _stamp(environment, name)
    if not stamp.exists() or stamp.read_text(encoding="utf-8").strip() != key:
        return False
    return name in environment.cluster.databases()


def remember(environment: Environment, name: str, key: str) -> None:
    """Note that ``name`` was made with ``key``."""
    stamp = _stamp(environment, name)
    stamp.parent.mkdir(exist_ok=True)
    write_atomically(stamp, key + "\n")


def _stamp(environment: Environment, name: str) -> Path:
    return environment.state / "databases" / name


def _log(environment: Environment) -> Path:
    return environment.state / "logs" / "database.log"
