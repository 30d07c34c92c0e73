"""Reaching an incoming server through a proxy."""

from dataclasses import replace

from odoo import models

from .mail_gateway_proxied import PROXY_FIELDS


class FetchmailServerProxy(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.proxied"]

    def _connection_fields(self):
        return super()._connection_fields() | PROXY_FIELDS

    def _endpoint(self):
        return replace(super()._endpoint(), proxy=self._proxy())
