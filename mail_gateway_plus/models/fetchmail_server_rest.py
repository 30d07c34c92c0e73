import logging

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..core.errors import FolderUnavailable, MessageGone, OutOfTime
from ..core.parsing.excerpt import header_fingerprint
from ..core.policy.rest import ORDERED
from ..core.protocols.mailbox import bounded

_logger = logging.getLogger(__name__)


class FetchmailServerRest(models.Model):
    """Bringing the rest of large messages, which somebody has ordered.

    Generators are tasks (core/tasks.py): they commit before each call.
    """

    _inherit = "fetchmail.server"

    def _fetch_rests(self, mailbox, turn, ask):
        """Fetch what was ordered of this mailbox, as far as there is time.

        :returns: whether something is left to fetch
        """
        rows = self.env["mail.gateway.inbound"].search(
            [("server_id", "=", self.id), ("rest_state", "=", ORDERED)], order="id"
        )
        for row in rows:
            is_whole = yield from self._fetch_rest(row, mailbox, turn, ask)
            if not is_whole:
                return True
        return False

    def _fetch_rest(self, row, mailbox, turn, ask):
        """Fetch one message on from where it was left.

        :returns: whether its fetching has come to an end
        """
        ref = row._refs()[0]
        raw = self.env["mail.gateway.raw"]
        offset, bound = raw._coming_size(row.id), row.size_on_server
        self._commit()
        try:
            yield ask(mailbox.open, ref.folder)
            if not mailbox.status or mailbox.status.uidvalidity != ref.uidvalidity:
                raise MessageGone(ref.uid)
            pieces = bounded(mailbox.download_pieces(ref, offset), bound)
            while piece := (yield ask.at_length(next, pieces, None)):
                raw._append_coming(row.id, piece)
                self._commit(turn, journaled=1)
                turn.progressing |= self
                if not mailbox.resumes:
                    continue  # what RETR has begun to send must be read to its end
                if not self._is_expected(row):
                    return True
                if not turn.has_time:
                    return False
        except (MessageGone, FolderUnavailable):
            row._give_rest_up(self.env._("The mailbox no longer holds this message."))
            self._commit()
            return True
        except OutOfTime:
            if not mailbox.resumes and raw._coming_size(row.id) <= offset:
                self._give_up_for_time(row)
            raise
        return self._complete_rest(row)

    def _give_up_for_time(self, row):
        """Leave the rest of a message that comes no further than at an earlier visit.

        With POP3 each begins at the beginning, and takes all the time that there is.
        """
        self.env["mail.gateway.raw"]._forget_coming(row.ids)
        row._give_rest_up(
            self.env._(
                "The whole message takes longer to come than a visit to the mailbox "
                "may last. Raise the mailbox's time budget, then fetch the rest again; "
                "or do without it."
            )
        )
        self._commit()

    def _is_expected(self, row):
        """Say whether what comes is the message of which we know the excerpt."""
        start = self.env["mail.gateway.raw"]._coming_start(row.id)
        if header_fingerprint(start) == row.header_fingerprint:
            return True
        self.env["mail.gateway.raw"]._forget_coming(row.ids)
        row._give_rest_up(self.env._("The mailbox holds another message in its place."))
        self._commit()
        return False

    def _complete_rest(self, row):
        """Use what has come as a whole; say whether that came to an end."""
        try:
            if self._is_expected(row):
                row._complete_rest()
            self._commit()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()
            _logger.info("The rest of message %s has to wait", row.id)
            return False
        return True
