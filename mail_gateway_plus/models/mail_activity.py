from odoo import models


class MailActivity(models.Model):
    """Withholds activities of a sealed record."""

    _name = "mail.activity"
    _inherit = ["mail.activity", "mail.gateway.withheld"]
