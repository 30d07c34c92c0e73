"""Sending round-trip mails and looking for them (background_run.py).

The button and the scheduler do the same: the one looks again and again for a while, the
other once. Whatever is found is written in a transaction of its own, with the row
locked, so that both may be at it and the journal as well.
"""

import time
from dataclasses import dataclass

from .background_run import BackgroundRun
from .core.round_trip.sending import hand_over
from .core.tasks import call

AT_ONCE = 4
# A mailbox that hangs keeps the others waiting no longer than this.
LOOK_SECONDS = 20.0


@dataclass(frozen=True)
class RoundTripRun(BackgroundRun):
    """The round trips to bring forward, and the seconds to wait before each look."""

    trip_ids: tuple
    waits: tuple = (0,)

    def threads(self):
        return AT_ONCE

    def tasks(self):
        return [self._follow(trip_id) for trip_id in self.trip_ids]

    def _follow(self, trip_id):
        """A task: send the mail if that is still to be done, then look for it."""
        parcel = self._on(trip_id, lambda trip: trip._take_parcel())
        if parcel is not None:
            handed = yield call(True, hand_over, parcel)
            self._on(trip_id, lambda trip: trip._note_handed(handed))
        for seconds in self.waits:
            if seconds:
                yield call(True, time.sleep, seconds)
            search = self._on(trip_id, lambda trip: trip._where_to_look())
            if search is None:
                return
            yield from self._look(trip_id, search)

    def _look(self, trip_id, search):
        found, words = [], ""
        try:
            found = yield call(
                True, search.look, seconds=LOOK_SECONDS, give_up=search.give_up
            )
        except Exception as error:
            words = str(error).strip() or type(error).__name__
        self._on(trip_id, lambda trip: trip._note_look(found, words))

    def _on(self, trip_id, work):
        """Do something with a locked row, if it is still there; return its result."""

        def on_row(env):
            trip = env["mail.gateway.round.trip"]._locked(trip_id)
            return work(trip) if trip else None

        return self.transact(on_row)
