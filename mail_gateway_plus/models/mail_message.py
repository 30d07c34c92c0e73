from odoo import api, models

from . import mail_gateway_memo

ABSENT = "mail_gateway_plus.absent_message_ids"
# In the context of whoever moves one message, and no conversation.
MOVES_ONE = "mail_gateway_moves_one_message"


class MailMessage(models.Model):
    """Knows without asking that a message is new which a batch has found to be so.

    The batch holds the lock on each of these Message-IDs, and the set is in
    ``cr.cache``, which Odoo empties at each rollback: to create a message under such a
    name is what takes it out.
    """

    _inherit = "mail.message"

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        absent = self.env.cr.cache.get(ABSENT)
        is_known = absent and self.env.su
        if is_known and mail_gateway_memo.asks_only_for(
            "message_id", absent.__contains__, domain
        ):
            return self.browse()
        return super().search_fetch(
            domain, field_names, offset=offset, limit=limit, order=order
        )

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        if absent := self.env.cr.cache.get(ABSENT):
            absent.difference_update(messages.mapped("message_id"))
        return messages

    def write(self, vals):
        if "message_id" in vals:
            self.env.cr.cache.pop(ABSENT, None)
        left = self._gateway_places() if "res_id" in vals else ()
        result = super().write(vals)
        if left:
            self._gateway_note_merge(left)
        return result

    def _gateway_places(self):
        """Return the records, as pairs of model and id, that these messages are on."""
        if self.env.context.get(MOVES_ONE):
            return set()
        threads = self.pool["mail.thread"]
        return {
            (message.model, message.res_id)
            for message in self.sudo()
            if message.res_id
            and message.model in self.env
            and issubclass(self.pool[message.model], threads)
        }

    def _gateway_note_merge(self, left):
        """Note where the conversation of records goes to that messages have left."""
        message = self[:1].sudo()
        if message.res_id and message.model:
            merges = self.env["mail.gateway.merge"]
            merges._note(left, message.model, message.res_id)
