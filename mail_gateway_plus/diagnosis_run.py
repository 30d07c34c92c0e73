"""Making a test in the background: the network in one thread, the database in another.

Not in the request: a worker of Odoo's prefork server has nothing else to do meanwhile
and is killed when a request lasts too long. Not in the scheduler either: it may have no
thread free, and somebody waits in front of a screen. The threads belong to whichever
process took the request. They end with the ladder's time budget at the latest, and do
not keep the process from ending before; the screen sees by the clock that nobody works
on a test any more.
"""

import logging
import threading
import time
from dataclasses import dataclass, field

from odoo import api
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .core.tasks import call, run

_logger = logging.getLogger(__name__)

# How often a finished step is written before somebody else's lock is given way to.
WRITE_TRIES = 5


@dataclass(frozen=True)
class DiagnosisRun:
    """A climb up the ladder, and the row that it is written into.

    ``tested_values`` are those of the server's settings that the climb is about; they
    hold secrets.
    """

    database: str
    user_id: int
    context: dict
    diagnosis_id: int
    climb: object
    tested_values: tuple = field(repr=False)

    @classmethod
    def of(cls, diagnosis, climb, tested_values):
        """Return the run for a diagnosis."""
        env = diagnosis.env
        context = {"lang": env.lang, "tz": env.context.get("tz")}
        return cls(env.cr.dbname, env.uid, context, diagnosis.id, climb, tested_values)

    def start(self):
        """Run in a thread of its own, which nobody waits for."""
        threading.Thread(
            target=self.run, name="mail-gateway-diagnosis", daemon=True
        ).start()

    def run(self):
        """Climb, and write each step down as soon as it is done."""
        threading.current_thread().dbname = self.database
        try:
            run([self._follow()], threads=1)
        except Exception:
            _logger.exception("Test %s could not be written down", self.diagnosis_id)

    def _follow(self):
        """A task (core/tasks.py): no cursor is open while the network is waited for."""
        steps = self.climb.climb()
        while result := (yield call(True, next, steps, None)):
            noted = self._write(lambda row, found=result: self._note(row, found))
            if not noted:  # the row is gone, and with it whoever wanted to know
                steps.close()
                return
        self._write(lambda row: row._finish(self.climb, self.tested_values))

    def _note(self, row, result):
        row._note_step(result, self.climb)
        return True

    def _write(self, work):
        """Do something with the row in a transaction of its own; return its result."""
        for tries in range(1, WRITE_TRIES + 1):
            try:
                with Registry(self.database).cursor() as cr:
                    env = api.Environment(cr, self.user_id, self.context)
                    row = env["mail.gateway.diagnosis"].sudo().browse(self.diagnosis_id)
                    return work(row) if row.exists() else None
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if tries == WRITE_TRIES:
                    raise
                time.sleep(0.2 * tries)
        return None
