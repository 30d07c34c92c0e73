from odoo import api, models
from odoo.fields import Domain


class MailGatewayInbound(models.Model):
    """Withholds journal rows of messages that became a sealed record."""

    _name = "mail.gateway.inbound"
    _inherit = ["mail.gateway.inbound", "mail.gateway.withheld"]

    # To find the row of a record, among rows of which many became none.
    _record_idx = models.Index("(res_model, res_id) WHERE res_id > 0")

    @api.model
    def _gateway_withheld_domain(self):
        """Withhold also what came again and was known: it became no record itself."""
        became = super()._gateway_withheld_domain()
        if became.is_false():
            return became
        named = Domain("message_id", "!=", False)
        rows = self.sudo()._search(named & became)
        again = Domain("message_id", "in", rows.subselect("message_id"))
        return became | named & again
