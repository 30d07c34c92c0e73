from odoo import models


class MailMessageSchedule(models.Model):
    """Withholds when messages of a sealed record go out."""

    _name = "mail.message.schedule"
    _inherit = ["mail.message.schedule", "mail.gateway.withheld"]
    _told_through = "mail_message_id"
