"""Mailboxes are read side by side, each by one worker at a time."""

import socket
import threading

import pytest

from tests.live.live_case import committing, fetch, incoming, letter, rows_of
from tests.rig.processes import wait_until

DEADLINE = 20
# The lock and its end, the row of the mailbox after each commit, the ledger twice,
# the question for things left to do, the alerts to withdraw, the outcome: 14 measured,
# and 17 when what there is to do was asked for in one question each.
IDLE_STATEMENTS = 15


class Doorkeeper:
    """A server that lets nobody in until ``guests`` are at the door, and then hangs up.

    Whoever is read one after the other never gets past it.
    """

    def __init__(self, guests):
        self.meeting = threading.Barrier(guests)
        self.met = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        for _guest in range(guests):
            threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        connection, _address = self._socket.accept()
        with connection:
            try:
                self.met.append(self.meeting.wait(DEADLINE))
            except threading.BrokenBarrierError:
                pass

    def close(self):
        self._socket.close()


@pytest.fixture
def doorkeeper():
    server = Doorkeeper(guests=3)
    yield server
    server.close()


def test_K1_slow_mailboxes_wait_at_the_same_time_and_the_healthy_one_is_read(
    odoo_case, env, mailbox, doorkeeper
):
    mailbox.deliver(letter("From the healthy one"))
    values = {"port": doorkeeper.port, "state": "done", "timeout_seconds": DEADLINE}
    slow = [
        incoming(env, mailbox, "imap", "none", name=f"slow {number}", **values)
        for number in range(3)
    ]
    healthy = incoming(env, mailbox, "imap", "ssl", state="done")
    servers = env["fetchmail.server"].union(*slow, healthy)

    with committing(odoo_case, servers) as committed:
        committed._fetch_mail()

    assert sorted(doorkeeper.met) == [0, 1, 2]
    assert rows_of(healthy).mapped("subject") == ["From the healthy one"]
    assert [server.failure_count for server in servers] == [1, 1, 1, 0]


def test_K8_look_into_a_mailbox_with_nothing_new_takes_few_statements(
    odoo_case, env, mailbox
):
    mailbox.deliver(letter("Read before"))
    server = incoming(env, mailbox, "imap", "ssl", state="done")
    fetch(odoo_case, server)

    with committing(odoo_case, server) as committed:
        before = committed.env.cr.sql_log_count
        committed._fetch_mail()
        statements = committed.env.cr.sql_log_count - before

    assert statements <= IDLE_STATEMENTS


def test_K6_fetch_now_says_that_another_worker_is_reading(scratch_db, mailbox):
    from odoo import api
    from odoo.exceptions import UserError
    from odoo.modules.registry import Registry

    registry = Registry(scratch_db)
    with registry.cursor() as cr, registry.cursor() as other_cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        server = incoming(env, mailbox, "imap", "ssl", state="done")
        cr.commit()
        elsewhere = server.with_env(env(cr=other_cr))
        assert elsewhere._lock_for_polling()

        with pytest.raises(UserError, match="is being read at this moment"):
            server.fetch_mail()

        elsewhere._unlock_after_polling()
        server.fetch_mail()


def test_mailbox_is_free_again_when_the_worker_that_read_it_is_gone(
    scratch_db, mailbox
):
    from odoo import api
    from odoo.modules.registry import Registry

    registry = Registry(scratch_db)
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        server = incoming(env, mailbox, "imap", "ssl", state="done")
        cr.commit()
        worker_cr = registry.cursor()
        assert server.with_env(env(cr=worker_cr))._lock_for_polling()
        assert not server._lock_for_polling()

        worker_cr._cnx.close()  # what PostgreSQL sees of a kill -9

        wait_until(server._lock_for_polling, what="PostgreSQL noticing it")
        server._unlock_after_polling()


def test_mailbox_that_somebody_changes_at_the_end_of_its_visit_ends_no_run(
    scratch_db, mailbox, monkeypatch
):
    from odoo import api
    from odoo.modules.registry import Registry

    registry = Registry(scratch_db)
    with registry.cursor() as cr, registry.cursor() as other_cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        servers = env["fetchmail.server"].union(
            *(
                incoming(env, mailbox, "imap", "ssl", name=name, state="done")
                for name in ("changed meanwhile", "another")
            )
        )
        cr.commit()
        note, changed = type(servers)._note_success, []

        def note_while_it_is_changed(server):
            env.cr.execute("SELECT 1")  # our snapshot is from before the change
            if not changed:
                changed.append(server)
                elsewhere = server.with_env(env(cr=other_cr))
                elsewhere.write({"name": "by somebody"})
                other_cr.commit()
            note(server)

        monkeypatch.setattr(type(servers), "_note_success", note_while_it_is_changed)

        assert servers._fetch_mail() is None

        assert changed[0].name == "by somebody"
        assert all(servers.mapped("date"))
        assert_free(servers.with_env(env(cr=other_cr)))


def test_run_that_ends_with_a_failed_transaction_leaves_no_mailbox_locked(
    scratch_db, mailbox
):
    import psycopg2

    from odoo import api
    from odoo.modules.registry import Registry
    from odoo.tools import mute_logger

    from odoo.addons.mail_gateway_plus.models.fetchmail_server_turn import Turn

    registry = Registry(scratch_db)
    with registry.cursor() as cr, registry.cursor() as other_cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        server = incoming(env, mailbox, "imap", "ssl", state="done")
        cr.commit()
        visit = server._poll(Turn(500, 1, float("inf"), server.browse()))
        next(visit)
        with pytest.raises(psycopg2.Error), mute_logger("odoo.sql_db"):
            cr.execute("SELECT 1/0")

        visit.close()

        assert_free(server.with_env(env(cr=other_cr)))


def assert_free(servers):
    """Assert that another worker may read these mailboxes."""
    for server in servers:
        assert server._lock_for_polling()
        server._unlock_after_polling()
