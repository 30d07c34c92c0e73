"""A real Odoo with the addon on a database of its own, and what tests do with it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from dev import database, environment
from dev.postgres import PostgresCluster
from tests.rig.certificates import CertificateAuthority
from tests.rig.odoo_server import OdooServer
from tests.rig.pytest_fixtures import Mailbox

FETCH_CRON = "mail.ir_cron_mail_gateway_action"
PROCESS_CRON = "mail_gateway_plus.ir_cron_process_inbound"
# How often those are woken that may not listen yet.
AWAKE_SECONDS = 0.5


class GatewayServer(OdooServer):
    """An Odoo that trusts the rig's authority and whose crons run when they are due.

    Use it as a context manager: its database is copied at the start, into another
    ``cluster`` if wished, and dropped at the end. Between, it may be killed and started
    again any number of times.
    """

    def __init__(
        self,
        directory: Path,
        database_name: str,
        ca: CertificateAuthority,
        cluster: PostgresCluster | None = None,
    ) -> None:
        self._tree = environment.load()
        self._cluster = cluster or self._tree.cluster
        super().__init__(
            directory,
            database_name,
            options={
                "max_cron_threads": "2",
                "db_host": str(self._cluster.directory),
            },
            environment={
                **self._cluster.environment,
                "SSL_CERT_FILE": str(ca.trusted_bundle()),
                # Crons that are due start at once instead of within the minute.
                "ODOO_NOTIFY_CRON_CHANGES": "1",
            },
        )

    def __enter__(self) -> "GatewayServer":
        if self._cluster.directory == self._tree.cluster.directory:
            database.copy_for_run(self._tree, self.database)
        else:
            template = database.TEMPLATE
            self._cluster.copy_from(self._tree.cluster, template, self.database)
        self.start()
        # She writes the letters of all tests: more than one person would.
        self.call("mail.gateway.allowed", "create", [{"email": "amina@home.example"}])
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._cluster.drop_database(self.database)

    def add_mailbox(self, mailbox: Mailbox, kind: str = "imap", **values: Any) -> int:
        """Enter a mailbox of the rig's Dovecot as a confirmed server; return its id."""
        dovecot = mailbox.server
        port = dovecot.imaps_port if kind == "imap" else dovecot.pop3s_port
        model_id = self.call(
            "ir.model", "search", [[("model", "=", "grievance.ticket")]]
        )
        server_id = self.call(
            "fetchmail.server",
            "create",
            [
                {
                    "name": mailbox.address,
                    "server_type": kind,
                    "server": "localhost",
                    "port": port,
                    "connection_security": "ssl",
                    "user": mailbox.address,
                    "password": mailbox.password,
                    "object_id": model_id[0],
                    **values,
                }
            ],
        )
        self.call("fetchmail.server", "button_confirm_login", [[server_id]])
        return server_id

    def wake_at_once(self, *crons: int) -> None:
        """Make crons due and tell the schedulers, without a word to Odoo itself.

        For when every millisecond counts; those that run at this moment are left.
        """
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                # Not an old time, for the reason that ``wake`` tells.
                "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE id IN"
                " (SELECT id FROM ir_cron WHERE id = ANY(%s)"
                " FOR NO KEY UPDATE SKIP LOCKED)",
                [list(crons)],
            )
            connection.commit()
        with closing(self._connect("postgres")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.database])
            connection.commit()

    def keep_awake(
        self,
        crons: Sequence[int],
        seconds: float,
        until: Callable[[], object] = lambda: False,
    ) -> float:
        """Wake crons again and again for so long; return how long it was.

        An Odoo that was just started may not listen yet. ``until`` may end it sooner.
        """
        started = time.monotonic()
        while (passed := time.monotonic() - started) < seconds and not until():
            self.wake_at_once(*crons)
            time.sleep(min(AWAKE_SECONDS, seconds - passed))
        return time.monotonic() - started

    def count(self, model: str, *domain: tuple) -> int:
        """Return how many records of a model match."""
        return self.call(model, "search_count", [list(domain)])

    def query(self, statement: str, *parameters: object) -> list[tuple]:
        """Return the rows of an SQL statement, also while Odoo is dead."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    def execute(self, statement: str, *parameters: object) -> None:
        """Run an SQL statement and commit; a row that Odoo holds is waited for."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            connection.commit()

    @contextmanager
    def holding(self, statement: str, *parameters: object) -> Iterator[None]:
        """Keep the locks of an SQL statement until the block ends."""
        with closing(self._connect()) as connection:
            connection.cursor().execute(statement, parameters)
            yield

    def _connect(self, name: str = "") -> Any:
        directory = str(self._cluster.directory)
        name = name or self.database
        return psycopg2.connect(host=directory, user="odoo", dbname=name)

    @contextmanager
    def holding_cron(self, cron: str) -> Iterator[None]:
        """Keep a cron from being run by any worker until the block ends."""
        with self.holding(
            "SELECT id FROM ir_cron WHERE id = %s FOR NO KEY UPDATE", self.cron_id(cron)
        ):
            yield
