"""A real Odoo server process, to be used over HTTP and to be killed."""

import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev import environment as prepared
from tests.rig.processes import ManagedProcess, RigError, free_port, wait_until

START_SECONDS = 90.0


class OdooRemoteError(RigError):
    """Odoo answered a call with an exception; ``name`` is its Python class."""

    def __init__(self, message: str, name: str, debug: str) -> None:
        super().__init__(message)
        self.name = name
        self.debug = debug


class OdooServer:
    """Odoo in threaded mode on ``database``, answering on a port of 127.0.0.1.

    ``options`` are lines of its configuration, over those of the prepared working
    tree (``max_cron_threads`` is 1, as crons are what the tests of crashes are about);
    ``environment`` are variables over ours, such as SSL_CERT_FILE with the bundle of
    the rig's authority. Several servers may share one database.
    """

    def __init__(
        self,
        directory: Path,
        database: str,
        port: int | None = None,
        options: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        login: str = "admin",
        password: str = "admin",
    ) -> None:
        self.directory = directory
        self.database = database
        self.port = port or free_port()
        self.options = dict(options or {})
        self.environment = dict(environment or {})
        self.login = login
        self.password = password
        self.log_path = directory / f"odoo-{self.port}.log"
        self._user_id: int | None = None
        self._calls = itertools.count(1)
        self._process: ManagedProcess | None = None

    @property
    def url(self) -> str:
        """Return the address of the web client."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process_id(self) -> int:
        """Return the server's process id, or raise RigError when it does not run."""
        if self._process is None:
            raise RigError("Odoo is not started")
        return self._process.process_id

    def start(self) -> "OdooServer":
        """Start the server and return it once it answers with its registry loaded."""
        tree = prepared.load()
        self.directory.mkdir(parents=True, exist_ok=True)
        options = {
            **tree.odoo_options(self.database),
            "log_level": "info",
            "max_cron_threads": "1",
            "http_port": str(self.port),
            "gevent_port": str(free_port()),
            **self.options,
        }
        path = self.directory / f"odoo-{self.port}.conf"
        configuration = tree.write_configuration(path, options)
        self._process = ManagedProcess(
            "Odoo",
            [tree.python, "-m", "odoo", "-c", configuration],
            self.log_path,
            environment={**tree.process_environment, **self.environment},
            directory=self.directory,
        )
        self._process.start(ready=self._answers, timeout=START_SECONDS)
        return self

    def stop(self) -> None:
        """Ask the server to end and wait for it."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End the server at once, as ``kill -9`` or a power cut does."""
        if self._process:
            self._process.kill()

    def is_running(self) -> bool:
        """Return whether the server's process is there."""
        return self._process is not None and self._process.is_running()

    def call(
        self,
        model: str,
        method: str,
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a public method as ``login`` and return what it returns.

        Raises OdooRemoteError where Odoo answers with an exception, RigError where it
        does not answer.
        """
        if self._user_id is None:
            credentials = [self.database, self.login, self.password, {}]
            self._user_id = self._rpc("common", "authenticate", credentials)
            if not self._user_id:
                raise RigError(f"Odoo does not let {self.login} log in")
        account = [self.database, self._user_id, self.password]
        target = [model, method, list(arguments), dict(keywords or {})]
        return self._rpc("object", "execute_kw", [*account, *target])

    def cron_id(self, name: str) -> int:
        """Return the id of the cron with that external id."""
        module, _dot, name = name.partition(".")
        domain = [("module", "=", module), ("name", "=", name)]
        [found] = self.call("ir.model.data", "search_read", [domain, ["res_id"]])
        return found["res_id"]

    def wake(self, cron: str) -> None:
        """Make a cron due now; its scheduler is told at once.

        Not at an old time: Odoo counts its way from there to the next, step by step,
        which for a job of every minute takes seconds a year.
        """
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        due = [[self.cron_id(cron)], {"nextcall": now}]

        def is_written() -> bool:
            try:
                return self.call("ir.cron", "write", due)
            except OdooRemoteError:  # it runs at this very moment and is locked
                return False

        wait_until(is_written, what=f"waking {cron}")

    def keep_only_crons(self, *names: str) -> None:
        """Switch all other crons off, which are due in a new database."""
        self.set_running_crons([self.cron_id(name) for name in names])

    def set_running_crons(self, ids: Sequence[int]) -> None:
        """Switch off all crons but those with these ids."""
        others = [("id", "not in", list(ids))]

        def are_off() -> bool:
            try:
                found = self.call("ir.cron", "search", [others])
                return self.call("ir.cron", "write", [found, {"active": False}])
            except OdooRemoteError:  # one of them runs at this very moment
                return False

        wait_until(are_off, what="switching crons off")

    def _rpc(self, service: str, method: str, arguments: list[Any]) -> Any:
        """Make one call of Odoo's JSON-RPC."""
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": next(self._calls),
            "params": {"service": service, "method": method, "args": arguments},
        }
        request = urllib.request.Request(
            f"{self.url}/jsonrpc",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                answer = json.load(response)
        except OSError as error:
            raise RigError(f"Odoo at {self.url} does not answer: {error}") from error
        if "error" in answer:
            data = answer["error"].get("data", {})
            message = data.get("message") or answer["error"]["message"]
            raise OdooRemoteError(message, data.get("name", ""), data.get("debug", ""))
        return answer.get("result")

    def _answers(self) -> bool:
        """Return whether the login page comes, which needs the whole registry."""
        try:
            address = f"{self.url}/web/login?db={self.database}"
            with urllib.request.urlopen(address, timeout=30) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
