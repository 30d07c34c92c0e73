"""Examining domains in the background (background_run.py), and by the scheduler."""

from dataclasses import dataclass, field

from .background_run import BackgroundRun
from .core.deliverability.examine import examine
from .core.deliverability.lookups import Lookups
from .core.tasks import call

DOMAINS_AT_ONCE = 4


def look(names, sender):
    """Examine one sender; runs in a thread of the network."""
    return examine(Lookups(names), sender)


@dataclass(frozen=True)
class DeliverabilityRun(BackgroundRun):
    """What is looked up, by the id of the report that it is written into."""

    names: object = field(repr=False)
    senders: dict

    def threads(self):
        return DOMAINS_AT_ONCE

    def tasks(self):
        return [self._look(*item) for item in self.senders.items()]

    def _look(self, report_id, sender):
        """A task: examine a domain and write down what was found."""
        findings = yield call(True, look, self.names, sender)

        def note(env):
            report = env["mail.gateway.deliverability"].browse(report_id).exists()
            report._note(findings)

        self.transact(note)
