"""How to reach a mailbox, said before it is reached.

What Odoo knows (server, user, secret, token) is collected in the thread that may talk
to the database; the network is used in another one.
"""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import OutOfTime
from .endpoint import Endpoint
from .line import Line


@dataclass(frozen=True)
class LoginStep:
    """One call of a login; its arguments hold secrets and are not shown."""

    method: str
    arguments: tuple = field(repr=False)


class LoginRecord:
    """Stands where a connection is expected, and notes how it would be logged in.

    It has the methods that ``fetchmail.server._imap_login__`` and its overrides use.
    """

    def __init__(self):
        self.steps = []

    def login(self, user, password):
        """Note a login with user and password."""
        self._note("login", user, password)

    def authenticate(self, mechanism, authobject):
        """Note a SASL exchange; ``authobject`` must not need the database."""
        self._note("authenticate", mechanism, authobject)

    def app(self, user, source):
        """Note a login with an app's token (:class:`~..oauth.store.TokenSource`)."""
        self._note("app", user, source)

    def select(self, mailbox="INBOX", readonly=False):
        """Nothing: the folders are opened later, by their names."""

    def _note(self, method, *arguments):
        self.steps.append(LoginStep(method, arguments))


@dataclass(frozen=True)
class Dial:
    """A session that can be opened from any thread.

    ``protocol`` is a mailbox's class, called with the endpoint and the line.
    """

    protocol: type
    endpoint: Endpoint
    steps: tuple
    line: Line = field(default_factory=Line, repr=False, compare=False)

    def connect(self):
        """Connect, log in and return the mailbox; drop the connection on failure."""
        try:
            mailbox = self.protocol(self.endpoint, self.line)
        except BaseException:
            self.abandon()
            raise
        try:
            for step in self.steps:
                getattr(mailbox.login, step.method)(*step.arguments)
        except BaseException:
            mailbox.abandon()
            raise
        return mailbox

    @contextmanager
    def limited(self, seconds):
        """Cut the connection unless the block ends within ``seconds``.

        For callers that use it in their own thread.

        :raises OutOfTime: in the place of what the block raises then
        """
        is_over = threading.Event()

        def end():
            is_over.set()
            self.abandon()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        failure = None
        try:
            yield
        except Exception as error:
            if not is_over.is_set():
                raise
            failure = error
        finally:
            timer.cancel()
        if is_over.is_set():  # also where half an answer passed for a whole one
            raise OutOfTime() from failure

    def abandon(self):
        """Cut the connection, from any thread and at any time."""
        self.line.cut()
