from odoo import models


class IrMailServerLine(models.Model):
    """What the line to an outgoing server is made of: proxy, authorities, TLS."""

    _name = "ir.mail_server"
    _inherit = ["mail.gateway.proxied", "mail.gateway.trusting", "ir.mail_server"]
