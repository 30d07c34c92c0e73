from odoo import fields, models


class MailGatewayPresetDns(models.Model):
    """What a provider has its customers publish in the DNS."""

    _inherit = "mail.gateway.preset"

    spf_include = fields.Char(
        string="SPF Include",
        help="The name that a customer's SPF record includes: _spf.google.com. Empty: "
        "none, or not known.",
    )
    dkim_selectors = fields.Char(
        string="DKIM Selectors",
        help="The selectors of its signatures, separated by blanks. An account uses at "
        "least one of them.",
    )
