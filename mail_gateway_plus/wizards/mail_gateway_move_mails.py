from odoo import api, fields, models


class MailGatewayMoveMails(models.TransientModel):
    """Asks which server takes the queued mails of another one over."""

    _name = "mail.gateway.move.mails"
    _description = "Move Queued Mails"

    server_id = fields.Many2one(
        "ir.mail_server",
        required=True,
        readonly=True,
        ondelete="cascade",
        help="The server that the mails wait for.",
    )
    queued_count = fields.Integer(
        related="server_id.queued_count", help="How many mails wait for it."
    )
    target_id = fields.Many2one(
        "ir.mail_server",
        string="Move To",
        domain="[('id', '!=', server_id), ('state', '=', 'done'), "
        "('owner_user_id', '=', False)]",
        help="The server that is to send them. None: each goes through the best server "
        "for its sender.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "ir.mail_server":
            values["server_id"] = self.env.context.get("active_id")
        return values

    def action_move(self):
        """Move them and tell how many there were."""
        self.ensure_one()
        self.server_id.check_access("write")
        count = self.server_id._move_queued(self.target_id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Moved mails: %s", count),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
