from odoo import models

from ..core.policy.lanes import INTERACTIVE_AT_ONCE
from ..models.mail_mail import MAILING


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_mass_mail(self, res_ids, *args, **kwargs):
        """Have mail to many be a mailing as a whole: Odoo makes it in batches."""
        is_mailing = len(res_ids) > INTERACTIVE_AT_ONCE
        composer = self.with_context(**{MAILING: is_mailing})
        mails = super(MailComposeMessage, composer)._action_send_mail_mass_mail(
            res_ids, *args, **kwargs
        )
        return mails.with_env(mails.env(context=self.env.context))
