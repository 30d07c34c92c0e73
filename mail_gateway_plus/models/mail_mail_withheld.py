from odoo import models


class MailMail(models.Model):
    """Withholds mail of a sealed record."""

    _name = "mail.mail"
    _inherit = ["mail.mail", "mail.gateway.withheld"]
    _told_by = ("model", "res_id")
