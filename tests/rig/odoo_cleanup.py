"""Keep the rig's servers alive through Odoo's own clean-up after each test class."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from tests.rig.processes import managed_ids


@pytest.fixture(scope="session", autouse=True)
def spare_rig_servers() -> Iterator[None]:
    """Hide our processes from the search for forgotten children.

    Odoo terminates every child process when a test class ends (odoo/tests/common.py,
    ``check_remaining_processes``); the rig's servers serve the whole session.
    """
    try:
        import psutil
    except ModuleNotFoundError:  # the pure tests run without it, and without Odoo
        yield
        return
    find_children = psutil.Process.children

    def other_children(process, recursive=False):
        found = find_children(process, recursive=recursive)
        return [child for child in found if child.pid not in managed_ids]

    with patch.object(psutil.Process, "children", other_children):
        yield
