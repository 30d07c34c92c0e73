from odoo import fields, models

from ..core.policy.dispatch import Dispatch

SESSION_LIMIT = 4


class IrMailServerSending(models.Model):
    """What the sending of the queue wants of a server."""

    _inherit = "ir.mail_server"

    session_limit = fields.Integer(
        string="Sessions at Once",
        default=SESSION_LIMIT,
        help="How many connections one worker may have to this server at a time. "
        "Some providers count them.",
    )

    def _sending_order(self, smtp_from, mails, is_forced):
        """Return this server and those that may stand in for it, as a list.

        :param mails: those that are to be sent, for what they may use
        :param is_forced: no other may stand in
        """
        if is_forced or not self or self.owner_user_id:
            return [self]
        dispatch = Dispatch()
        dispatch.start_batch(mails.ids, is_forced)
        return [self, *self._next_servers(smtp_from, dispatch)]

    def _dial(self, route):
        """Return how to reach this server, or another addon's open connection."""
        return self.env["ir.mail_server"].with_context(
            mail_gateway_dial_only=True
        )._connect__(mail_server_id=self.id or None, smtp_from=route.smtp_from)

    def _note_sending_fault(self, verdict):
        """Note what speaks against using the server for other mail as well."""
