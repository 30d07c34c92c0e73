"""Whether a server is used: closed is in use, open is not, half-open is tried."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from .verdict import Kind, Scope

FAULTS_IN_A_ROW = 3
# Or half of what was tried lately, where good and bad alternate.
WINDOW = timedelta(minutes=5)
ENOUGH_TRIED = 10
SHARE_OF_FAULTS = 0.5
# Cool-downs of the first, second, … opening; the last for all later ones.
COOL_DOWNS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 30))
JITTER = 0.2
GOOD_PROBES = 2
# A probe's caller may have died; no dialogue is longer than its timeouts allow.
PROBE_LEASE = timedelta(minutes=15)
# A server that is back stands behind the others for a while, in case it fails again.
FAIL_BACK_DELAY = timedelta(minutes=5)
# One that fails again sooner than this is as bad as it was.
FORGIVEN_AFTER = timedelta(hours=1)


class State(str, Enum):
    """The states of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class Breaker:
    """One server's breaker, as it is stored; each method returns the next one.

    ``faults``: server-scoped faults in a row. ``recent``: moments of those within the
    window. ``openings``: how often it opened without lasting recovery.
    ``open_until``: end of the cool-down; ``None`` while open: a person has to close
    it. ``probe_until``: while somebody is probing.
    """

    state: State = State.CLOSED
    faults: int = 0
    recent: tuple = ()
    openings: int = 0
    good_probes: int = 0
    opened_at: datetime | None = None
    open_until: datetime | None = None
    probe_until: datetime | None = None
    closed_at: datetime | None = None

    def is_closed(self):
        """Say whether the server is in regular use."""
        return self.state is State.CLOSED

    def is_forced_open(self):
        """Say whether a person keeps the server out of use."""
        return self.state is State.OPEN and self.open_until is None

    def can_probe(self, now):
        """Say whether a caller may try whether the server is back."""
        if self.state is State.CLOSED or self.open_until is None:
            return False
        is_probed = self.probe_until is not None and self.probe_until > now
        return self.open_until <= now and not is_probed

    def is_settling(self, now):
        """Say whether the server is back so lately that others come first."""
        is_back = self.state is State.CLOSED and self.closed_at is not None
        return is_back and now < self.closed_at + FAIL_BACK_DELAY

    def probing(self, now):
        """Return it with the probe taken; ask :meth:`can_probe` before."""
        return replace(self, state=State.HALF_OPEN, probe_until=now + PROBE_LEASE)

    def after_success(self, now):
        """Return it after the server did its part, whatever became of the mail."""
        if self.state is State.CLOSED:
            return replace(self, faults=0) if self.faults else self
        if self.open_until is None or self.state is State.OPEN:
            return self  # a mail that was on its way when it opened proves nothing
        good_probes = self.good_probes + 1
        if good_probes >= GOOD_PROBES:
            return self.closed(now)
        return replace(self, good_probes=good_probes, probe_until=None)

    def after_fault(self, verdict, now, chance, tried=0):
        """Return it after a fault of the server.

        :param verdict: one for which ``is_fault_of_server`` holds
        :param chance: a number from 0 to 1 that spreads the cool-downs
        :param tried: how many tries the server had within :data:`WINDOW`
        """
        if self.state is State.HALF_OPEN:
            return self._opened(now, chance, verdict)
        if self.state is State.OPEN:
            return self
        recent = (*(moment for moment in self.recent if moment > now - WINDOW), now)
        breaker = replace(self, faults=self.faults + 1, recent=recent)
        if breaker._is_enough(verdict, max(tried, len(recent))):
            return breaker._opened(now, chance, verdict)
        return breaker

    def forced_open(self, now):
        """Return it as a person opened it: until a person closes it."""
        return replace(
            self,
            state=State.OPEN,
            opened_at=self.opened_at or now,
            open_until=None,
            probe_until=None,
            closed_at=None,
        )

    def closed(self, now, is_trusted=False):
        """Return it closed.

        :param is_trusted: a person says so, or a test proved it: no fail-back delay,
            and what was is forgiven
        """
        return Breaker(
            openings=0 if is_trusted else self.openings,
            closed_at=None if is_trusted else now,
        )

    def _is_enough(self, verdict, tried):
        if verdict.kind is Kind.PERMANENT or verdict.scope is Scope.ACCOUNT:
            return True  # the next try cannot fare better: a person has to act
        if self.faults >= FAULTS_IN_A_ROW:
            return True
        is_half = len(self.recent) >= SHARE_OF_FAULTS * tried
        return tried >= ENOUGH_TRIED and is_half

    def _opened(self, now, chance, verdict):
        openings = self.openings + 1
        if self.closed_at and now - self.closed_at >= FORGIVEN_AFTER:
            openings = 1
        cool_down = COOL_DOWNS[min(openings, len(COOL_DOWNS)) - 1]
        cool_down *= 1 - JITTER + 2 * JITTER * chance
        if verdict.wait is not None:
            cool_down = max(cool_down, verdict.wait)
        return Breaker(
            state=State.OPEN,
            openings=openings,
            opened_at=self.opened_at or now,
            open_until=now + cool_down,
        )
