"""The rig's Odoo: it serves, answers calls, and dies at once when it is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import database, environment
from tests.rig.odoo_server import OdooRemoteError, OdooServer
from tests.rig.processes import accepts


@pytest.fixture(scope="module")
def odoo_server(rig_directory: Path) -> Iterator[OdooServer]:
    """A server on a database of its own."""
    name = "mgp_test_rig"
    tree = environment.load()
    database.copy_for_run(tree, name)
    server = OdooServer(rig_directory / "odoo", name).start()
    yield server
    server.stop()
    tree.cluster.drop_database(name)


def test_calls_return_values_and_raise_errors(odoo_server: OdooServer) -> None:
    names = odoo_server.call("res.users", "search_read", [[["login", "=", "admin"]]])
    assert [user["login"] for user in names] == ["admin"]
    with pytest.raises(OdooRemoteError) as caught:
        odoo_server.call("res.partner", "write", [[0], {"no_such_field": 1}])
    assert caught.value.name.startswith(("builtins.", "odoo.exceptions."))


def test_a_killed_server_starts_again(odoo_server: OdooServer) -> None:
    odoo_server.kill()
    assert not accepts(odoo_server.port)
    odoo_server.start()
    assert odoo_server.call("res.users", "search_count", [[]]) > 0
