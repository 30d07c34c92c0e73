from odoo import models

from ..core.diagnosis.steps import Protocol, Target


class FetchmailServerWarned(models.Model):
    """An incoming server that warns of what will keep it from being read."""

    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.warned"]

    def _certificate_target(self):
        kind = self._get_connection_type()
        if kind not in ("imap", "pop"):
            return None
        return self._with_certificate(Target(Protocol(kind), self._endpoint()))
