"""A database without the addons again: stock Odoo works, and shows no password."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import database, environment
from tests.rig.odoo_server import OdooServer

SERVER = {"server_type": "imap", "server": "localhost", "user": "a", "password": "b"}


@pytest.fixture
def odoo(rig_directory: Path) -> Iterator[OdooServer]:
    """A server on a database of its own, whose crons rest."""
    name = "mgp_test_uninstalled"
    tree = environment.load()
    database.copy_for_run(tree, name)
    server = OdooServer(
        rig_directory / "uninstalled", name, options={"max_cron_threads": "0"}
    )
    yield server.start()
    server.stop()
    tree.cluster.drop_database(name)


def confirmed_mailbox(odoo: OdooServer, security: str) -> int:
    values = {"name": security, "connection_security": security, "state": "done"}
    return odoo.call("fetchmail.server", "create", [{**SERVER, **values}])


def uninstall(odoo: OdooServer) -> None:
    ours = [("name", "=", "mail_gateway_plus")]
    found = odoo.call("ir.module.module", "search", [ours])
    odoo.call("ir.module.module", "button_immediate_uninstall", [found])


def test_stock_odoo_keeps_its_mailboxes_and_reads_none_in_clear(odoo):
    protected = confirmed_mailbox(odoo, "ssl")
    upgraded = confirmed_mailbox(odoo, "starttls")
    plain = confirmed_mailbox(odoo, "none")

    uninstall(odoo)

    mailboxes = [protected, upgraded, plain]
    rows = odoo.call("fetchmail.server", "read", [mailboxes, ["name", "state"]])
    states = {row["name"]: row["state"] for row in rows}
    # Stock Odoo knows no STARTTLS: it would send the password over a bare connection.
    assert states == {"ssl": "done", "starttls": "draft", "none": "done"}
    for model in ("fetchmail.server", "ir.mail_server", "mail.mail"):
        assert odoo.call(model, "get_views", [[[False, "form"], [False, "list"]]])
    crons = odoo.call("ir.cron", "search_read", [[], ["cron_name"]])
    assert not [cron for cron in crons if "Inbound Messages" in cron["cron_name"]]
