"""How to reach a mailbox, said before it is reached.

What Odoo knows (server, user, secret, token) is collected in the thread that may talk
to the database; the network is used in another one.
"""

from dataclasses import dataclass, field

from .endpoint import Endpoint


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

    def select(self, mailbox="INBOX", readonly=False):
        """Nothing: the folders are opened later, by their names."""

    def _note(self, method, *arguments):
        self.steps.append(LoginStep(method, arguments))


@dataclass(frozen=True)
class Dial:
    """A session that can be opened from any thread.

    ``protocol`` is a mailbox's class, called with the endpoint.
    """

    protocol: type
    endpoint: Endpoint
    steps: tuple

    def connect(self):
        """Connect, log in and return the mailbox; drop the connection on failure."""
        mailbox = self.protocol(self.endpoint)
        try:
            for step in self.steps:
                getattr(mailbox.login, step.method)(*step.arguments)
        except BaseException:
            mailbox.abandon()
            raise
        return mailbox
