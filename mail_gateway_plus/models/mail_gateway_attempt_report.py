from odoo import fields, models

from .mail_gateway_recipient_report import REPORTS


class MailGatewayAttempt(models.Model):
    """An attempt, with what was reported later of the mail that it handed over."""

    _inherit = "mail.gateway.attempt"

    report = fields.Selection(
        REPORTS,
        string="Reported",
        readonly=True,
        help="What a mail system further on reported, after ours had taken the mail. "
        "Of several recipients the worst counts.",
    )

    # Return paths with a token of the mail (RFC 5233's detail); the others are alike.
    _return_path_idx = models.Index(
        "(lower(email_from)) WHERE strpos(email_from, '+') > 0"
    )

    def _note_report(self, reported):
        """Write what is reported of one recipient of these attempts at one mail."""
        row = self.recipient_ids._meant_by(reported)
        row._note_report(reported)
        attempt = row.attempt_id or self[:1]
        known = set(attempt.recipient_ids.mapped("report")) | {reported.action}
        attempt.report = next(key for key, _label in REPORTS if key in known)
        attempt.mail_id.exists()._gateway_note_report(reported)
