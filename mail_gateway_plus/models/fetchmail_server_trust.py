"""Certificates of its own for an incoming server."""

from dataclasses import replace

from odoo import api, models

from .mail_gateway_trusting import TRUST_FIELDS, TRUST_SETTINGS


class FetchmailServerTrust(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.trusting"]

    def _connection_fields(self):
        return super()._connection_fields() | TRUST_FIELDS

    def _endpoint(self):
        return replace(super()._endpoint(), trust=self._trust())

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | TRUST_SETTINGS

    @api.model
    def _environment_files(self):
        return super()._environment_files() | {"AUTHORITIES"}
