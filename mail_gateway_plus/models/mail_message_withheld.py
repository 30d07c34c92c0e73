from odoo import models


class MailMessage(models.Model):
    """Withholds messages of a sealed record."""

    _name = "mail.message"
    _inherit = ["mail.message", "mail.gateway.withheld"]
    _told_by = ("model", "res_id")
