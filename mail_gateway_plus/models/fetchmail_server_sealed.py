from odoo import api, fields, models


class FetchmailServerSealed(models.Model):
    """Mailboxes whose letters are for few people, whatever stands in them."""

    _inherit = "fetchmail.server"

    is_sealed = fields.Boolean(
        string="Sealed",
        copy=False,
        help="Everything that comes to this mailbox is sealed: only those who may see "
        "sealed records see the record that it becomes, and the message in the journal "
        "if it becomes none.",
    )
    can_be_sealed = fields.Boolean(
        compute="_compute_can_be_sealed",
        help="Whether its messages become records of a type that can be sealed.",
    )

    @api.depends("object_id")
    def _compute_can_be_sealed(self):
        types = self.env["mail.gateway.inbound"]._gateway_sealable_models()
        for server in self:
            server.can_be_sealed = server.object_id.model in types
