from odoo import models


class MailGatewayAttempt(models.Model):
    """Withholds attempts to send mail of a sealed record."""

    _name = "mail.gateway.attempt"
    _inherit = ["mail.gateway.attempt", "mail.gateway.withheld"]
