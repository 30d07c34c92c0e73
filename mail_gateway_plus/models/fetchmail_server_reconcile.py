import logging

from odoo import models

from ..core.policy.progress import windows
from ..core.protocols.mailbox import batches

_logger = logging.getLogger(__name__)


class FetchmailServerReconcile(models.Model):
    """Holding a folder against the journal, for what no listing has shown.

    A server whose replicas lag may list a message after others with higher UIDs.
    Generators are tasks (core/tasks.py): they commit before each call.
    """

    _inherit = "fetchmail.server"

    def _reconcile(self, mailbox, ledger, turn, ask):
        """Fetch what the open folder holds and the journal does not, once a day."""
        if not ledger._needs_reconciling(mailbox.status.uidvalidity):
            return
        known = set((ledger.missing_uids or "").split())
        first, last = ledger._reconciled_from(), int(ledger.last_uid)
        gaps, got = [], set()
        for window in windows(first, last):
            self._commit()
            listed = yield ask.at_length(mailbox.find_between, *window)
            journaled = set(self.env["mail.gateway.inbound"]._known(self, listed))
            found = [r for r in listed if r not in journaled and r.uid not in known]
            gaps += found
            got |= yield from self._fetch_gaps(mailbox, found, turn, ask)
            if not turn.has_time:
                return  # the rest comes at the next visit, before anything is noted
        if gaps:
            _logger.warning("Mailbox %s: %s gaps in %s", self.id, len(gaps), ledger.id)
        ledger._note_reconciled(gaps, [ref for ref in gaps if ref not in got])
        self._commit()

    def _fetch_gaps(self, mailbox, refs, turn, ask):
        """Journal and acknowledge these messages; return those that came."""
        got = set()
        if not refs:
            return got
        downloads = batches(mailbox.download(refs), ask.step_seconds)
        self._commit()
        while batch := (yield ask.at_length(next, downloads, None)):
            self.env["mail.gateway.inbound"]._store(self, batch)
            self._commit(turn, journaled=len(batch))
            turn.progressing |= self
            refs_of_batch = [message.ref for message in batch]
            yield from self._acknowledge(mailbox, refs_of_batch, ask)
            got.update(refs_of_batch)
        return got
