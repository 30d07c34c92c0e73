from odoo import models


class MailMessageTranslation(models.Model):
    """Holds the whole text of a message."""

    _name = "mail.message.translation"
    _inherit = ["mail.message.translation", "mail.gateway.withheld"]
    _told_through = "message_id"
