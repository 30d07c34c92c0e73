"""One SMTP dialogue, phase by phase (RFC 5321)."""

import copy
import re
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from enum import Enum
from io import BytesIO
from smtplib import SMTP

from ..parsing.storable import storable


class Phase(str, Enum):
    """How far the dialogue came; the phase in which it stands or ended."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    GREET = "greet"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Reply:
    """What the server answered: code 0 when it said nothing that could be read."""

    code: int
    text: str

    @property
    def enhanced_code(self):
        """The status code of RFC 3463 that starts the text, or an empty string."""
        match = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)", self.text)
        return match.group() if match else ""

    @property
    def queue_id(self):
        """The name under which the server queued the mail, where it tells one.

        ``queued as X`` is Postfix's wording, ``id=X`` Exim's; others have none.
        """
        match = re.search(r"(?:queued as |\bid=)([\w.-]+)", self.text)
        return match.group(1) if match else ""


@dataclass
class Delivery:
    """One try to hand one mail to one server."""

    message_id: str
    sender: str
    recipients: list
    phase: Phase = Phase.MAIL
    refused: dict = field(default_factory=dict)
    reply: Reply = Reply(0, "")
    seconds: float = 0.0

    @property
    def accepted(self):
        """Whether the server took the mail for at least one recipient."""
        return self.phase is Phase.ACCEPTED


def phase_of(error):
    """Return the phase in which opening a session failed with ``error``."""
    if is_login_failure(error):
        return Phase.AUTH
    if isinstance(error, socket.gaierror | UnicodeError):
        return Phase.RESOLVE
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return Phase.TLS
    if isinstance(error, smtplib.SMTPException):
        return Phase.GREET
    return Phase.CONNECT


def is_login_failure(error):
    """Say whether ``smtplib.SMTP.login`` failed with ``error``.

    It has a class of its own for a refusal only. Where the server offers no login, or
    none that it knows, and where user or password is not ASCII, others raise the same.
    """
    if isinstance(error, UnicodeEncodeError):
        return error.encoding == "ascii"  # a host name's is "idna"
    is_bare = type(error) in (smtplib.SMTPException, smtplib.SMTPNotSupportedError)
    return isinstance(error, smtplib.SMTPAuthenticationError) or (
        is_bare and "AUTH" in str(error).upper()
    )


def is_smtp(connection):
    """Say whether a connection is a real one, and not another addon's or a test's."""
    return isinstance(connection, SMTP)


class SmtpSession:
    """A logged-in ``smtplib.SMTP`` whose dialogue tells how far it came.

    It stands wherever Odoo expects the connection itself: what it does not define is
    the connection's. ``send_message`` behaves as ``smtplib``'s does, and hands a
    :class:`Delivery` to ``on_delivery``, whether the server took the mail or not.
    """

    def __init__(self, connection, on_delivery):
        self._connection = connection
        self._on_delivery = on_delivery

    def __getattr__(self, name):
        return getattr(self._connection, name)

    @property
    def tls_version(self):
        """The negotiated protocol, as in ``TLSv1.3``; empty without TLS."""
        version = getattr(self._connection.sock, "version", None)
        return version() or "" if version else ""

    def send_message(self, message, from_addr, to_addrs):
        """Send ``message`` to the envelope given.

        :returns: the refused recipients: ``{address: (code, text)}``
        :raises smtplib.SMTPException: as ``smtplib.SMTP.sendmail`` does
        """
        if isinstance(to_addrs, str):
            to_addrs = [to_addrs]
        # Each once: two refusals of one address would count as one, see _rcpt.
        recipients = list(dict.fromkeys(to_addrs))
        delivery = Delivery(message["Message-Id"] or "", from_addr, recipients)
        started = time.monotonic()
        try:
            self._converse(delivery, message)
        except smtplib.SMTPResponseException as error:
            delivery.reply = _reply(error.smtp_code, error.smtp_error)
            raise
        except smtplib.SMTPRecipientsRefused as error:
            # The last one ended it; there is none where there were no recipients.
            for reply in error.recipients.values():
                delivery.reply = _reply(*reply)
            raise
        except (OSError, smtplib.SMTPException) as error:
            delivery.reply = _reply(0, str(error))
            raise
        finally:
            delivery.seconds = time.monotonic() - started
            self._on_delivery(self, delivery)
        return delivery.refused

    def _converse(self, delivery, message):
        smtp = self._connection
        smtp.ehlo_or_helo_if_needed()
        utf8 = not all(a.isascii() for a in (delivery.sender, *delivery.recipients))
        payload = _flatten(message, utf8)
        self._mail(delivery, payload, utf8)
        self._rcpt(delivery)
        delivery.phase = Phase.DATA
        code, text = smtp.docmd("DATA")
        if code != 354:
            self._give_up(code)
            raise smtplib.SMTPDataError(code, text)
        smtp.send(_dot_stuffed(payload))
        delivery.phase = Phase.DOT
        code, text = smtp.getreply()
        if code != 250:
            self._give_up(code)
            raise smtplib.SMTPDataError(code, text)
        delivery.phase = Phase.ACCEPTED
        delivery.reply = _reply(code, text)

    def _mail(self, delivery, payload, utf8):
        smtp = self._connection
        options = []
        if utf8:
            if not smtp.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError(
                    "An address is not ASCII and the server does not take SMTPUTF8"
                )
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        if smtp.has_extn("size"):
            options.append(f"SIZE={len(payload)}")
        code, text = smtp.mail(delivery.sender, options)
        if code != 250:
            self._give_up(code)
            raise smtplib.SMTPSenderRefused(code, text, delivery.sender)

    def _rcpt(self, delivery):
        delivery.phase = Phase.RCPT
        for address in delivery.recipients:
            code, text = self._connection.rcpt(address)
            if code not in (250, 251):
                delivery.refused[address] = (code, text)
            if code == 421:
                self._connection.close()
                raise smtplib.SMTPRecipientsRefused(delivery.refused)
        if len(delivery.refused) == len(delivery.recipients):
            self._give_up(0)
            raise smtplib.SMTPRecipientsRefused(delivery.refused)

    def _give_up(self, code):
        """Leave the session usable for the next mail, unless the server closes it."""
        if code == 421:
            self._connection.close()
        else:
            with suppress(smtplib.SMTPServerDisconnected):
                self._connection.rset()


def _flatten(message, utf8):
    """Return the bytes of a message for the wire.

    Bcc stays behind, as in ``smtplib.SMTP.send_message`` (RFC 5322 section 3.6.3).
    """
    message = copy.copy(message)
    del message["Bcc"]
    del message["Resent-Bcc"]
    buffer = BytesIO()
    policy = message.policy.clone(utf8=True) if utf8 else None
    BytesGenerator(buffer, policy=policy).flatten(message, linesep="\r\n")
    return buffer.getvalue()


def _dot_stuffed(payload):
    """Return DATA's argument: CRLF line ends, dots doubled, the final dot (§4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", payload)
    stuffed = re.sub(rb"(?m)^\.", b"..", lines)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _reply(code, text):
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return Reply(code, storable(text))
