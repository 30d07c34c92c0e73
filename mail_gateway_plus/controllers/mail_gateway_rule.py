from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import content_disposition, request

FILE_NAME = "mail_gateway_rule_data.xml"


class MailGatewayRuleController(http.Controller):
    """Hands rules out as a data file, to those who may change them."""

    @http.route(
        f"/mail_gateway/rules/{FILE_NAME}",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def download(self, ids=""):
        rules = request.env["mail.gateway.rule"].with_context(active_test=False)
        if not rules.has_access("write"):
            raise NotFound
        wanted = [int(part) for part in ids.split(",") if part.isdecimal()]
        rules = rules.search([("id", "in", wanted)])
        if not rules:
            raise NotFound
        headers = [
            ("Content-Type", "application/xml; charset=utf-8"),
            ("Content-Disposition", content_disposition(FILE_NAME)),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "private, no-store"),
        ]
        return request.make_response(rules._export_data(), headers)
