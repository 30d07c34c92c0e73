"""Reaching an outgoing server through a proxy."""

from dataclasses import replace

from odoo import api, models

from .mail_gateway_proxied import PROXY_FIELDS, PROXY_SETTINGS


class IrMailServerProxy(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.proxied"]

    def _connection_fields(self):
        return super()._connection_fields() | PROXY_FIELDS

    def _own_endpoint(self):
        return replace(super()._own_endpoint(), proxy=self._proxy())

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | PROXY_SETTINGS

    @api.model
    def _environment_secrets(self):
        return super()._environment_secrets() | {"PROXY_PASSWORD"}

    @api.model
    def _environment_bounds(self):
        return super()._environment_bounds() | {"PROXY_PORT": (1, 65535)}
