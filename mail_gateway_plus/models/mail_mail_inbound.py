from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, *args, **kwargs):
        """Leave to the queue what Odoo's gateway answers to an inbound message.

        Odoo sends a bounce on the spot. The transaction may yet be rolled back and the
        message be processed again: the bounce would go out twice.
        """
        if self.env.context.get("mail_gateway_trace"):
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
            return True
        return super().send(*args, **kwargs)
