from odoo import models


class MailScheduledMessage(models.Model):
    """What is still to be said on a ticket is for who sees the ticket.

    Odoo finds such messages for nobody else, but lets everybody in the house read one
    whose id they know (mail/models/mail_scheduled_message.py).
    """

    _inherit = "mail.scheduled.message"

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if self.env.su or not any(self._ids):
            return result
        # sudo: what it is about shows only in itself
        about = self.sudo().filtered(lambda row: row.model == "grievance.ticket")
        tickets = self.env["grievance.ticket"].browse(about.mapped("res_id"))
        seen = set(tickets.exists()._filtered_access("read").ids)
        hidden = about.filtered(lambda row: row.res_id not in seen).sudo(False)
        hidden = hidden.with_env(self.env)
        if not hidden:
            return result
        return self._gateway_with_forbidden(result, operation, hidden)
