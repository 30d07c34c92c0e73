"""A private PostgreSQL: own data folder, Unix socket only, no port on the network."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

DATABASE_USER = "odoo"
SERVER_USER = "postgres"

# The data can be made again at any time, and what most tests kill is Odoo, not
# PostgreSQL: nothing is gained by waiting for the disk.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "128MB",
}


class PostgresError(Exception):
    """PostgreSQL did not do what it was asked; the text holds its own words."""


def binary_directory() -> Path | None:
    """Return the newest installed PostgreSQL's folder of programs, if there is one."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class PostgresCluster:
    """One cluster below ``directory``, whose sockets lie there too."""

    def __init__(
        self, directory: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory
        self.settings = {**SETTINGS, **(settings or {})}
        self.data_directory = directory / "data"
        self.log_path = directory / "postgresql.log"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which libpq's programs find the cluster."""
        return {"PGHOST": str(self.directory), "PGUSER": DATABASE_USER}

    def start(self) -> None:
        """Create the cluster when it is missing and start it when it is stopped."""
        if not (self.data_directory / "PG_VERSION").exists():
            self._create()
        if not self.is_running():
            where = {"unix_socket_directories": str(self.directory)}
            options = {**self.settings, **where}
            words = " ".join(f"-c {name}={value}" for name, value in options.items())
            start = ["-w", "-l", str(self.log_path), "-o", words, "start"]
            self._as_server_user("pg_ctl", "-D", str(self.data_directory), *start)

    def stop(self) -> None:
        """Stop the cluster when it runs; open connections are cut."""
        if self.is_running():
            stop = ["-w", "-m", "fast", "stop"]
            self._as_server_user("pg_ctl", "-D", str(self.data_directory), *stop)

    def kill(self) -> None:
        """End the server at once, as ``kill -9`` or a power cut does."""
        pid_path = self.data_directory / "postmaster.pid"
        os.kill(int(pid_path.read_text().splitlines()[0]), signal.SIGKILL)

    def copy_from(self, other: "PostgresCluster", source: str, name: str) -> None:
        """Make ``name`` a copy of another cluster's database."""
        path = self.directory / f"{name}.dump"
        other._client("pg_dump", "-Fc", "-Z0", "-f", str(path), source)
        self.drop_database(name)
        self.query(f'CREATE DATABASE "{name}"')
        self._client("pg_restore", "-j", "2", "-d", name, str(path))
        path.unlink()

    def is_running(self) -> bool:
        """Return whether the cluster accepts connections on its socket."""
        return self._client("pg_isready", "-q", check=False).returncode == 0

    def databases(self) -> set[str]:
        """Return the names of the databases that exist."""
        return set(self.query("SELECT datname FROM pg_database").splitlines())

    def copy_database(self, source: str, name: str) -> None:
        """Make ``name`` a fresh copy of ``source``, in the place of an older one."""
        self.drop_database(name)
        self.disconnect(source)
        self.query(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY file_copy')

    def drop_database(self, name: str) -> None:
        """Drop ``name`` if it exists, cutting who is still connected."""
        self._client("dropdb", "--if-exists", "--force", name)

    def rename_database(self, old: str, new: str) -> None:
        """Give ``old`` the name ``new``, whose former bearer is dropped."""
        self.drop_database(new)
        self.disconnect(old)
        self.query(f'ALTER DATABASE "{old}" RENAME TO "{new}"')

    def disconnect(self, name: str) -> None:
        """Cut all connections to ``name``: it cannot be copied while there are any."""
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )

    def query(self, statement: str, database: str = "postgres") -> str:
        """Run one statement and return its rows as lines of text."""
        words = ["-X", "-A", "-t", "-q", "-d", database, "-c", statement]
        return self._client("psql", *words).stdout.strip()

    def _create(self) -> None:
        """Make the cluster in a folder beside its own, and move it when it is whole."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.directory, SERVER_USER)
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        owner = ["-U", DATABASE_USER, "-A", "trust", "-E", "UTF8"]
        place = ["-D", str(unfinished), "--locale=C.UTF-8", "--no-sync"]
        self._as_server_user("initdb", *owner, *place)
        unfinished.rename(self.data_directory)

    def _as_server_user(self, program: str, *words: str) -> None:
        """Run a server program; as root through ``postgres``, as it refuses root."""
        command = [str(_program(program)), *words]
        if os.geteuid() == 0:
            try:
                pwd.getpwnam(SERVER_USER)
            except KeyError as error:
                raise PostgresError(f"there is no user {SERVER_USER}") from error
            command = ["runuser", "-u", SERVER_USER, "--", *command]
        self._run(command, check=True)

    def _client(
        self, program: str, *words: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a client program against the cluster."""
        return self._run([str(_program(program)), *words], check=check)

    def _run(self, command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        """Run ``command`` with the cluster's variables; raise its words on failure.

        Output goes through a file's end and not a pipe where a server is started:
        the server would hold a pipe open and the caller would wait for ever.
        """
        is_server_start = command[-1] == "start"
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if is_server_start else subprocess.PIPE,
            stderr=subprocess.DEVNULL if is_server_start else subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment},
            cwd="/",
            check=False,
        )
        if check and done.returncode:
            words = (done.stderr or "").strip() or self._end_of_log()
            raise PostgresError(f"{' '.join(command[:6])} …: {words}")
        return done

    def _end_of_log(self) -> str:
        """Return the server's last words."""
        with contextlib.suppress(OSError):
            lines = self.log_path.read_text(errors="replace").splitlines()
            return "\n".join(lines[-10:])
        return "no log was written"


def _program(name: str) -> Path:
    """Return the path of a PostgreSQL program, or raise PostgresError."""
    directory = binary_directory()
    if directory is None:
        raise PostgresError("PostgreSQL is not installed")
    return directory / name
