from odoo import api, models
from odoo.fields import Domain


class MailGatewayAttempt(models.Model):
    """Withholds attempts to send mail of a sealed record."""

    _name = "mail.gateway.attempt"
    _inherit = ["mail.gateway.attempt", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        """Withhold also those whose sealed record was deleted: they name none."""
        attempts = Domain.FALSE
        for name in self._gateway_sealable_models():
            deleted = Domain("res_model", "=", name) & Domain(
                "res_id", "in", [0, False]
            )
            attempts |= deleted & Domain(self.env[name]._sealed_letters_from())
        return super()._gateway_withheld_domain() | attempts
