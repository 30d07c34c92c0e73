from odoo import models

from ..models.mail_mail import as_mailing


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_mass_mail(self, res_ids, *args, **kwargs):
        composer = super(MailComposeMessage, as_mailing(self, res_ids))
        mails = composer._action_send_mail_mass_mail(res_ids, *args, **kwargs)
        return mails.with_env(mails.env(context=self.env.context))
