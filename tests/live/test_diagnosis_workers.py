"""A test of a server keeps no worker: Odoo's prefork server with a single one."""

import os
import socket
import time
from contextlib import closing

import pytest

from dev import database, environment
from tests.rig.odoo_server import OdooServer
from tests.rig.processes import wait_until


@pytest.fixture(scope="module")
def prefork(rig_directory, certificate_authority):
    """An Odoo whose only HTTP worker answers one request at a time."""
    name = f"mgp_prefork_{os.getpid()}"
    tree = environment.load()
    database.copy_for_run(tree, name)
    server = OdooServer(
        rig_directory / "prefork",
        name,
        options={"workers": "1", "max_cron_threads": "0"},
        environment={"SSL_CERT_FILE": str(certificate_authority.trusted_bundle())},
    )
    try:
        yield server.start()
    finally:
        server.stop()
        tree.cluster.drop_database(name)


def add_mailbox(odoo, host, port, user="", password="", security="ssl"):
    return odoo.call(
        "fetchmail.server",
        "create",
        [
            {
                "name": "Grievances",
                "server_type": "imap",
                "server": host,
                "port": port,
                "connection_security": security,
                "user": user,
                "password": password,
                "timeout_seconds": 5,
                "state": "draft",
            }
        ],
    )


def diagnose(odoo, server_id):
    """Start a test; return the id of its row."""
    action = odoo.call("fetchmail.server", "action_diagnose", [[server_id]])
    return action["res_id"]


def read(odoo, diagnosis_id, *names):
    [found] = odoo.call("mail.gateway.diagnosis", "read", [[diagnosis_id], [*names]])
    return found


def test_test_is_made_behind_the_requests_back(prefork, mailbox):
    port = mailbox.server.imaps_port
    server_id = add_mailbox(
        prefork, "localhost", port, mailbox.address, mailbox.password
    )

    diagnosis_id = diagnose(prefork, server_id)

    wait_until(
        lambda: read(prefork, diagnosis_id, "state")["state"] == "passed",
        what="the end of the test",
    )
    [server] = prefork.call("fetchmail.server", "read", [[server_id], ["state"]])
    assert server["state"] == "done"


def test_worker_answers_others_while_a_server_is_silent(prefork):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        server_id = add_mailbox(prefork, "127.0.0.1", port, "me", "secret")
        diagnosis_id = diagnose(prefork, server_id)

        started = time.monotonic()
        told = read(prefork, diagnosis_id, "state", "ladder")
        seconds = time.monotonic() - started

        assert seconds < 2
        assert told["state"] == "running"
        assert told["ladder"]["is_running"]
        wait_until(
            lambda: read(prefork, diagnosis_id, "state")["state"] == "failed",
            timeout=40,
            what="the end of the test",
        )


def test_killed_worker_leaves_a_test_that_says_so(prefork):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        server_id = add_mailbox(prefork, "127.0.0.1", port, "me", "secret")
        diagnosis_id = diagnose(prefork, server_id)
        prefork.kill()
    prefork.start()

    prefork.call("mail.gateway.diagnosis", "search_count", [[]])
    past = "2020-01-01 00:00:00"
    prefork.call("mail.gateway.diagnosis", "write", [[diagnosis_id], {"ends_at": past}])

    told = read(prefork, diagnosis_id, "state", "ladder")
    assert told["state"] == "running"
    assert "interrupted" in told["ladder"]["headline"]
