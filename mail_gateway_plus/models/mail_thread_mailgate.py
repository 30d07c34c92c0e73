from xmlrpc.client import Binary

from odoo import api, models


class MailThread(models.AbstractModel):
    """Mail that a local MTA hands over by Odoo's script ``odoo-mailgate.py``."""

    _inherit = "mail.thread"

    @api.model
    def message_process(self, model, message, *args, **kwargs):
        """Write down what the script hands over, and process it from the journal.

        Whatever goes wrong in processing, the script tells the MTA that the mail cannot
        be delivered, and the MTA returns it to its sender. So all that can go wrong
        here is the journal itself.

        The script is known by its wrapping, which nobody else in Odoo uses. Who is no
        operator would gain rights: the journal is processed by the gateway.
        """
        is_script = isinstance(message, Binary) and not (model or args or kwargs)
        if is_script and self.env.user.has_group("mail_gateway_plus.group_operator"):
            self.env["mail.gateway.inbound"].sudo()._take_handed_over(message.data)
            return False
        return super().message_process(model, message, *args, **kwargs)
