"""What a prepared working tree offers: read by the tests' rig, the demo and suites."""

import dataclasses
import json
import os
from pathlib import Path

from dev.paths import ROOT, make_state_directory, state_directory, write_atomically
from dev.postgres import DATABASE_USER, PostgresCluster
from dev.steps import PrepareError

FILE_NAME = "environment.json"


@dataclasses.dataclass(frozen=True)
class Environment:
    """Paths of one prepared working tree."""

    python: Path
    odoo_version: str
    odoo_addons_paths: tuple[Path, ...]
    odoo_python_path: Path
    state: Path

    @property
    def cluster(self) -> PostgresCluster:
        """Return the tree's PostgreSQL."""
        return PostgresCluster(self.state / "pg")

    @property
    def process_environment(self) -> dict[str, str]:
        """Return this process's variables and those that lead to the database."""
        return {**os.environ, **self.cluster.environment}

    def odoo_options(self, database: str) -> dict[str, str]:
        """Return the ``[options]`` of an Odoo that runs on ``database``."""
        return {
            "addons_path": ",".join(map(str, [*self.odoo_addons_paths, ROOT])),
            "admin_passwd": "admin",
            "data_dir": str(self.state / "odoo-data"),
            "db_host": str(self.cluster.directory),
            "db_name": database,
            "db_user": DATABASE_USER,
            "http_interface": "127.0.0.1",
            "list_db": "False",
            "log_level": "warn",
            "max_cron_threads": "0",
            "screenshots": str(self.state / "screenshots"),
        }

    def write_configuration(self, path: Path, options: dict[str, str]) -> Path:
        """Write Odoo's configuration file ``path`` with ``options`` and return it."""
        lines = [f"{name} = {value}" for name, value in options.items()]
        write_atomically(path, "\n".join(["[options]", *lines, ""]))
        return path

    def save(self) -> None:
        """Write the environment where ``load`` finds it."""
        values = {
            "python": str(self.python),
            "odoo_version": self.odoo_version,
            "odoo_addons_paths": [str(path) for path in self.odoo_addons_paths],
            "odoo_python_path": str(self.odoo_python_path),
        }
        text = json.dumps(values, indent=2) + "\n"
        write_atomically(make_state_directory() / FILE_NAME, text)


def load() -> Environment:
    """Return the environment that the last preparation left, or raise PrepareError."""
    state = state_directory()
    try:
        values = json.loads((state / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PrepareError("nothing is prepared yet: run `make prepare`") from error
    return Environment(
        python=Path(values["python"]),
        odoo_version=values["odoo_version"],
        odoo_addons_paths=tuple(map(Path, values["odoo_addons_paths"])),
        odoo_python_path=Path(values["odoo_python_path"]),
        state=state,
    )
