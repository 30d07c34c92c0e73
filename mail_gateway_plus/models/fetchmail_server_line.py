from odoo import models


class FetchmailServerLine(models.Model):
    """What the line to an incoming server is made of: proxy, authorities, TLS."""

    _name = "fetchmail.server"
    _inherit = ["mail.gateway.proxied", "mail.gateway.trusting", "fetchmail.server"]
