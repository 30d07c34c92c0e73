from odoo import models

from ..core.policy.lanes import INTERACTIVE_AT_ONCE
from .mail_mail import MAILING


class MailTemplate(models.Model):
    _inherit = "mail.template"

    def send_mail_batch(self, res_ids, *args, **kwargs):
        """Have mail to many be a mailing as a whole: Odoo makes it in batches."""
        is_mailing = len(res_ids) > INTERACTIVE_AT_ONCE
        template = self.with_context(**{MAILING: is_mailing})
        mails = super(MailTemplate, template).send_mail_batch(res_ids, *args, **kwargs)
        return mails.with_env(mails.env(context=self.env.context))
