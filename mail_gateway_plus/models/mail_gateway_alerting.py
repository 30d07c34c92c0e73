from odoo import fields, models
from odoo.tools import plaintext2html


class MailGatewayAlerting(models.AbstractModel):
    """A record about which administrators are told once, until it is well again."""

    _name = "mail.gateway.alerting"
    _description = "Mail Gateway Record with Alerts"

    alert_ids = fields.Many2many(
        "mail.activity",
        string="Alerts",
        readonly=True,
        copy=False,
        help="The activities by which administrators were told.",
    )

    def _alert_administrators(self, title, note, template, **values):
        """Tell by activity and by mail.

        :param note: plain text of the activity
        :param template: external id of the mail's body, rendered with ``values``
        """
        administrators = self._administrators()
        for user in administrators:
            # On the person's own contact: an activity needs a record with a chatter,
            # and a server has none. Without Odoo's own mail: ours says more.
            contact = user.partner_id.with_context(mail_activity_quick_update=True)
            self.alert_ids += contact.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=title,
                # The server's words are text, whatever they look like.
                note=plaintext2html(note),
                user_id=user.id,
            )
        self._mail_administrators(title, template, **values)

    def _mail_administrators(self, title, template, **values):
        """Tell by mail."""
        self.env["mail.mail"].sudo().create(
            {
                "subject": title,
                "body_html": self.env["ir.qweb"]._render(template, values),
                "recipient_ids": self._administrators().partner_id.ids,
                "auto_delete": True,
            }
        )

    def _withdraw_alerts(self):
        """Take the activities back; the mails are out."""
        self.alert_ids.sudo().unlink()

    def _administrators(self):
        return self.env.ref("base.group_system").all_user_ids.filtered(
            lambda user: user.active and not user.share
        )
