"""What a worker knows while it has mails to deliver."""

import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime

# A session is closed and opened anew after that many mails or seconds: some servers
# end longer ones without a word.
MAILS_PER_SESSION = 50
SECONDS_PER_SESSION = 300.0


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
    """

    mail_id: int
    due_at: datetime
    tried: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    has_history: bool = False
    reconnects: int = 0


class Turn:
    """What the tasks of one run of the queue share; handed along in the context too.

    ``bin``: ids of mails that are to be deleted as they were sent.

    :param token: the worker's
    :param among: ids to send, when not all may be
    """

    clock = staticmethod(time.monotonic)

    def __init__(self, token, among=None):
        self.token = token
        self.among = among
        self.until = float("inf")
        self.is_drained = False
        self.done = 0
        self.bin = []
        self.waiting = defaultdict(deque)
        self.sessions = Counter()
        self.opening = Counter()

    @property
    def has_time(self):
        """Whether another mail may be begun."""
        return self.clock() < self.until

    def note_time_left(self, seconds):
        """Note how long the scheduler lets us go on."""
        self.until = self.clock() + seconds

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

    def note_tried(self, route, server, verdict):
        """Note that a server can have none of the route's mails, and why."""
        for errand in self.waiting[route]:
            errand.tried[server.id] = (server, verdict)

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
            used = sum(
                number
                for other, number in self.sessions.items()
                if other.server_id == route.server_id
            )
            if len(queue) > self.opening[route] and used < limit_of(route):
                return route
        return None
