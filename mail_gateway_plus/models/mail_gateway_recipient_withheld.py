from odoo import models


class MailGatewayRecipient(models.Model):
    """Withholds recipients of mail of a sealed record."""

    _name = "mail.gateway.recipient"
    _inherit = ["mail.gateway.recipient", "mail.gateway.withheld"]
    _told_through = "attempt_id"
