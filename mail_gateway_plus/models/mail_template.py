from odoo import models

from .mail_mail import as_mailing


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, res_ids, *args, **kwargs):
        template = super(MailTemplate, as_mailing(self, res_ids))
        mails = template.send_mail_batch(res_ids, *args, **kwargs)
        return mails.with_env(mails.env(context=self.env.context))
