from odoo import models


class MailNotification(models.Model):
    """Odoo shows to everybody in the house who was told by which message."""

    _name = "mail.notification"
    _inherit = ["mail.notification", "mail.gateway.withheld"]
    _told_through = "mail_message_id"
