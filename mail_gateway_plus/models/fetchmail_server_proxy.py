"""Reaching an incoming server through a proxy."""

from dataclasses import replace

from odoo import api, models

from .mail_gateway_proxied import PROXY_FIELDS, PROXY_SETTINGS


class FetchmailServerProxy(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.proxied"]

    def _connection_fields(self):
        return super()._connection_fields() | PROXY_FIELDS

    def _endpoint(self):
        return replace(super()._endpoint(), proxy=self._proxy())

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | PROXY_SETTINGS

    @api.model
    def _environment_secrets(self):
        return super()._environment_secrets() | {"PROXY_PASSWORD"}

    @api.model
    def _environment_bounds(self):
        return super()._environment_bounds() | {"PROXY_PORT": (1, 65535)}
