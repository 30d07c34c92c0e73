from odoo import fields, models

from ..core.parsing.delivery_report import DELAYED, DELIVERED, FAILED, RELAYED
from ..core.policy.fate import Outcome

REPORTS = [
    (FAILED, "Bounced"),
    (DELAYED, "Delayed"),
    (DELIVERED, "Delivered"),
    (RELAYED, "Passed On"),
]


class MailGatewayRecipient(models.Model):
    """A recipient, with what was reported of it after a server had taken the mail."""

    _inherit = "mail.gateway.recipient"

    report = fields.Selection(
        REPORTS,
        string="Reported",
        readonly=True,
        help="What a mail system further on reported of this recipient.",
    )
    reported_at = fields.Datetime(
        string="Reported at",
        readonly=True,
        help="When the report came. Code and words are the report's since then.",
    )

    def _meant_by(self, reported):
        """Return the row that a report is about, the last one of its recipient.

        A mail that was forwarded is reported under an address that we never wrote:
        then it is clear only where there was a single recipient.
        """
        hashes = {self._hash(address) for address in reported.addresses}
        rows = self.filtered(lambda row: row.address_hash in hashes)
        if not rows and len(set(self.mapped("address_hash"))) == 1:
            rows = self
        had = (Outcome.ACCEPTED.value, Outcome.UNCERTAIN.value)
        return (rows.filtered(lambda row: row.outcome in had) or rows).sorted("id")[-1:]

    def _note_report(self, reported):
        """Write a report over what the server had said.

        Who bounced counts as refused, so that *Retry* asks for that recipient again; a
        delay decides nothing yet.
        """
        words = reported.words
        for address in reported.addresses:
            words = words.replace(address, "…")
        values = {
            "report": reported.action,
            "reported_at": fields.Datetime.now(),
            "code": reported.code,
            "enhanced_code": reported.status,
            "reply": words,
        }
        if reported.action == FAILED:
            values |= {"outcome": Outcome.REFUSED.value, "is_settled": True}
        elif reported.action != DELAYED:
            values |= {"outcome": Outcome.ACCEPTED.value, "is_settled": True}
        self.write(values)
