from odoo import models


class MailTrackingValue(models.Model):
    """Withholds what was changed in a sealed record."""

    _name = "mail.tracking.value"
    _inherit = ["mail.tracking.value", "mail.gateway.withheld"]
    _told_through = "mail_message_id"
