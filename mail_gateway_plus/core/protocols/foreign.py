"""A session that another addon opened, used like one of ours."""

import contextlib
import smtplib
import time

from .smtp import Delivery, Phase, Reply


class ForeignSession:
    """An object with ``send_message`` only, in the two steps of an ``SmtpSession``.

    It does all at once, so nothing happens before :meth:`finish`; and what it raises
    tells less about how far it came: a lost connection is uncertain.
    """

    max_size = 0
    tls_version = ""

    def __init__(self, connection):
        self._connection = connection
        self._message = None
        self.usable = True

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def offer(self, message, sender, recipients):
        """Return the open delivery; nothing is said yet."""
        self._message = message
        return Delivery(
            message["Message-Id"] or "",
            sender,
            dict.fromkeys(recipients),
            phase=Phase.DATA,
            is_open=True,
        )

    def finish(self, delivery):
        """Send it, and note in the delivery what came of it; never raise for that."""
        delivery.is_open = False
        started = time.monotonic()
        delivery.phase = Phase.DOT
        try:
            refused = self._connection.send_message(
                self._message, delivery.sender, list(delivery.recipients)
            )
        except smtplib.SMTPRecipientsRefused as error:
            delivery.phase, delivery.error = Phase.RCPT, error
            self._note_refused(delivery, error.recipients)
        except smtplib.SMTPResponseException as error:
            is_sender = isinstance(error, smtplib.SMTPSenderRefused)
            delivery.phase = Phase.MAIL if is_sender else Phase.DATA
            delivery.error = error
            delivery.reply = Reply.of(error.smtp_code, error.smtp_error)
            if isinstance(error, smtplib.SMTPDataError) and not delivery.reply.code:
                # Said to the final dot, perhaps, and nobody can read it.
                delivery.phase, self.usable = Phase.DOT, False
        except Exception as error:
            delivery.error, delivery.reply = error, Reply.of(0, str(error))
            self.usable = False
        else:
            delivery.phase = Phase.ACCEPTED
            delivery.recipients = dict.fromkeys(delivery.recipients, Reply(250, ""))
            self._note_refused(delivery, refused or {})
        delivery.seconds = time.monotonic() - started

    def close(self):
        """End the session; never raise."""
        with contextlib.suppress(Exception):
            self._connection.quit()

    def _note_refused(self, delivery, refused):
        for address, reply in refused.items():
            delivery.recipients[address] = Reply.of(*reply)
            delivery.reply = delivery.reply if delivery.accepted else Reply.of(*reply)
