from odoo import api, models

from ..core.policy.directive import Halt
from ..core.policy.outcome import State


class MailGatewayExaminationFiles(models.AbstractModel):
    _inherit = "mail.gateway.examination"

    @api.model
    def _stations(self):
        return [self._judge_text, *super()._stations()]

    @api.model
    def _judge_text(self, trace, message, message_dict):
        """Keep a message here whose very text is infected."""
        if not trace.scan or not trace.scan.is_in_text:
            return None
        return Halt(
            State.QUARANTINED.value,
            self.env._("The virus scanner found %s in its text.", trace.scan.infected),
        )
