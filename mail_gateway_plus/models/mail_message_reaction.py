from odoo import models


class MailMessageReaction(models.Model):
    """Withholds reactions to messages of a sealed record."""

    _name = "mail.message.reaction"
    _inherit = ["mail.message.reaction", "mail.gateway.withheld"]
    _told_through = "message_id"
