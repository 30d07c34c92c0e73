"""Making a test in the background (background_run.py)."""

from dataclasses import dataclass, field

from .background_run import BackgroundRun
from .core.tasks import call


@dataclass(frozen=True)
class DiagnosisRun(BackgroundRun):
    """A climb up the ladder, and the row that it is written into.

    ``tested_values`` are those of the server's settings that the climb is about; they
    hold secrets.
    """

    diagnosis_id: int
    climb: object
    tested_values: tuple = field(repr=False)

    @classmethod
    def of(cls, diagnosis, climb, tested_values):
        """Return the run for a diagnosis."""
        place = cls.place(diagnosis.env)
        return cls(*place, diagnosis.id, climb, tested_values)

    def tasks(self):
        return [self._follow()]

    def _follow(self):
        """A task (core/tasks.py): climb, and write each step down once it is done."""
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
        """Do something with the row, if it is still there; return its result."""

        def on_row(env):
            row = env["mail.gateway.diagnosis"].browse(self.diagnosis_id)
            return work(row) if row.exists() else None

        return self.transact(on_row)
