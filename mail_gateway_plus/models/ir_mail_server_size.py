from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from .own_transaction import own_transaction

# A server that is asked nothing any more may have been given room: then it is asked.
KNOWN_FOR = timedelta(days=1)
# How long what it says again is not written again.
NOTED_FOR = timedelta(hours=1)
# As much as the column holds; no mail is larger.
MOST_BYTES = 2**31 - 1


class IrMailServerSize(models.Model):
    """How large a mail may be for a server, known without asking it once more."""

    _inherit = "ir.mail_server"

    announced_size = fields.Integer(
        string="Largest Mail (Bytes)",
        readonly=True,
        copy=False,
        help="What the server said that it takes at most, when it was confirmed or "
        "used last; 0: it does not say. A larger mail goes through another server, "
        "without a connection to this one, for a day.",
    )
    announced_at = fields.Datetime(
        string="Largest Mail Told On",
        readonly=True,
        copy=False,
        help="When the server last said how large a mail may be.",
    )

    def write(self, vals):
        """Forget what another server has said."""
        if vals.get("state") == "draft":
            vals = {"announced_size": 0, **vals}
        return super().write(vals)

    def _confirm_tested(self, results):
        confirmed = super()._confirm_tested(results)
        sizes = [result.details.get("max_size") or 0 for result in results]
        self.announced_size = min(max(sizes, default=0), MOST_BYTES)
        self.announced_at = fields.Datetime.now()
        return confirmed

    def _known_size_limit(self):
        """Return how many bytes a mail may have, as far as known; 0: any number."""
        limits = [self._size_limit()]
        if self._has_said_within(KNOWN_FOR):
            limits.append(self.announced_size)
        return min(filter(None, limits), default=0)

    def _has_said_within(self, time):
        said_at = self.announced_at
        return bool(said_at) and said_at > fields.Datetime.now() - time

    def _note_announced_size(self, size):
        """Remember what the server has just said; rarely is it anything new.

        SKIP LOCKED: where somebody edits the server, the next session comes to it.
        """
        size = min(size, MOST_BYTES)
        if not self:
            return
        if self.announced_size == size and self._has_said_within(NOTED_FOR):
            return
        with own_transaction(self.env) as env:
            env.execute_query(
                SQL(
                    "UPDATE ir_mail_server SET announced_size = %s,"
                    " announced_at = %s WHERE id = ("
                    "SELECT id FROM ir_mail_server WHERE id = %s"
                    " FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
                    size,
                    fields.Datetime.now(),
                    self.id,
                )
            )
        self.invalidate_recordset(["announced_size", "announced_at"], flush=False)
