import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core.errors import FolderUnavailable
from ..core.policy.rest import ON_SERVER
from ..core.protocols.after_fetch import AfterFetch

_logger = logging.getLogger(__name__)

# Messages of earlier runs that one run takes care of in the mailbox.
CHORES_PER_TURN = 500


def _folder_key(name):
    """Return what is the same for names of one folder (RFC 3501 section 5.1)."""
    name = name.strip()
    return "INBOX" if name.upper() == "INBOX" else name


class FetchmailServerAftercare(models.Model):
    """What is done in the mailbox with messages that the journal holds.

    Generators are tasks (core/tasks.py): they commit before each call.
    """

    _inherit = "fetchmail.server"

    missing_count = fields.Integer(
        string="Not Handed Out",
        compute="_compute_missing_count",
        help="Messages that the server lists but refuses to hand out.",
    )
    loses_moved = fields.Boolean(
        readonly=True,
        copy=False,
        help="Whether the server does not tell where a moved message went (COPYUID, "
        "RFC 4315). Then a moved message cannot be deleted or set aside later.",
    )

    @api.depends("folder_ids.missing_uids")
    def _compute_missing_count(self):
        for server in self:
            missing = [folder.missing_uids or "" for folder in server.folder_ids]
            server.missing_count = len(" ".join(missing).split())

    def _acknowledge(self, mailbox, refs, ask):
        aftercare = self._aftercare()
        kept = []
        if aftercare.takes_away:
            kept = self.env["mail.gateway.inbound"]._refs_to_keep(self, refs)
        self._commit()
        moved = None
        if gone := [ref for ref in refs if ref not in set(kept)]:
            moved = yield ask(mailbox.acknowledge, gone, aftercare)
        if kept:
            yield ask(mailbox.acknowledge, kept, aftercare.keeping())
        if not mailbox.acknowledges_on_close:
            self.env["mail.gateway.inbound"]._mark_acknowledged(self, refs)
            self._note_moved(moved)
            self._commit()

    def _note_moved(self, moved):
        """Have the journal follow messages that were moved."""
        if not moved:
            return
        self.env["mail.gateway.inbound"]._relocate(self, moved)
        # A message that was gone before is told of by nobody.
        loses_moved = not any(moved.values())
        if self.loses_moved != loses_moved:
            self.loses_moved = loses_moved

    def _has_chores(self):
        """Say whether earlier runs left anything to do in the mailbox, and commit."""
        has_chores = self.env["mail.gateway.inbound"]._has_chores(self)
        self._commit()
        return has_chores

    def _do_chores(self, mailbox, folder, ask):
        """Do in the open folder what earlier runs left to do."""
        if not mailbox.status:
            return
        journal = self.env["mail.gateway.inbound"]
        here = Domain(
            [
                ("server_id", "=", self.id),
                ("folder", "=", folder),
                ("uidvalidity", "=", mailbox.status.uidvalidity),
            ]
        )

        def find(*conditions):
            return journal.search(here & Domain([*conditions]), limit=CHORES_PER_TURN)

        if rows := find(("acknowledged_at", "=", False)):
            yield from self._acknowledge(mailbox, rows._refs(), ask)
        is_whole = ("rest_state", "not in", ON_SERVER)
        if rows := find(("remove_at", "<=", fields.Datetime.now()), is_whole):
            refs = rows._refs()
            self._commit()
            yield ask(mailbox.remove, refs)
            if not mailbox.acknowledges_on_close:
                journal._mark_removed(self, refs)
        parked = ("state", "=", "quarantined"), ("is_set_aside", "=", False), is_whole
        if self.failed_folder and (rows := find(*parked)):
            refs, aside = rows._refs(), self.failed_folder
            self._commit()
            moved = yield ask(mailbox.move, refs, aside)
            rows.write({"is_set_aside": True})
            self._note_moved(moved)
        self._commit()

    def _do_chores_elsewhere(self, mailbox, ask):
        """Do what is left to do in folders that messages were moved to."""
        if self._get_connection_type() != "imap" or not mailbox.status:
            return
        folders = self.env["mail.gateway.inbound"]._folders_with_chores(self)
        elsewhere = folders - set(self._folder_names())
        self._commit()
        for folder in elsewhere:
            try:
                yield ask(mailbox.open, folder)
            except FolderUnavailable:
                _logger.info("Mailbox %s has no folder %s any more", self.id, folder)
                continue
            yield from self._do_chores(mailbox, folder, ask)

    def _settle_renumbered(self, mailbox, folder):
        """Expect nothing more of messages that a renumbered folder did not list again.

        They are gone from it. Waiting for their acknowledgement, retention would keep
        them for ever.
        """
        if mailbox.status and mailbox.status.uidvalidity:
            journal = self.env["mail.gateway.inbound"]
            journal._forget_renumbered(self, folder, mailbox.status.uidvalidity)
            self._commit()

    @api.constrains(
        "server_type", "folder", "after_fetch", "after_fetch_folder", "failed_folder"
    )
    def _check_folders_moved_to(self):
        """Refuse to move messages to where they are read.

        A server that does not tell their new UID (COPYUID) has them fetched and moved
        again at each poll.
        """
        for server in self:
            moves = server.after_fetch == AfterFetch.MOVE.value
            targets = [server.failed_folder, moves and server.after_fetch_folder]
            read = {_folder_key(name) for name in server._folder_names()}
            for target in filter(None, targets):
                is_imap = server._get_connection_type() == "imap"
                if is_imap and _folder_key(target) in read:
                    raise ValidationError(
                        self.env._(
                            "The folder “%s” is read itself: messages cannot be moved "
                            "there.",
                            target,
                        )
                    )

    def _settle_unread_folders(self):
        """Expect nothing more of messages in folders that are no longer read.

        Nobody tells them anything there. Waiting for it, retention would keep their
        rows for ever.
        """
        if self._get_connection_type() == "imap":
            names = self._folder_names()
            self.env["mail.gateway.inbound"]._forget_other_folders(self, names)
            self._commit()

    def _settle(self, mailbox):
        """Note what only closing the session in good order has made final."""
        if mailbox.acknowledges_on_close:
            journal = self.env["mail.gateway.inbound"]
            journal._mark_acknowledged(self, mailbox.acknowledged)
            journal._mark_removed(self, mailbox.removed)
            self._commit()
