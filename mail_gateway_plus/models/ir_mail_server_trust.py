"""Certificates of its own for an outgoing server."""

from dataclasses import replace

from odoo import api, models

from .mail_gateway_trusting import TRUST_FIELDS, TRUST_SETTINGS


class IrMailServerTrust(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.trusting"]

    def _connection_fields(self):
        return super()._connection_fields() | TRUST_FIELDS

    def _own_endpoint(self):
        return replace(super()._own_endpoint(), trust=self._trust())

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | TRUST_SETTINGS

    @api.model
    def _environment_files(self):
        return super()._environment_files() | {"AUTHORITIES"}
