"""The words of the ladder: its steps, and what came of one."""

from dataclasses import asdict, dataclass, field
from enum import Enum

from ..protocols.endpoint import Endpoint, Security
from .advice_keys import Advice


class Step(str, Enum):
    """The checks, in about the order in which they are made."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    PROXY = "proxy"
    GREETING = "greeting"
    TLS = "tls"
    CAPABILITIES = "capabilities"
    TOKEN = "token"
    LOGIN = "login"
    ENVELOPE = "envelope"
    TEST_MAIL = "test_mail"
    FOLDERS = "folders"
    NEWEST = "newest"
    DIRECT = "direct"


class StepState(str, Enum):
    """What came of a step. A warning is no reason not to use the server."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Protocol(str, Enum):
    """What a server speaks, by Odoo's names."""

    SMTP = "smtp"
    IMAP = "imap"
    POP = "pop"


@dataclass(frozen=True)
class Finding:
    """What a step found out: plain values for a screen, and what to do about it."""

    details: dict = field(default_factory=dict)
    state: StepState = StepState.OK
    advice: Advice | None = None


@dataclass(frozen=True)
class StepResult:
    """A finished step.

    ``words`` are those of the server, or of whoever else reported the failure.
    """

    step: Step
    state: StepState
    milliseconds: int = 0
    details: dict = field(default_factory=dict)
    advice: Advice | None = None
    words: str = ""

    def plain(self):
        """Return this as values that JSON knows."""
        return asdict(self)


@dataclass(frozen=True)
class Door:
    """A port and the security that is spoken there."""

    port: int
    security: Security


# In the order in which RFC 8314 section 3 would have them. 2525 is registered nowhere,
# but opened by many relays where 25 and 587 are closed on the way.
DOORS = {
    Protocol.SMTP: (
        Door(465, Security.SSL),
        Door(587, Security.STARTTLS),
        Door(2525, Security.STARTTLS),
        Door(25, Security.STARTTLS),
    ),
    Protocol.IMAP: (Door(993, Security.SSL), Door(143, Security.STARTTLS)),
    Protocol.POP: (Door(995, Security.SSL), Door(110, Security.STARTTLS)),
}


@dataclass(frozen=True)
class Target:
    """A server to examine, with all that is needed for it as plain values.

    ``login`` are the noted steps of a login (core/protocols/dial.py), ``login_error``
    what kept them from being noted, such as a token that nobody handed out.
    ``folders`` are opened (IMAP); ``needs_flags`` says that reading is not enough.
    ``sender`` and ``recipient`` are said, and ``content``, the bytes of a mail, is sent
    if there is one (SMTP). ``newest`` is how many messages to look into at most.
    """

    protocol: Protocol
    endpoint: Endpoint
    user: str = ""
    secrets: tuple = field(default=(), repr=False)
    login: tuple = field(default=(), repr=False)
    login_error: str = ""
    context: object = field(default=None, repr=False)
    sender: str = ""
    recipient: str = ""
    content: bytes | None = field(default=None, repr=False)
    folders: tuple = ("INBOX",)
    needs_flags: bool = True
    newest: int = 0
    doors: tuple | None = None

    @property
    def all_secrets(self):
        """Return what must show nowhere, those of the way and of an app included."""
        proxy, app = self.endpoint.proxy, self.app_login
        of_app = (app.arguments[1].registration.secret,) if app else ()
        return (*self.secrets, *of_app, *(proxy.secrets if proxy else ()))

    @property
    def app_login(self):
        """Return the step of a login with an app's token, ``None`` for another."""
        return next((step for step in self.login if step.method == "app"), None)

    @property
    def other_doors(self):
        """Return the ports and securities to try where the chosen ones fail."""
        chosen = Door(self.endpoint.port, self.endpoint.security)
        doors = DOORS[self.protocol] if self.doors is None else self.doors
        same_port = (
            Door(chosen.port, Security.SSL),
            Door(chosen.port, Security.STARTTLS),
        )
        return [d for d in dict.fromkeys((*doors, *same_port)) if d != chosen]
