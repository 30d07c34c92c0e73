"""The tokens that this process holds.

In memory, and nowhere else: a token is as good as a password for an hour, and is had
anew by one short request. So no row of a server is written when mail goes out, which
two senders would come to blows about (under REPEATABLE READ, at the commit, after the
mail has left), and no dump of the database holds one.
"""

import threading
import time
from dataclasses import dataclass, field

from .registration import AppRegistration, TokenFailed
from .request import request_token

# A token that is refused so soon after it came will be refused again.
YOUNG_SECONDS = 60.0


class TokenStore:
    """Keeps a token for each app, shared by all threads.

    Of those that need one at the same time, one asks and the others wait for what comes
    of it, be it a failure.
    """

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._asking = {}
        self._tokens = {}
        self._failures = {}

    def get(self, registration, fetch):
        """Return a good token: the one at hand, or what ``fetch()`` returns.

        :raises: what ``fetch`` raises
        """
        arrived = self._clock()
        with self._turn(registration):
            token = self._tokens.get(registration)
            if token and token.is_good(self._clock()):
                return token
            failed_at, failure = self._failures.get(registration, (0.0, None))
            if failure and failed_at >= arrived:  # while this thread stood in line
                raise TokenFailed(failure.fault, failure.detail) from failure
            return self._fetch(registration, fetch)

    def fetch(self, registration, fetch):
        """Return a new token, whatever is at hand."""
        with self._turn(registration):
            return self._fetch(registration, fetch)

    def renewed(self, registration, refused, fetch):
        """Return another token than the one that was refused.

        ``None`` where there is no hope: it had only just come.
        """
        with self._turn(registration):
            token = self._tokens.get(registration)
            if token is not None and token != refused:
                return token  # somebody else was quicker
            if self._clock() - refused.fetched_at < YOUNG_SECONDS:
                return None
            return self._fetch(registration, fetch)

    def _turn(self, registration):
        with self._lock:
            return self._asking.setdefault(registration, threading.Lock())

    def _fetch(self, registration, fetch):
        try:
            token = fetch()
        except TokenFailed as failure:
            self._tokens.pop(registration, None)
            self._failures[registration] = (self._clock(), failure)
            raise
        self._failures.pop(registration, None)
        self._tokens[registration] = token
        return token


TOKENS = TokenStore()


@dataclass(frozen=True)
class TokenSource:
    """Where a login gets its token from, in any thread and without a database.

    :param web: a :class:`~..discovery.https.HttpsFetcher`
    """

    registration: AppRegistration
    web: object = field(repr=False, compare=False)
    store: TokenStore = field(default=TOKENS, repr=False, compare=False)

    def token(self):
        """Return a token that a login may begin with."""
        return self.store.get(self.registration, self._request)

    def new_token(self):
        """Return a token that was just fetched."""
        return self.store.fetch(self.registration, self._request)

    def renewed(self, refused):
        """Return another token than a refused one, or ``None``."""
        return self.store.renewed(self.registration, refused, self._request)

    def _request(self):
        return request_token(self.registration, self.web)
