from odoo import fields, models

from .mail_gateway_inbound_replay import REPLAY_PARAMETER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mail_gateway_replay_after_update = fields.Boolean(
        string="Retry Quarantined Mail after Updates",
        config_parameter=REPLAY_PARAMETER,
        help="Once addons were installed, updated or removed, process again what was "
        "quarantined because processing it failed.",
    )
