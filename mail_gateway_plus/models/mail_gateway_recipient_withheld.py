from odoo import api, models
from odoo.fields import Domain


class MailGatewayRecipient(models.Model):
    """Withholds recipients of mail of a sealed record."""

    _name = "mail.gateway.recipient"
    _inherit = ["mail.gateway.recipient", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        attempts = self.env["mail.gateway.attempt"]._gateway_withheld_domain()
        return Domain("attempt_id", "any!", attempts)
