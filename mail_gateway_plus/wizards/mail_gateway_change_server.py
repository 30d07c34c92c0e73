from odoo import api, fields, models


class MailGatewayChangeServer(models.TransientModel):
    """Asks by which server dead letters are to be tried again."""

    _name = "mail.gateway.change.server"
    _description = "Change the Server of Dead Letters"

    mail_ids = fields.Many2many(
        "mail.mail",
        readonly=True,
        help="The mails that are to be tried again.",
    )
    mail_count = fields.Integer(
        string="Mails", compute="_compute_mail_count", help="How many mails they are."
    )
    server_id = fields.Many2one(
        "ir.mail_server",
        string="Send By",
        required=True,
        domain="[('state', '=', 'done'), ('owner_user_id', '=', False)]",
        help="The server that is to send them; no other one stands in for it.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "mail.mail":
            mails = self.env["mail.mail"].browse(self.env.context.get("active_ids"))
            values["mail_ids"] = mails.filtered(lambda m: m.state == "exception").ids
        return values

    @api.depends("mail_ids")
    def _compute_mail_count(self):
        for wizard in self:
            wizard.mail_count = len(wizard.mail_ids)

    def action_change(self):
        """Queue the mails for the server; whoever has one already is spared."""
        self.ensure_one()
        mails = self.mail_ids.filtered(lambda mail: mail.state == "exception")
        mails._gateway_retry_by(self.server_id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Queued for %(server)s: %(count)s",
                    server=self.server_id.name,
                    count=len(mails),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
