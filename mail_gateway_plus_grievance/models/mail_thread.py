from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Tell the tickets whether a person wrote the message.

        ``message_new`` and ``message_update`` see parsed values only, which no longer
        hold the headers that give a machine away. This is the one place of the
        gateway that has the headers and the routes. The answer travels in the
        context: a private key among the parsed values would end up in
        ``message_post``, which refuses what it does not know.
        """
        if any(route[0] == "grievance.ticket" for route in routes or ()):
            is_person = self._gateway_machine(message).is_person
            self = self.with_context(grievance_person_wrote=is_person)
        return super()._message_route_process(message, message_dict, routes)
