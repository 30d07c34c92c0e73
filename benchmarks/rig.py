"""What the scenarios stand on: a Dovecot, a line to it, workers, a real server."""

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import databases, messages
from dev import environment as prepared
from dev.paths import ROOT, make_state_directory
from tests.rig.certificates import CertificateAuthority
from tests.rig.dovecot import Dovecot
from tests.rig.latency_proxy import LatencyProxy
from tests.rig.odoo_server import OdooServer
from tests.rig.processes import wait_until

FETCH = "mail.ir_cron_mail_gateway_action"
PROCESS = "mail_gateway_plus.ir_cron_process_inbound"
ALL_ARRIVED = (
    "SELECT count(*) >= %s FROM mail_message"
    " WHERE model = 'bench.ticket' AND message_type = 'email'"
)
ALL_JOURNALED = "SELECT count(*) >= %s FROM mail_gateway_inbound"


class Workers:
    """Databases, and workers of Odoo's that do measured work on them."""

    def __init__(self, directory: Path) -> None:
        self.environment = prepared.load()
        self.directory = directory
        # For servers behind TLS, whose certificates ours verifies.
        self.authority = CertificateAuthority(directory / "ca")
        self.trust = {"SSL_CERT_FILE": str(self.authority.trusted_bundle())}

    def query(self, database: str, statement: str) -> str:
        """Run a statement."""
        return self.environment.cluster.query(statement, database)

    def work(
        self,
        database: str,
        tasks: Sequence[dict[str, Any]],
        prepare: Callable[[], None] = lambda: None,
    ) -> list[dict]:
        """Have a worker for each task, all at once, and return what they measured.

        :param prepare: called once all workers have loaded and are warm
        """
        configuration = self.environment.write_configuration(
            self.directory / "worker.conf",
            databases.options(self.environment, database),
        )
        base = {"configuration": str(configuration), "database": database}
        python = str(self.environment.python)
        workers = [
            subprocess.Popen(
                [python, "-m", "benchmarks.worker", json.dumps({**base, **task})],
                cwd=ROOT,
                env={**self.environment.process_environment, **self.trust},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for task in tasks
        ]
        try:
            for worker in workers:
                assert worker.stdout
                if worker.stdout.readline().strip() != "ready":
                    raise RuntimeError("a worker did not start")
            prepare()
            for worker in workers:
                assert worker.stdin
                worker.stdin.write("go\n")
                worker.stdin.flush()
            return [json.loads(worker.stdout.readline()) for worker in workers]  # type: ignore[union-attr]
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()


class Bench(Workers):
    """The servers of one run of the benchmarks."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.dovecot = Dovecot(
            directory / "dovecot", self.authority, {messages.ADDRESS: "secret"}
        )

    def fill_mailbox(self, letters: Sequence[bytes]) -> None:
        """Let the mailbox hold these messages, unseen, and no others."""
        self.dovecot.empty(messages.ADDRESS)
        for letter in letters:
            self.dovecot.deliver(messages.ADDRESS, letter)

    @contextlib.contextmanager
    def line(self, round_trip_ms: int, tls: bool = False) -> Iterator[int]:
        """Yield the port of the mailbox at a distance."""
        if not round_trip_ms:
            yield self.dovecot.port_of("imap", tls)
            return
        with self.proxy(round_trip_ms, tls) as proxy:
            yield proxy.port

    def proxy(self, round_trip_ms: int, tls: bool = False) -> LatencyProxy:
        """Return what makes the mailbox as far away, to be entered."""
        return LatencyProxy(self.dovecot.port_of("imap", tls), round_trip_ms / 2000)

    def database(self, variant: str, port: int) -> str:
        """Return a fresh database whose mailbox is on ``port``."""
        name = databases.copy(self.environment, variant)
        self.query(name, f"UPDATE fetchmail_server SET port = {port}")
        return name

    def serve(self, database: str, letters: Sequence[bytes], timeout: float) -> float:
        """Return the seconds that a real server with default settings takes.

        Given up after ``timeout``: then the time that all would take at its pace.
        """
        self.fill_mailbox([])
        server = OdooServer(
            self.directory / "odoo",
            database,
            options={
                **databases.options(self.environment, database),
                "max_cron_threads": "2",
            },
        )
        server.start()
        try:
            self.fill_mailbox(letters)
            started = time.monotonic()
            self.query(
                database,
                "INSERT INTO ir_cron_trigger (cron_id, call_at)"
                " SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data"
                f" WHERE module || '.' || name = '{FETCH}'",
            )
            self.query("postgres", f"SELECT pg_notify('cron_trigger', '{database}')")
            arrived = ALL_ARRIVED.replace(">= %s", "")
            done = 0

            def is_over() -> bool:
                nonlocal done
                time.sleep(0.1)
                done = int(self.query(database, arrived))
                return done >= len(letters) or time.monotonic() - started > timeout

            wait_until(is_over, timeout + 60, "reading the backlog")
            return (time.monotonic() - started) * len(letters) / max(done, 1)
        finally:
            server.kill()


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """Yield a folder for the files of one run that servers' own users can read."""
    parent = make_state_directory() / "rig"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix="b") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """Yield a running :class:`Bench`."""
    with scratch_directory() as directory:
        running = Bench(directory)
        running.dovecot.start()
        try:
            yield running
        finally:
            running.dovecot.stop()
