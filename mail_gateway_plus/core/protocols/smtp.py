"""One SMTP dialogue, phase by phase (RFC 5321)."""

import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from smtplib import SMTP

from .smtp_content import Content, envelope
from .smtp_delivery import Delivery, MessageTooLarge, Phase, Reply
from .smtp_wire import SmtpWire, Timeouts

__all__ = ["Delivery", "MessageTooLarge", "Phase", "Reply", "SmtpSession", "Timeouts"]

# Commands that are sent without waiting for the answers to those before. Their replies
# have to fit into the sockets' buffers while nobody reads (RFC 2920 section 3.1).
PIPELINED_COMMANDS = 50


def phase_of(error):
    """Return the phase in which opening a session failed with ``error``.

    ``SmtpDial`` notes it on the error; what happens while connecting, and the errors
    of other addons' connections, are told apart by their kind.
    """
    noted = getattr(error, "smtp_phase", Phase.CONNECT)
    if noted is not Phase.CONNECT:
        return noted
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


@dataclass(frozen=True)
class _Command:
    """A line of the dialogue, and what it is about."""

    phase: Phase
    line: bytes
    address: str = ""


class SmtpSession:
    """A logged-in ``smtplib.SMTP`` whose dialogue tells how far it came.

    It stands wherever Odoo expects the connection itself: what it does not define is
    the connection's. A mail is handed over in two steps, :meth:`offer` and
    :meth:`finish`, so that its sender can write down in between that the point of no
    return is next. ``send_message`` does both, behaves as ``smtplib``'s does, and hands
    the :class:`Delivery` to ``on_delivery``, whether the server took the mail or not;
    before it does anything it calls ``before_delivery(session, recipients)``, which may
    raise.

    ``tls_version`` is the negotiated protocol, as in ``TLSv1.3``; empty without TLS.
    """

    def __init__(self, connection, on_delivery=None, timeouts=None):
        self._connection = connection
        self._wire = SmtpWire(connection)
        self.before_delivery = None
        self.on_delivery = on_delivery
        self.timeouts = timeouts = timeouts or Timeouts()
        self.size_limit = 0  # bytes; 0: none but the server's own
        self._is_in_mail = False  # MAIL was said, and neither taken back nor ended
        self._is_in_content = False  # what is sent now is content, whatever it says
        version = getattr(connection.sock, "version", None)
        self.tls_version = version() or "" if version else ""
        if connection.sock:  # for whoever uses the connection's own methods
            connection.sock.settimeout(timeouts.command)

    def __getattr__(self, name):
        return getattr(self._connection, name)

    @property
    def usable(self):
        """Whether the session may carry another mail."""
        return self._wire.is_open and not self._is_in_mail

    @property
    def announced_size(self):
        """The bytes that the server said it takes at most (RFC 1870), 0 for nothing."""
        size = self._connection.esmtp_features.get("size", "").strip()
        return int(size) if size.isdecimal() else 0

    @property
    def max_size(self):
        """The bytes that the server takes at most; 0 where that is unknown.

        As it said, or ``size_limit`` where that is less.
        """
        limits = self.announced_size, self.size_limit
        return min(filter(None, limits), default=0)

    def end_by(self, deadline):
        """Have whatever is done from now on fail at ``deadline``, if it lasts so long.

        :param deadline: by ``time.monotonic()``
        """
        self._wire.deadline = deadline

    # ------------------------------------------------------------- handing over a mail

    def offer(self, message, sender, recipients):
        """Say all of a mail but its final dot.

        :returns: the :class:`Delivery`, whatever server and network do: it ``is_open``
            when only :meth:`finish` is left to do, else its ``error`` says why not
        """
        sender, recipients = envelope(message, sender, recipients)
        content = Content.of_message(message, (sender, *recipients))
        return self._offer(content, sender, recipients)

    def finish(self, delivery):
        """Send the final dot and note its reply in the delivery.

        From here on only the server knows whether it has the mail: if its reply does
        not come, the delivery ``is_uncertain``.
        """
        if not delivery.is_open:
            raise ValueError("The mail was not offered, or its dot was sent before")
        started = time.monotonic()
        delivery.is_open = False
        try:
            self._check_server_waits()
            delivery.phase = Phase.DOT
            self._wire.send(b".\r\n", self.timeouts.command)
            delivery.reply = self._wire.receive(self.timeouts.dot)
            self._is_in_content = False
            if delivery.reply.code not in range(250, 260):
                raise smtplib.SMTPDataError(*delivery.reply.plain)
            delivery.phase = Phase.ACCEPTED
            self._is_in_mail = False
        except OSError as error:  # smtplib's own are among them
            self._note_failure(delivery, error)
        delivery.seconds += time.monotonic() - started

    def send_message(
        self, msg, from_addr=None, to_addrs=None, mail_options=(), rcpt_options=()
    ):
        """Send ``msg`` to the envelope given, or to that of its headers.

        :returns: the refused recipients: ``{address: (code, text)}``
        :raises smtplib.SMTPException: as ``smtplib.SMTP.sendmail`` does
        """
        sender, recipients = envelope(msg, from_addr, to_addrs)
        content = Content.of_message(msg, (sender, *recipients))
        return self._send(content, sender, recipients, mail_options, rcpt_options)

    def sendmail(self, from_addr, to_addrs, msg, mail_options=(), rcpt_options=()):
        """Send a message that is bytes or ASCII already; the rest as `send_message`."""
        sender, recipients = envelope({}, from_addr, to_addrs)
        content = Content.of_bytes(msg)
        return self._send(content, sender, recipients, mail_options, rcpt_options)

    # ------------------------------------------------------------------ ending it

    def quit(self):
        """End the session as ``smtplib.SMTP.quit`` does, but wait for seconds only."""
        if self._connection.sock:
            self._connection.sock.settimeout(self.timeouts.quit)
        return self._connection.quit()

    def close(self):
        """End the session, in good order where that is possible; never raise.

        In the middle of a mail's content there is no such order: QUIT would be part of
        the mail. Hanging up takes the mail back (RFC 5321 section 4.1.1.4).
        """
        with suppress(OSError):
            if self._wire.is_open and not self._is_in_content:
                self._wire.send(b"QUIT\r\n", self.timeouts.quit)
                self._wire.receive(self.timeouts.quit)
        with suppress(OSError):
            self._connection.close()

    def getreply(self):
        """Return the connection's next reply, as ``smtplib``.

        Odoo's test of a server says DATA by hand, and then closes (ir_mail_server.py).
        """
        code, text = self._connection.getreply()
        self._is_in_content = code == 354
        return code, text

    # ----------------------------------------------------------------- the dialogue

    def _send(self, content, sender, recipients, mail_options, rcpt_options):
        if self.before_delivery:
            self.before_delivery(self, recipients)
        delivery = self._offer(content, sender, recipients, mail_options, rcpt_options)
        if delivery.is_open:
            self.finish(delivery)
        if self.on_delivery:
            self.on_delivery(self, delivery)
        if delivery.error:
            raise delivery.error
        return {address: reply.plain for address, reply in delivery.refused.items()}

    def _offer(self, content, sender, recipients, mail_options=(), rcpt_options=()):
        if self._is_in_content and self._wire.is_open:
            raise ValueError("The mail before was offered, but not finished")
        delivery = Delivery(content.message_id, sender, dict.fromkeys(recipients))
        started = time.monotonic()
        try:
            self._connection.ehlo_or_helo_if_needed()
            options = self._mail_options(delivery, content, mail_options)
            commands = self._commands(delivery, content, options, rcpt_options)
            self._negotiate(delivery, commands)
            self._wire.send(content.stuffed, self.timeouts.block)
            self._check_server_waits()
            delivery.is_open = True
        except (
            OSError,
            ValueError,
        ) as error:  # ValueError: an address no line can hold
            self._note_failure(delivery, error)
        delivery.seconds = time.monotonic() - started
        return delivery

    def _mail_options(self, delivery, content, mail_options):
        """Return the parameters of MAIL, or raise where the server cannot take it."""
        smtp = self._connection
        options = list(mail_options)
        if content.is_utf8:
            if not smtp.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError(
                    "An address is not ASCII and the server does not take SMTPUTF8"
                )
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        size = len(content.payload)
        if self.max_size and size > self.max_size:
            raise MessageTooLarge(size, self.max_size, delivery.sender)
        if smtp.has_extn("size"):
            options.append(f"SIZE={size}")
        return options

    def _commands(self, delivery, content, mail_options, rcpt_options):
        """Return MAIL, a RCPT for each recipient, and DATA, as they will be said."""

        def line(verb, address, options):
            words = " ".join([verb + smtplib.quoteaddr(address), *options])
            if "\r" in words or "\n" in words:
                raise ValueError(f"An address has a line end in it: {address!r}")
            return words.encode("utf-8" if content.is_utf8 else "ascii") + b"\r\n"

        return [
            _Command(Phase.MAIL, line("MAIL FROM:", delivery.sender, mail_options)),
            *(
                _Command(Phase.RCPT, line("RCPT TO:", address, rcpt_options), address)
                for address in delivery.recipients
            ),
            _Command(Phase.DATA, b"DATA\r\n"),
        ]

    def _groups(self, commands):
        """Return the commands in groups, each sent at once (PIPELINING, RFC 2920).

        DATA goes with the last recipients: it has to be the last of its group. A
        server that refused them all and answers 354 all the same is hung up on. The
        lone dot that section 3.1 proposes for the case could become an empty mail.
        """
        size = PIPELINED_COMMANDS if self._connection.has_extn("pipelining") else 1
        return [commands[at : at + size] for at in range(0, len(commands), size)]

    def _negotiate(self, delivery, commands):
        """Bring the server to the point where it waits for the content, or raise."""
        for group in self._groups(commands):
            delivery.phase = group[0].phase
            if delivery.phase is Phase.DATA:
                self._check_anybody_is_left(delivery)
            self._is_in_mail = True
            self._wire.send(b"".join(c.line for c in group), self.timeouts.command)
            failure = None
            for command in group:
                # The rest of the group is answered too, whatever became of the first.
                try:
                    self._take_reply(delivery, command, failure)
                except OSError as error:
                    failure = failure or error
                    if not self._wire.is_open:
                        break
            if failure:
                raise failure

    def _take_reply(self, delivery, command, failure):
        """Read the answer to one command; raise if it ends the mail.

        After a ``failure`` it is read for the sake of those that come after it.
        """
        if not failure:
            delivery.phase = command.phase
        reply = self._wire.receive(self.timeouts.command)
        if command.phase is Phase.DATA:
            self._is_in_content = reply.code == 354
        if not reply.code or reply.code == 421:
            self._connection.close()
        if command.phase is Phase.RCPT and not isinstance(
            failure, smtplib.SMTPSenderRefused
        ):
            delivery.recipients[command.address] = reply
            if reply.code == 421:
                raise delivery.refusal()
            if not reply.code:
                raise smtplib.SMTPResponseException(*reply.plain)
        elif command.phase is Phase.MAIL and not reply.is_positive:
            raise smtplib.SMTPSenderRefused(*reply.plain, delivery.sender)
        elif command.phase is Phase.DATA and not failure:
            self._check_anybody_is_left(delivery)
            if reply.code != 354:
                raise smtplib.SMTPDataError(*reply.plain)

    def _check_anybody_is_left(self, delivery):
        if not delivery.accepted_recipients:
            delivery.phase = Phase.RCPT
            raise delivery.refusal()

    def _check_server_waits(self):
        """Raise where the server ended the mail before its end: nobody has it then."""
        reply = self._wire.overheard()
        if reply is None:
            return
        self._connection.close()
        if reply.code:
            raise smtplib.SMTPDataError(*reply.plain)
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    def _note_failure(self, delivery, error):
        """Write down why it failed, and make the session fit for the next mail."""
        delivery.error = error
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            # The last one ended it; there is none where there were no recipients.
            delivery.reply = next(reversed(delivery.refused.values()), Reply(0, ""))
        elif isinstance(error, smtplib.SMTPResponseException):
            delivery.reply = Reply.of(error.smtp_code, error.smtp_error)
        else:
            delivery.reply = Reply.of(0, str(error))
        if delivery.phase is Phase.DOT and delivery.reply.code < 400:
            # Neither yes nor no: a banner, an answer to something else, no reply.
            words = f"{delivery.reply.code or ''} {delivery.reply.text}".strip()
            delivery.reply = Reply(0, words)
        is_over = self._is_in_content or delivery.is_uncertain
        if is_over or delivery.reply.code == 421:
            self._connection.close()
        elif self._is_in_mail and self._wire.is_open:
            self._reset()

    def _reset(self):
        """Take the mail back (RSET); hang up where the server does not say yes."""
        with suppress(OSError):
            self._wire.send(b"RSET\r\n", self.timeouts.reset)
            self._is_in_mail = not self._wire.receive(self.timeouts.reset).is_positive
        if self._is_in_mail:
            with suppress(OSError):
                self._connection.close()
