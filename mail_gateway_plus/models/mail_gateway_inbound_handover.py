from odoo import api, fields, models

from ..core.parsing.envelope import read_envelope
from ..core.parsing.excerpt import header_fingerprint
from ..core.parsing.received import received_at
from ..core.policy.identity import fingerprint

# Stands in the place of a mailbox's name.
HANDED_OVER = "odoo-mailgate"


class MailGatewayInboundHandover(models.Model):
    """Messages that come from a local MTA and not from a mailbox."""

    _inherit = "mail.gateway.inbound"

    @api.model
    def _take_handed_over(self, raw):
        """Write a message down; who handed it over is told after the commit.

        An MTA that was not told may hand it over again: then its Message-ID, or its
        content where it has none, makes the second one a duplicate.
        """
        envelope = read_envelope(raw)
        now = fields.Datetime.now()
        digest = fingerprint(raw)
        row = self.create(
            {
                "server_name": HANDED_OVER,
                "folder": HANDED_OVER,
                "uid": digest,
                "fingerprint": digest,
                "header_fingerprint": header_fingerprint(raw),
                "message_id": envelope.message_id,
                "answers": " ".join(envelope.answers),
                "email_from": envelope.email_from,
                "email_to": envelope.email_to,
                "subject": envelope.subject,
                "date": envelope.date,
                "size": len(raw),
                "fetched_at": now,
                "received_at": received_at(envelope.received[:1], now),
                "acknowledged_at": now,
                "retry_at": now,
                "has_raw": True,
            }
        )
        self.env["mail.gateway.raw"]._store([(row.id, raw)])
        row._keep_sealed({row.id: row.subject or ""})
        self._wake_processing()
        return row
