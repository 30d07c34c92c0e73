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
        """Find out with one search which of these addresses no contact has."""
        self.flush_model(["email_normalized"])
        found = self.env.execute_query(
            SQL(
                "SELECT email_normalized FROM res_partner"
                " WHERE email_normalized = ANY(%s)",
                addresses,
            )
        )
        unknown = set(addresses) - {address for (address,) in found}
        mail_gateway_memo.memo_of(self.env)[UNKNOWN_SENDERS] = unknown

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Know without asking that there is nobody with an unknown address."""
        unknown = (mail_gateway_memo.memo_of(self.env) or {}).get(UNKNOWN_SENDERS)
        if unknown and self.env.su and _asks_only_for(unknown, domain):
            return self.browse()
        return super().search_fetch(
            domain, field_names, offset=offset, limit=limit, order=order
        )


def _asks_only_for(addresses, domain):
    """Say whether each record of a domain must have one of these addresses."""
    domain = list(domain)
    if not mail_gateway_memo.is_plain(domain) or "|" in domain or "!" in domain:
        return False
    for item in domain:
        match item:
            case ["email_normalized", "=", str(address)]:
                wanted = [address]
            case ["email_normalized", "in", list() | tuple() | set() as wanted]:
                pass
            case _:
                continue
        if all(address in addresses for address in wanted):
            return True
    return False
