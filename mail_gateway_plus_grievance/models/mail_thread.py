import re

from odoo import api, fields, models

from odoo.addons.mail_gateway_plus.core.parsing.envelope import read_text
from odoo.addons.mail_gateway_plus.core.parsing.received import received_at


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
            self = self.with_context(
                grievance_person_wrote=self._gateway_machine(message).is_person,
                grievance_received_at=self._grievance_received_at(message),
                grievance_language=_named_language(message),
            )
        return super()._message_route_process(message, message_dict, routes)

    @api.model
    def _grievance_received_at(self, message):
        """Return when our own server took a message in.

        As the journal has it, else by the words of that server in the first Received
        header. The sender's Date says what the sender likes.
        """
        trace, now = self._gateway_trace(), fields.Datetime.now()
        if trace and trace.received_at:
            return min(trace.received_at, now)
        first = [read_text(line) for line in message.get_all("Received", [])[:1]]
        return min(received_at(first, now), now)


def _named_language(message):
    """Return the language that a message says it is in (RFC 3282)."""
    named = re.match(r"\s*([a-zA-Z]{2})\b", read_text(message.get("Content-Language")))
    return named[1].lower() if named else ""
