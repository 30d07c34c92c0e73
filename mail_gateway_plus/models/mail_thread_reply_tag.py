from odoo import models
from odoo.tools import email_normalize
from odoo.tools.mail import email_split_tuples, formataddr

from ..core.policy.references import (
    REFERENCE_LENGTH,
    TAG_LENGTH,
    with_tag,
)

# System parameter: whether reply addresses carry the record. Off unless set: the mail
# server has to accept plus addresses.
REPLY_TAGS = "mail_gateway_plus.reply_tags"


class MailThread(models.AbstractModel):
    """Names of a record that a reply brings back, whatever becomes of its Message-IDs.

    They are signed: nobody else can make one, or change the record that it names.
    """

    _inherit = "mail.thread"

    def _notify_get_reply_to_batch(self, defaults=None, author_ids=None):
        """Put the record's tag into our own reply addresses, where that is wished."""
        reply_to = super()._notify_get_reply_to_batch(
            defaults=defaults, author_ids=author_ids
        )
        if not self or self._name == "mail.thread":
            return reply_to
        for record in self:
            reply_to[record.id] = record._mail_gateway_tagged(reply_to.get(record.id))
        return reply_to

    def _mail_gateway_tagged(self, reply_to):
        """Return a reply address with this record's tag, others' as they are."""
        # sudo: whoever writes need not read parameters, nor aliases
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if not reply_to or get_param(REPLY_TAGS, "False") != "True":
            return reply_to
        name, address = next(iter(email_split_tuples(reply_to)), ("", ""))
        address = email_normalize(address)
        domains = self.env["mail.alias.domain"].sudo()
        if not address or "+" in address or not domains._find_aliases([address]):
            return reply_to
        model_id = self.env["ir.model"]._get_id(self._name)
        examination = self.env["mail.gateway.examination"]
        signature = examination._signature(self, TAG_LENGTH)
        tagged = with_tag(address, model_id, self.id, signature)
        return formataddr((name, tagged)) if name else tagged

    def _mail_gateway_signed_reference(self):
        """Return the number by which people call the record, with a signature.

        For subjects of mail to somebody who may answer from another address.
        """
        self.ensure_one()
        reference = self[self._mail_gateway_reference]
        examination = self.env["mail.gateway.examination"]
        return f"{reference}-{examination._signature(self, REFERENCE_LENGTH)}"
