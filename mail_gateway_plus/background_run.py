"""Working in the background: the network in threads, the database in this one.

Not in the request: a worker of Odoo's prefork server has nothing else to do meanwhile
and is killed when a request lasts too long. Not in the scheduler either: it may have no
thread free, and somebody waits in front of a screen. The threads belong to whichever
process took the request. They end with the work's time budget at the latest, and do
not keep the process from ending before; the screen sees by the clock that nobody works
on it any more.
"""

import logging
import threading
import time
from dataclasses import dataclass

from odoo import api
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .core.tasks import run

_logger = logging.getLogger(__name__)

# How often something is written before somebody else's lock is given way to.
WRITE_TRIES = 5


@dataclass(frozen=True)
class BackgroundRun:
    """Work of a user's that goes on after the request.

    A subclass says by :meth:`tasks` what there is to do.
    """

    database: str
    user_id: int
    context: dict

    @staticmethod
    def place(env):
        """Return database, user and context of an environment."""
        context = {"lang": env.lang, "tz": env.context.get("tz")}
        return env.cr.dbname, env.uid, context

    def tasks(self):
        """Return the tasks (core/tasks.py); no cursor is open while one waits."""
        raise NotImplementedError

    def threads(self):
        """Return how many of the tasks may wait for the network at a time."""
        return 1

    def start(self):
        """Run in a thread of its own, which nobody waits for."""
        threading.Thread(target=self.run, name=type(self).__name__, daemon=True).start()

    def run(self):
        """Do the work; whatever is found is written down as soon as it is known."""
        threading.current_thread().dbname = self.database
        try:
            run(self.tasks(), self.threads())
        except Exception:
            _logger.exception("%s could not be brought to an end", type(self).__name__)

    def transact(self, work):
        """Do something in a transaction of its own.

        :param work: gets an environment of the superuser's rights for the user
        :returns: what ``work`` returns
        """
        for tries in range(1, WRITE_TRIES + 1):
            try:
                with Registry(self.database).cursor() as cr:
                    return work(
                        api.Environment(cr, self.user_id, self.context, su=True)
                    )
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if tries == WRITE_TRIES:
                    raise
                time.sleep(0.2 * tries)
        return None
