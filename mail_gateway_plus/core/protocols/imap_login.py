"""Logging in to a mailbox over IMAP, as Odoo's hook and its overrides do it."""

from imaplib import IMAP4

from imapclient.exceptions import LoginError

from ..errors import ProtocolViolation
from ..oauth.login import log_in_with_token


class ImapLogin:
    """The part of :class:`imaplib.IMAP4` that ``_imap_login__`` overrides use.

    ``google_gmail`` and ``microsoft_outlook`` call ``authenticate`` and ``select``.
    """

    def __init__(self, client):
        self._client = client

    def login(self, user, password):
        """Log in; LOGIN carries ASCII only (RFC 3501), else SASL PLAIN (RFC 4616).

        :raises ProtocolViolation: where the server wants encryption first; sending
            the password all the same would show it to everybody (RFC 3501 §6.2.3)
        """
        if self._client.has_capability("LOGINDISABLED"):
            raise ProtocolViolation("LOGINDISABLED")
        is_ascii = user.isascii() and password.isascii()
        login = self._client.login if is_ascii else self._client.plain_login
        return self._logged_in(login, user, password)

    def authenticate(self, mechanism, authobject):
        """Run a SASL exchange; ``authobject`` answers each challenge.

        With XOAUTH2 only the first one, whatever addons answer: the next is an error,
        which wants an empty answer before the server says NO.
        """
        if mechanism.upper() == "XOAUTH2":
            authobject = _once(authobject)
        return self._logged_in(self._client.sasl_login, mechanism, authobject)

    def app(self, user, source):
        """Log in with the token of an app (:class:`~..oauth.store.TokenSource`).

        :raises TokenFailed: if the provider hands none out
        """

        def log_in(response):
            return self.authenticate("XOAUTH2", lambda _challenge: response)

        def is_refusal(error):
            return isinstance(error, LoginError)

        return log_in_with_token(user, source, log_in, is_refusal)

    def _logged_in(self, login, *arguments):
        try:
            answer = login(*arguments)
        except LoginError as error:
            # IMAPClient makes a LoginError of everything: a lost connection is none.
            if isinstance(error.__context__, IMAP4.abort):
                raise error.__context__ from None
            raise
        self._keep_capabilities()
        return answer

    def _keep_capabilities(self):
        """Note what the server can do if it said so on logging in (RFC 3501 §7.1).

        imaplib forgets it with the next command; asking again is a round trip.
        """
        if "CAPABILITY" in self._client._imap.untagged_responses:
            self._client.capabilities()

    def select(self, mailbox="INBOX", readonly=False):
        """Select a folder, as the overrides do after logging in."""
        return self._client.select_folder(mailbox, readonly=readonly)


def _once(authobject):
    """Return what answers the first challenge as told, and the others by nothing."""
    answers = iter([authobject])

    def answer(challenge):
        told = next(answers, None)
        return told(challenge) if told else b""

    return answer
