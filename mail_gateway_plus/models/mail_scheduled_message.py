from odoo import models


class MailScheduledMessage(models.Model):
    """Withholds what is to be posted on a sealed record."""

    _name = "mail.scheduled.message"
    _inherit = ["mail.scheduled.message", "mail.gateway.withheld"]
    _told_by = ("model", "res_id")
