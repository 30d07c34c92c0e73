"""What the tests of sending share: one relay and its mails in a real Odoo."""

import itertools
import time
from contextlib import suppress

from tests.rig.odoo_server import OdooRemoteError
from tests.rig.processes import wait_until

QUEUE_CODE = "process_email_queue"
SETTLE_SECONDS = 60.0
WAKE_SECONDS = 2.0
_numbers = itertools.count(1)


def queue_crons(odoo):
    """Return the ids of the jobs that send the queue: one worker each."""
    return odoo.call("ir.cron", "search", [[("code", "like", QUEUE_CODE)]])


class Outbox:
    """Mails from a domain of their own, which only this outbox's relays may send for.

    Nothing is told to Odoo's scheduler unless a test asks for it, by ``wake``.
    """

    def __init__(self, odoo):
        self.odoo = odoo
        self.domain = f"desk{next(_numbers)}.example"
        self.sender = f"odoo@{self.domain}"
        self.crons = queue_crons(odoo)

    def add_relay(self, port, **values):
        """Enter a confirmed outgoing server on a port of ours; return its id."""
        return self.odoo.call(
            "ir.mail_server",
            "create",
            [
                {
                    "name": f"Relay on {port}",
                    "smtp_host": "localhost",
                    "smtp_port": port,
                    "smtp_encryption": "none",
                    "smtp_authentication": "login",
                    "from_filter": self.domain,
                    **values,
                }
            ],
        )

    def queue(self, *recipients, **values):
        """Queue one mail and return its id; it is kept when it was sent."""
        return self.queue_many([list(recipients)], **values)[0]

    def queue_many(self, recipients, **values):
        """Queue a mail for each list of recipients; return their ids."""
        return self.odoo.call(
            "mail.mail",
            "create",
            [
                [
                    {
                        "email_from": self.sender,
                        "email_to": ", ".join(addresses),
                        "subject": "Your grievance",
                        "body_html": "<p>We look into it.</p>",
                        "auto_delete": False,
                        **values,
                    }
                    for addresses in recipients
                ]
            ],
        )

    def wake(self):
        """Have all workers look at the queue at once."""
        self.odoo.wake_at_once(*self.crons)

    def column(self, name, ids):
        """Return the values of a column, in the order of the ids."""
        rows = self.odoo.query(
            f"SELECT mail.id, {name} FROM mail_mail AS mail"
            " JOIN mail_message AS message ON message.id = mail.mail_message_id"
            " WHERE mail.id = ANY(%s)",
            list(ids),
        )
        found = dict(rows)
        return [found.get(mail_id) for mail_id in ids]

    def value(self, name, mail_id):
        """Return the value of a mail's column."""
        return self.column(name, [mail_id])[0]

    def state(self, mail_id):
        """Return a mail's state."""
        return self.value("mail.state", mail_id)

    def wait_for(self, mail_id, state):
        """Wait until a mail is in a state, or deleted if that is None."""
        wait_until(
            lambda: self.state(mail_id) == state, what=f"being {state or 'deleted'}"
        )

    def attempts(self, mail_id):
        """Return server, outcome, phase and code of each try, oldest first."""
        return self.odoo.query(
            "SELECT server_id, outcome, phase, code FROM mail_gateway_attempt"
            " WHERE mail_id = %s ORDER BY id",
            mail_id,
        )

    def wait_for_attempts(self, mail_id, count=1):
        """Wait until a mail was tried so often and nobody is at it."""

        def is_put_down():
            is_free = not self.value("COALESCE(gateway_claim, 0)", mail_id)
            return is_free and len(self.attempts(mail_id)) >= count

        wait_until(is_put_down, what=f"try {count}")

    def make_due(self, ids):
        """Let the time pass that mails and relays have to wait; wake the queue."""
        self.odoo.execute(
            "UPDATE mail_mail SET scheduled_date = now() AT TIME ZONE 'UTC'"
            " WHERE id = ANY(%s) AND state = 'outgoing'"
            " AND COALESCE(gateway_claim, 0) = 0"
            " AND scheduled_date > now() AT TIME ZONE 'UTC'",
            list(ids),
        )
        self.odoo.execute(
            "UPDATE mail_gateway_breaker SET open_until = now() AT TIME ZONE 'UTC'"
            " WHERE open_until > now() AT TIME ZONE 'UTC'"
        )
        self.wake()

    def settle(self, ids, timeout=SETTLE_SECONDS):
        """Have mails tried again, as if time flew, until none is in the queue."""
        woken = 0.0

        def are_settled():
            nonlocal woken
            if time.monotonic() - woken > WAKE_SECONDS:
                woken = time.monotonic()
                self.make_due(ids)
            return "outgoing" not in self.column("mail.state", ids)

        wait_until(are_settled, timeout=timeout, what="settling all mails")
        return self.column("mail.state", ids)

    def close(self):
        """Leave nothing behind that other tests' workers would be busy with."""
        with suppress(OdooRemoteError):
            found = self.odoo.call(
                "mail.mail",
                "search",
                [[("email_from", "=", self.sender), ("state", "=", "outgoing")]],
            )
            self.odoo.call("mail.mail", "cancel", [found])
