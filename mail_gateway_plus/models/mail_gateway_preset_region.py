from odoo import fields, models


class MailGatewayPresetRegion(models.Model):
    _name = "mail.gateway.preset.region"
    _description = "Region of a Mail Provider"
    _order = "sequence, id"

    preset_id = fields.Many2one(
        "mail.gateway.preset",
        string="Provider",
        required=True,
        index=True,
        ondelete="cascade",
        help="The provider that the region belongs to.",
    )
    name = fields.Char(required=True, help="As the provider calls it.")
    sequence = fields.Integer(default=10, help="The lowest one is suggested.")
    code = fields.Char(
        help="What stands for {region} in the provider's hosts; empty where the host "
        "has nothing there."
    )

    _unique_code = models.UniqueIndex(
        "(preset_id, COALESCE(code, ''))", "This provider has that region already."
    )
