from odoo import api, models

from ..core.parsing.facts import read_facts


class MailGatewayExamination(models.AbstractModel):
    """What the gateway looks at between Odoo's parsing of a message and its routing.

    Odoo has found by then that the message is no duplicate. Each station is a method of
    its own in a file of its own; all get the trace, the parsed message and Odoo's
    dictionary of its values, which a station may change.
    """

    _name = "mail.gateway.examination"
    _description = "Examination of an Inbound Message"

    @api.model
    def _examine(self, trace, message, message_dict):
        """Take a message from station to station.

        :returns: the :class:`~..core.policy.directive.Halt` of the station that keeps
            it from becoming a record, else ``None``. A message whose fate a person
            chose is not stopped, only looked at.
        """
        self._observe(trace, message, message_dict)
        if trace.is_chosen:
            return None
        for station in self._stations():
            if halt := station(trace, message, message_dict):
                return halt
        return None

    @api.model
    def _observe(self, trace, message, message_dict):
        """Note on the trace what is known of the message, whatever becomes of it."""
        trace.observe = lambda: read_facts(message, trace.size)

    @api.model
    def _stations(self):
        """Return the methods that may direct or stop a message, in their order."""
        return []
