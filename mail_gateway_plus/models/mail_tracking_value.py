from odoo import api, models
from odoo.fields import Domain


class MailTrackingValue(models.Model):
    """Withholds what was changed in a sealed record."""

    _name = "mail.tracking.value"
    _inherit = ["mail.tracking.value", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        messages = self.env["mail.message"]._gateway_withheld_domain()
        return Domain("mail_message_id", "any!", messages)
