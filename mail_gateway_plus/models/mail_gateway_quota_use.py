from odoo import fields, models


class MailGatewayQuotaUse(models.Model):
    """What was sent in a sixtieth of a quota's window; written by the quota only."""

    _name = "mail.gateway.quota.use"
    _description = "Use of an Outgoing Server's Quota"
    _log_access = False

    quota_id = fields.Many2one(
        "mail.gateway.quota",
        required=True,
        ondelete="cascade",
        help="The quota that it counts against.",
    )
    ends_at = fields.Float(
        required=True, help="The end of that time, in seconds since 1970."
    )
    messages = fields.Integer(required=True, help="How many mails were sent.")
    recipients = fields.Integer(required=True, help="How many recipients they had.")

    _unique_bucket = models.UniqueIndex("(quota_id, ends_at)")
