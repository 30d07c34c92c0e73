from odoo import api, models
from odoo.tools import SQL

from . import mail_gateway_memo

UNKNOWN_SENDERS = "unknown senders"


class ResPartner(mail_gateway_memo.Remembered, models.Model):
    _inherit = "res.partner"

    # Odoo searches a sender by it several times a message, and has no index on it.
    _gateway_email_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )

    @api.model
    def _know_senders(self, addresses):
        """Find out with one search which of these addresses no contact has.

        The contacts who have one are read at once, as Odoo will for each.
        """
        self.flush_model(["email_normalized"])
        found = self.env.execute_query(
            SQL(
                "SELECT id, email_normalized FROM res_partner"
                " WHERE email_normalized = ANY(%s)",
                addresses,
            )
        )
        self.browse(partner for partner, _address in found).mapped("name")
        unknown = set(addresses) - {address for _partner, address in found}
        mail_gateway_memo.memo_of(self.env)[UNKNOWN_SENDERS] = unknown

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Know without asking that there is nobody with an unknown address."""
        unknown = (mail_gateway_memo.memo_of(self.env) or {}).get(UNKNOWN_SENDERS)
        is_known = unknown and self.env.su
        if is_known and mail_gateway_memo.asks_only_for(
            "email_normalized", unknown.__contains__, domain
        ):
            return self.browse()
        return super().search_fetch(
            domain, field_names, offset=offset, limit=limit, order=order
        )
