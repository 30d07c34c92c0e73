"""How to reach an SMTP server, said before it is reached."""

import base64
import re
import smtplib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from ..errors import GatewayError
from ..oauth.login import log_in_with_token
from .dial import LoginStep
from .endpoint import Endpoint, Security
from .line import connected
from .smtp import SmtpSession, is_smtp
from .smtp_delivery import Phase
from .smtp_wire import Timeouts

# "AUTH <mechanism> <initial response>": a login in one command (RFC 4954 section 4).
_WHOLE_LOGIN = re.compile(r"(?P<mechanism>\S+) (?P<response>\S+)")


class LoginNeedsConnection(GatewayError):
    """A login asks the server something, and so cannot be noted beforehand."""


class SmtpLoginRecord:
    """Stands where a connection is expected, and notes how it would be logged in.

    It has what ``ir.mail_server._smtp_login__`` and its overrides use.

    :raises LoginNeedsConnection: if they use anything else
    """

    def __init__(self):
        self.steps = []

    def login(self, user, password):
        """Note a login with user and password."""
        self._note("login", user, password)

    def auth(self, mechanism, authobject, *, initial_response_ok=True):
        """Note a SASL exchange; ``authobject`` must not need the database."""
        self._note("auth", mechanism, authobject, initial_response_ok)

    def docmd(self, cmd, args=""):
        """Note a login by one command, which is taken to succeed.

        Whether it did is found out when it is said (:func:`authenticate`).
        """
        match = _WHOLE_LOGIN.fullmatch(args)
        if cmd.upper() != "AUTH" or not match:
            raise LoginNeedsConnection(cmd)
        self._note("authenticate", match["mechanism"], match["response"])
        return 235, b"2.7.0 Noted"

    def app(self, user, source):
        """Note a login with an app's token (:class:`~..oauth.store.TokenSource`)."""
        self._note("app", user, source)

    def ehlo(self, name=""):
        """Nothing: whoever connects says EHLO before the login."""
        return 250, b"Noted"

    def ehlo_or_helo_if_needed(self):
        """Nothing, as :meth:`ehlo`."""

    def __getattr__(self, name):
        raise LoginNeedsConnection(name)

    def _note(self, method, *arguments):
        self.steps.append(LoginStep(method, arguments))


class _Login:
    """Plays the noted steps on a real connection."""

    def __init__(self, smtp):
        self.smtp = smtp

    def login(self, user, password):
        self.smtp.login(user, password)

    def auth(self, mechanism, authobject, initial_response_ok):
        self.smtp.auth(mechanism, authobject, initial_response_ok=initial_response_ok)

    def authenticate(self, mechanism, response):
        authenticate(self.smtp, mechanism, response)

    def app(self, user, source):
        log_in_with_app(self.smtp, user, source)

    def hook(self, log_in):
        log_in(self.smtp)


def log_in(smtp, steps):
    """Play noted steps of a login on a connection.

    :raises smtplib.SMTPException: with the server's words
    """
    for step in steps:
        getattr(_Login(smtp), step.method)(*step.arguments)


def authenticate(smtp, mechanism, response):
    """Log in with one SASL response, as XOAUTH2 does.

    A server may tell its error as a challenge first. It wants an empty answer, and only
    then says that the login failed (RFC 7628 section 3.2.3; Google's and Microsoft's
    XOAUTH2). Without that answer it takes the next command for one.

    :param response: in base64
    :raises smtplib.SMTPAuthenticationError: if the server does not accept it
    """
    code, text = smtp.docmd("AUTH", f"{mechanism} {response}")
    if code == 334:
        code, text = smtp.docmd("")
    # 503: logged in already, as smtplib reads it.
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, text)


def log_in_with_app(smtp, user, source):
    """Log in to a mailbox with the token of an app.

    :raises smtplib.SMTPAuthenticationError: if the server does not accept it
    :raises TokenFailed: if the provider hands none out
    """

    def log_in(response):
        encoded = base64.b64encode(response.encode()).decode()
        authenticate(smtp, "XOAUTH2", encoded)

    log_in_with_token(user, source, log_in, _is_refusal)


def _is_refusal(error):
    """Say whether the server does not accept a token, and not only for now."""
    is_answer = isinstance(error, smtplib.SMTPAuthenticationError)
    return is_answer and error.smtp_code >= 500


@dataclass(frozen=True)
class SmtpDial:
    """A session that can be opened from any thread.

    ``context`` is the TLS context where it is not the endpoint's own; ``from_filter``
    and ``smtp_from`` are what Odoo reads from a session when it prepares a mail.
    """

    endpoint: Endpoint
    steps: tuple = ()
    context: object = field(default=None, repr=False)
    from_filter: str | bool | None = None
    smtp_from: str | bool | None = None
    is_debugging: bool = False
    timeouts: Timeouts = Timeouts()

    def within(self, seconds):
        """Return the same with no timeout longer than ``seconds``."""
        return replace(self, timeouts=self.timeouts.capped(seconds))

    def connect(self):
        """Connect, encrypt, log in and return the :class:`SmtpSession`.

        Where a test has put something in the place of smtplib's classes, that is what
        is returned; it is connected to nothing.

        :raises: ``OSError``, which smtplib's errors are, or ``UnicodeError``;
            :func:`~.smtp.phase_of` tells how far it came
        """
        with _noting(Phase.CONNECT):
            smtp = self._make_connection()
        try:
            if is_smtp(smtp):
                with _noting(Phase.CONNECT):
                    self._reach(smtp)
                with _noting(Phase.GREET):
                    self._greet(smtp)
            if self.endpoint.security is Security.STARTTLS:
                with _noting(Phase.TLS):
                    smtp.starttls(context=self._tls_context())
            with _noting(Phase.AUTH):
                log_in(smtp, self.steps)
            with _noting(Phase.GREET):
                smtp.ehlo_or_helo_if_needed()
        except BaseException:
            with suppress(OSError, AttributeError):  # a stand-in may have no such thing
                smtp.close()
            raise
        # Not before the login: the log is no place for a password.
        smtp.set_debuglevel(self.is_debugging)
        smtp.from_filter, smtp.smtp_from = self.from_filter, self.smtp_from
        return SmtpSession(smtp, timeouts=self.timeouts) if is_smtp(smtp) else smtp

    def _make_connection(self):
        # By the module's names at the time: Odoo's tests put others in their place.
        timeout = self.timeouts.connect
        if self.endpoint.security is Security.SSL:
            return smtplib.SMTP_SSL(context=self._tls_context(), timeout=timeout)
        return smtplib.SMTP(timeout=timeout)

    def _reach(self, smtp):
        """Open the socket: every address of the host in turn, each with its timeout.

        What ``smtplib.SMTP.connect`` does, but with a timeout for each step.
        """
        endpoint = self.endpoint
        smtp._host = endpoint.host  # the name that certificates are checked for
        if not endpoint.proxy:
            smtp.sock = smtp._get_socket(endpoint.host, endpoint.port, smtp.timeout)
            return
        sock = connected(endpoint, smtp.timeout)
        if endpoint.security is Security.SSL:
            context = self._tls_context()
            sock = context.wrap_socket(sock, server_hostname=endpoint.host)
        smtp.sock = sock

    def _greet(self, smtp):
        smtp.sock.settimeout(self.timeouts.greeting)
        code, text = smtp.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        smtp.sock.settimeout(self.timeouts.command)
        smtp.ehlo_or_helo_if_needed()

    def _tls_context(self):
        return self.context or self.endpoint.shared_tls_context()


@contextmanager
def _noting(phase):
    """Note on whatever goes wrong inside what was about to be done."""
    try:
        yield
    except Exception as error:
        error.smtp_phase = phase
        raise
