"""Make what a command needs, in order, and nothing that is there already."""

from collections.abc import Callable

from dev import database, debian_packages, node_tools, odoo_source, python_env
from dev.environment import Environment
from dev.paths import cache_directory, make_state_directory
from dev.postgres import PostgresError
from dev.steps import PrepareError, exclusive, step

Finder = Callable[[], list[str]]


def prepare_odoo(
    *,
    mail_servers: bool = False,
    browser: bool = False,
    template: bool = True,
    bundles: bool = True,
) -> Environment:
    """Prepare Odoo, its Python and the databases, and return the environment."""
    finders: list[Finder] = [debian_packages.missing_for_odoo]
    if mail_servers:
        finders.append(debian_packages.missing_for_mail_servers)
    if browser:
        finders.append(debian_packages.missing_for_browser)
    state = make_state_directory()
    cache = cache_directory()
    with exclusive(cache / "lock", "the cache"):
        install_missing(finders)
        source = odoo_source.odoo_source(cache)
        virtual = python_env.odoo_environment(cache, source)
    environment = Environment(
        python=python_env.python_of(virtual),
        odoo_version=source.version,
        odoo_addons_paths=source.addons_paths,
        odoo_python_path=source.python_path,
        state=state,
    )
    environment.save()
    if template:
        with exclusive(state / "lock", "the databases"):
            try:
                database.ensure_template(environment, bundles=bundles)
            except PostgresError as error:
                raise PrepareError(str(error)) from error
    return environment


def prepare_lint() -> tuple[str, str]:
    """Prepare the linters; return the folders of their programs: Python's, npm's."""
    cache = cache_directory()
    finders = [_missing_python, debian_packages.missing_for_lint]
    with exclusive(cache / "lock", "the cache"):
        install_missing(finders)
        linters = python_env.lint_environment(cache)
        modules = node_tools.node_modules(cache)
    return str(linters / "bin"), str(modules / "node_modules")


def install_missing(finders: list[Finder]) -> None:
    """Install the packages that ``finders`` miss, then look again."""
    missing = [name for find in finders for name in find()]
    if not missing:
        return
    log = make_state_directory() / "logs" / "packages.log"
    with step(f"packages {' '.join(missing)}", log) as installing:
        debian_packages.install(missing, installing)
    if still := [name for find in finders for name in find()]:
        raise PrepareError(f"installed but not usable: {' '.join(still)}")


def _missing_python() -> list[str]:
    """Return Python's packages when they are missing."""
    wanted = {"python3", "python3-venv"}
    return [name for name in debian_packages.missing_for_odoo() if name in wanted]
