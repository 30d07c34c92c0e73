from odoo import models


class MailMessageLinkPreview(models.Model):
    """Withholds what messages of a sealed record link to."""

    _name = "mail.message.link.preview"
    _inherit = ["mail.message.link.preview", "mail.gateway.withheld"]
    _told_through = "message_id"
