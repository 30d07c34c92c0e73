"""Odoo in plain test functions: ``env`` in a savepoint, ``scratch_db`` for commits.

Odoo is imported inside the fixtures, so that tests without it run with ``-p no:odoo``.
"""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from dev.postgres import PostgresCluster


@pytest.fixture
def odoo_case() -> Iterator[Any]:
    """A started ``TransactionCase``, with all that its class protects against.

    Its changes are rolled back, ``cr.commit()`` is refused, no mail goes out and
    caches are cleared: a bare cursor has none of that. pytest does not run the case,
    so its clean-ups are called here; unittest's own ``doCleanups`` needs an outcome
    object that only a run has.
    """
    import odoo
    from odoo.tests import TransactionCase, tagged

    @tagged("post_install", "-at_install")
    class EnvironmentCase(TransactionCase):
        def runTest(self) -> None:
            """Needed by unittest; the test is the function that uses the fixture."""

    before = odoo.modules.module.current_test
    EnvironmentCase.setUpClass()
    try:
        case = EnvironmentCase()
        odoo.modules.module.current_test = case
        try:
            case.setUp()
            yield case
            case.tearDown()
        finally:
            while case._cleanups:
                function, arguments, keywords = case._cleanups.pop()
                function(*arguments, **keywords)
    finally:
        odoo.modules.module.current_test = before
        EnvironmentCase.tearDownClass()
        EnvironmentCase.doClassCleanups()


@pytest.fixture
def env(odoo_case: Any) -> Any:
    """The superuser's environment of ``odoo_case``."""
    return odoo_case.env


@pytest.fixture(scope="module")
def scratch_db() -> Iterator[str]:
    """The name of a private copy of the test database, its registry loaded.

    For code that commits, and for threads with cursors of their own:
    ``with Registry(scratch_db).cursor() as cr: …``. What one test commits the next
    test of the module sees.
    """
    from odoo.tests.common import get_db_name

    source = get_db_name()
    yield from _scratch_copy(source, f"{source}_scratch_{os.getpid()}")


@pytest.fixture(scope="module")
def foreign_db() -> Iterator[str]:
    """The name of a private database in which Odoo's crm and project are installed too.

    They are installed once, and ours each time that one of our files has changed.
    """
    from dev import database, environment

    database.ensure_foreign_template(environment.load())
    name = f"mgp_foreign_{os.getpid()}"
    yield from _scratch_copy(database.FOREIGN_TEMPLATE, name)


def _scratch_copy(source: str, name: str) -> Iterator[str]:
    import odoo
    from odoo.modules.registry import Registry

    odoo.sql_db.close_db(source)
    _copy_database(source, name)
    config = odoo.tools.config
    # With it on, loading a registry starts the modules' own tests.
    enabled, config["test_enable"] = config["test_enable"], False
    try:
        Registry(name)
    finally:
        config["test_enable"] = enabled
    yield name
    Registry.delete(name)
    odoo.sql_db.close_db(name)
    _cluster().drop_database(name)


def _copy_database(source: str, name: str) -> None:
    """Copy the test database, cutting connections that other workers left idle."""
    try:
        _cluster().copy_database(source, name)
    except subprocess.SubprocessError as error:
        raise RuntimeError(f"{source} could not be copied: {error}") from error


def _cluster() -> PostgresCluster:
    """Return the cluster of the prepared working tree."""
    from dev import environment

    return environment.load().cluster
