from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError

from ..core.policy.progress import StartPolicy
from ..core.protocols.after_fetch import Aftercare, AfterFetch
from ..core.protocols.dial import Dial, LoginRecord
from ..core.protocols.endpoint import DEFAULT_TIMEOUT, Endpoint, Security
from ..core.protocols.imap import ImapMailbox
from ..core.protocols.mailbox import as_mailbox
from ..core.protocols.pop3 import Pop3Mailbox
from .fetchmail_server import DEFAULT_TIME_BUDGET


class FetchmailServerConnect(models.Model):
    """Opening a mailbox with its folders, and confirming the server by that."""

    _inherit = "fetchmail.server"

    def _connect__(self, allow_archived=False):
        """Return the mailbox, logged in, with its folder open.

        :returns: a :class:`~..core.protocols.mailbox.Mailbox` that has Odoo's four
            methods as well; for types of other addons, what they return. With
            ``mail_gateway_dial_only`` in the context a
            :class:`~..core.protocols.dial.Dial`, which no network was needed for.
        """
        self.ensure_one()
        kind = self._get_connection_type()
        if kind not in ("imap", "pop"):
            self._check_needs_no_proxy()
            return super()._connect__(allow_archived=allow_archived)
        if not allow_archived and not self.active:
            raise UserError(
                self.env._(
                    "The server “%s” cannot be used because it is archived.",
                    self.display_name,
                )
            )
        if not allow_archived:
            self._check_environment_is_proven()
        dial = self._dial(kind)
        if self.env.context.get("mail_gateway_dial_only"):
            return dial
        with dial.limited(self.time_budget or DEFAULT_TIME_BUDGET):
            mailbox = dial.connect()
            try:
                mailbox.open(self._folder_names()[0])
            except BaseException:
                mailbox.abandon()
                raise
        return mailbox

    def _dial(self, kind):
        """Return how to reach the mailbox, its login as ``_imap_login__`` does it."""
        self._check_environment()
        record, account = LoginRecord(), self._with_secret()
        if kind == "imap":
            account._imap_login__(record)
        else:
            record.login(account.user, account.password)
        protocol = ImapMailbox if kind == "imap" else Pop3Mailbox
        return Dial(protocol, self._endpoint(), tuple(record.steps))

    def _endpoint(self):
        return Endpoint(
            host=self.server,
            port=self.port,
            security=Security(self.connection_security),
            verify=self.verify_certificate,
            timeout=self.timeout_seconds or DEFAULT_TIMEOUT,
        )

    def _folder_names(self):
        """Return the folders to read, in order."""
        if self._get_connection_type() != "imap":
            return ["INBOX"]
        names = [name.strip() for name in (self.folder or "").split(",")]
        return [name for name in names if name] or ["INBOX"]

    def _aftercare(self):
        """Return what is done in the mailbox with a message that we hold."""
        return Aftercare(
            action=AfterFetch(self.after_fetch),
            keyword=self.after_fetch_keyword or "",
            folder=self.after_fetch_folder or "",
            delete_at_once=self.delete_from_server and not self.delete_after_days,
        )

    def _changes_mailbox(self):
        """Say whether anything is done in the mailbox with messages that we hold."""
        return (
            self.after_fetch != AfterFetch.LEAVE.value
            or self.delete_from_server
            or bool(self.failed_folder)
        )

    def _remove_at(self, now):
        """Return when a message journaled now is to be deleted, or ``None``."""
        if self.delete_from_server and self.delete_after_days:
            return now + timedelta(days=self.delete_after_days)
        return None

    def button_confirm_login(self):
        """Connect, log in and open the folders; confirm the server if all went well.

        :returns: the client action that tells the user
        :raises UserError: with cause and remedy
        """
        statuses = []
        for server in self:
            statuses = server._probe()
            server._confirm(statuses)
        return self._notify_confirmed(statuses)

    def _confirm(self, statuses):
        """Take a server into use whose folders were opened."""
        self._start_ledgers(statuses)
        self.write(
            {
                "state": "done",
                "error_date": False,
                "error_message": False,
                "failure_count": 0,
                "next_poll_at": False,
            }
        )

    def _probe(self):
        """Open each folder and return their statuses, or raise in the user's words."""
        statuses = []
        try:
            mailbox = as_mailbox(self._connect__(allow_archived=True))
            for name in self._folder_names():
                mailbox.open(name)
                statuses += [mailbox.status] if mailbox.status else []
            mailbox.close()
        except UserError:
            raise
        except Exception as error:
            raise UserError(self._explain(error)) from error
        for status in statuses:
            if not status.writable and self._changes_mailbox():
                raise UserError(
                    self.env._(
                        "The folder “%s” can be read but not written: messages could "
                        "not be marked as handled. Give the account the right to set "
                        "flags, or leave the messages as they are.",
                        status.folder,
                    )
                )
        return statuses

    def _start_ledgers(self, statuses):
        """Have what is new begin at the confirmation, not at the first fetch."""
        if self.start_policy == StartPolicy.ALL.value:
            return
        # Who may confirm a server may not write its ledgers by hand.
        ledgers = self.env["mail.gateway.folder"].sudo()
        for status in statuses:
            ledger = ledgers._of(self, status.folder)
            if status.uidvalidity and not ledger.uidvalidity:
                ledger._begin(status)
                if self.start_policy == StartPolicy.NEW.value:
                    ledger._complete(status, refs=[], missing=[])

    def _notify_confirmed(self, statuses):
        message = self.env._("Connected and logged in.")
        if statuses:
            message = self.env._(
                "Connected, logged in and opened the folder %(folder)s. Messages in "
                "it: %(count)s.",
                folder=", ".join(status.folder for status in statuses),
                count=sum(status.messages for status in statuses),
            )
        title = self.env._("%s is confirmed", ", ".join(self.mapped("name")))
        return notification(title, message)


def notification(title, message):
    """Return the client action that tells of a success and has the form reload."""
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "success",
            "title": title,
            "message": message,
            # Odoo's way to have the form reload (base, ir_mail_server.py).
            "next": {"type": "ir.actions.act_window_close"},
        },
    }
