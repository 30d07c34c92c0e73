from odoo import api, models


class MailGatewayAttempt(models.Model):
    """Withholds attempts to send mail of a sealed record."""

    _name = "mail.gateway.attempt"
    _inherit = ["mail.gateway.attempt", "mail.gateway.withheld"]

    # To find those of a record that is deleted.
    _record_idx = models.Index("(res_model, res_id) WHERE res_model IS NOT NULL")

    @api.model
    def _gateway_withheld_domain(self):
        """Withhold also those whose sealed record was deleted: they name none."""
        deleted = self._gateway_recordless_domain("res_model")
        return super()._gateway_withheld_domain() | deleted
