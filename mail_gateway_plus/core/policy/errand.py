"""What a worker knows while it has mails to deliver."""

import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

# A session is closed and opened anew after that many mails or seconds: some servers
# end longer ones without a word.
MAILS_PER_SESSION = 50
SECONDS_PER_SESSION = 300.0
# Who is stopped at the final dot leaves a mail uncertain. So it is not sent unless the
# server has that many seconds to answer it, or half of all that we have.
LEAST_AT_DOT = 30.0
# Seconds after which an empty queue is looked at again, while sessions are at work.
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Route:
    """What decides which session a mail can go out by.

    ``server_is_forced``: somebody chose the server for these mails, so no other may
    stand in. 0 stands for the command line's server, and for no alias domain.
    """

    server_id: int
    alias_domain_id: int
    smtp_from: str
    server_is_forced: bool = False


@dataclass(eq=False)
class Errand:
    """One mail on its way.

    ``tried``: id and name of the servers that could not take it, with their verdict.
    ``answers``: what was said to each recipient so far (fate.Answer), by address.
    ``ready``: what it is handed over as, once it is made ready; ``is_single``: not to
    be made ready together with others.
    """

    mail_id: int
    due_at: datetime
    tried: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    has_history: bool = False
    ready: object = None
    is_single: bool = False


class Turn:
    """What the tasks of one run of the queue share; handed along in the context too.

    ``bin``: ids of mails that are to be deleted as they were sent. ``probing``: routes
    for which one more session found no server, as the one at work is a server's probe.
    ``put_off``: how many mails wait for quotas by now, by the ids of the servers.
    ``session_limits``: how many sessions a server may have at once, by its id.

    :param token: the worker's
    :param among: ids to send, when not all may be
    """

    clock = staticmethod(time.monotonic)

    def __init__(self, token, among=None):
        self.token = token
        self.among = among
        self.until = float("inf")
        self.deadline = float("inf")
        self.least_at_dot = 0.0
        self.drained_at = None
        self.done = 0
        self.bin = []
        self.waiting = defaultdict(deque)
        self.sessions = Counter()
        self.opening = Counter()
        self.probing = set()
        self.put_off = Counter()
        self.session_limits = {}

    @property
    def is_drained(self):
        """Whether the queue was found empty a moment ago."""
        drained_at = self.drained_at
        return drained_at is not None and self.clock() - drained_at < LOOK_AGAIN_SECONDS

    @property
    def has_time(self):
        """Whether another mail may be begun."""
        return self.clock() < self.until and self.has_time_for_dot

    def note_time_left(self, seconds):
        """Note how long the scheduler lets us go on."""
        self.until = self.clock() + seconds

    def note_stopped_in(self, seconds):
        """Note when the worker is stopped, whatever it does then; ``inf``: never."""
        self.deadline = self.clock() + seconds
        self.least_at_dot = min(LEAST_AT_DOT, seconds / 2)

    @property
    def has_time_for_dot(self):
        """Whether a server that is given a final dot now has time to answer it."""
        return self.deadline - self.clock() >= self.least_at_dot

    @property
    def backlog(self):
        """How many mails are claimed and wait for a session."""
        return sum(map(len, self.waiting.values()))

    def add(self, route, errands):
        """Have mails wait for a session of their route, behind the others."""
        self.waiting[route].extend(errands)

    def put_back(self, route, errand):
        """Have a mail go first with the next session or server."""
        self.waiting[route].appendleft(errand)

    def take(self, route, server_id):
        """Return the first mail of the route that this server was not tried for."""
        queue = self.waiting[route]
        for errand in queue:
            if server_id not in errand.tried:
                queue.remove(errand)
                return errand
        return None

    def has_mail_for(self, route, server_id):
        """Say whether a mail of the route waits that this server was not tried for."""
        return any(server_id not in errand.tried for errand in self.waiting[route])

    def following(self, route, server_id, number):
        """Return the next mails for this server that may be made ready together."""
        chosen = (
            errand
            for errand in self.waiting[route]
            if server_id not in errand.tried
            and errand.ready is None
            and not errand.is_single
        )
        return list(islice(chosen, number))

    def take_all(self, route, unless_tried=None):
        """Return all waiting mails of the route, but for those with a chance left."""
        queue = self.waiting[route]
        chosen = [
            e for e in queue if unless_tried is None or unless_tried <= set(e.tried)
        ]
        for errand in chosen:
            queue.remove(errand)
        return chosen

    def next_route(self, limit_of):
        """Return the route that wants one more session most, or None.

        :param limit_of: ``limit_of(route)`` is how many its server may have at once
        """
        for route, queue in self.waiting.items():
            if route in self.probing:
                continue
            used = sum(
                number
                for other, number in self.sessions.items()
                if other.server_id == route.server_id
            )
            if len(queue) > self.opening[route] and used < limit_of(route):
                return route
        return None
