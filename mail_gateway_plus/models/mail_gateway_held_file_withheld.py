from odoo import api, models
from odoo.fields import Domain


class MailGatewayHeldFile(models.Model):
    """Withholds files held back of a sealed record's messages."""

    _name = "mail.gateway.held.file"
    _inherit = ["mail.gateway.held.file", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        rows = self.env["mail.gateway.inbound"]._gateway_withheld_domain()
        return Domain("inbound_id", "any!", rows)
