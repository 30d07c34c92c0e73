"""One worker of Odoo's scheduler, measured: ``python -m benchmarks.worker <json>``.

It does what a cron thread does, but never sleeps: jobs run again as soon as they ended.
Tells "ready" when Odoo is loaded, starts at a line of input, ends with a line of JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import odoo
from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry


class Worker:
    """A loaded Odoo on one database."""

    def __init__(self, configuration: str, database: str) -> None:
        odoo.tools.config.parse_config(["-c", configuration])
        self.database = database
        self.registry = Registry(database)

    def answer(self, task: dict[str, Any]) -> dict[str, float]:
        """Run jobs until ``task["done"]`` says that the work is done."""
        statements = odoo.sql_db.sql_counter
        cpu, starved = time.process_time(), starvation()
        started = time.monotonic()
        while not self.ask(task["done"], task["goal"]):
            pause = time.monotonic() + 0.02  # when another worker has all the jobs
            if "call" in task:
                self.call(*task["call"])
            else:
                self.run(task["jobs"])
            time.sleep(max(0.0, pause - time.monotonic()))
            if time.monotonic() - started > task.get("timeout", 900):
                raise TimeoutError(f"not done: {task}")
        return {
            "seconds": time.monotonic() - started,
            "cpu": time.process_time() - cpu,
            "starved": starvation() - starved,
            "statements": odoo.sql_db.sql_counter - statements,
            "peak_kb": memory("VmHWM"),
        }

    def run(self, jobs: list[str]) -> None:
        """Make crons due and run whichever are."""
        for job in jobs:
            self.execute(
                "INSERT INTO ir_cron_trigger (cron_id, call_at)"
                " SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data"
                " WHERE module || '.' || name = %s",
                job,
            )
        self.registry["ir.cron"]._process_jobs(self.database)

    def call(self, model: str, method: str) -> None:
        """Call a method as crons do, as often as wished and at once."""
        with self.registry.cursor() as cr:
            getattr(Environment(cr, SUPERUSER_ID, {})[model], method)()

    def ask(self, query: str, *parameters: object) -> Any:
        """Return the first value that a query finds."""
        with self.registry.cursor() as cr:
            cr.execute(query, parameters)
            return cr.fetchone()[0]

    def execute(self, query: str, *parameters: object) -> None:
        """Run a statement and commit."""
        with self.registry.cursor() as cr:
            cr.execute(query, parameters)

    def warm_up(self) -> None:
        """Load what the first job loads: templates, translations, rules."""
        with self.registry.cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            env["bench.ticket"].search([], limit=1)
            cr.rollback()


def memory(name: str) -> int:
    """Return a line of this process's memory status, in kB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1])


def starvation() -> float:
    """Return the seconds that the main thread has waited for a processor."""
    return int(Path("/proc/self/schedstat").read_text("ascii").split()[1]) / 1e9


def main() -> None:
    """Load, wait for the signal, work, tell."""
    task = json.loads(sys.argv[1])
    worker = Worker(task["configuration"], task["database"])
    worker.warm_up()
    if warm := task.get("warm"):
        worker.answer({**task, **warm})
    print("ready", flush=True)
    sys.stdin.readline()
    # The kernel's peak starts anew here.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = memory("VmRSS")
    print(json.dumps({**worker.answer(task), "before_kb": before}), flush=True)


if __name__ == "__main__":
    main()
