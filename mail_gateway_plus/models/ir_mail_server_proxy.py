"""Reaching an outgoing server through a proxy."""

from dataclasses import replace

from odoo import models

from .mail_gateway_proxied import PROXY_FIELDS


class IrMailServerProxy(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.proxied"]

    def _connection_fields(self):
        return super()._connection_fields() | PROXY_FIELDS

    def _own_endpoint(self):
        return replace(super()._own_endpoint(), proxy=self._proxy())
