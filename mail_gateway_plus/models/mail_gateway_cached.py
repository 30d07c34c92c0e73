from odoo import api, models


class MailGatewayCached(models.AbstractModel):
    """Records of which something compiled is kept, until one of them changes."""

    _name = "mail.gateway.cached"
    _description = "Kept in the Registry's Cache"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
