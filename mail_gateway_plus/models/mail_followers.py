from odoo import models


class MailFollowers(models.Model):
    """Withholds who follows a sealed record."""

    _name = "mail.followers"
    _inherit = ["mail.followers", "mail.gateway.withheld"]
