from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.policy.verdict import Cause
from ..sending_advice import CAUSE_TITLE, known_cause


class IrMailServerAwaited(models.Model):
    """Servers that are there and cannot be used for the moment: mail waits for them."""

    _inherit = "ir.mail_server"

    unconfirmed_since = fields.Datetime(
        string="Not Confirmed Since",
        compute="_compute_unconfirmed_since",
        store=True,
        help="When a change took the confirmation back, or when it was entered.",
    )

    @api.depends("state")
    def _compute_unconfirmed_since(self):
        for server in self:
            is_draft = server.state == "draft"
            since = server.unconfirmed_since or fields.Datetime.now()
            server.unconfirmed_since = is_draft and since

    def _awaited(self, smtp_from, mails):
        """Return the unconfirmed servers that each of the mails waits for.

        A mail does where Odoo has found none that may send it, or only one for other
        senders. What the command line names is meant to send where no server does.

        :param self: the server that Odoo found, or an empty recordset
        :returns: pairs of mail and servers, best first, for the mails that wait
        """
        if self and not self._is_for_other_senders(smtp_from):
            return []
        if not self and self._is_command_line_named():
            return []
        servers = self._allowed_servers()
        unconfirmed = servers - servers._confirmed()
        pairs = [(mail, unconfirmed._of_sender(mail, smtp_from)) for mail in mails]
        if not self:
            # None may send at all, so there is none that would be wrong to wait for.
            pairs = [(mail, awaited or unconfirmed) for mail, awaited in pairs]
        return [(mail, awaited) for mail, awaited in pairs if awaited]

    def _of_sender(self, mail, smtp_from):
        """Return those that may send this mail, by From filter and by owner."""
        return mail._filter_mail_mail_servers(self).filtered(
            lambda server: (
                self._match_from_filter(mail.email_from, server.from_filter)
                or self._match_from_filter(smtp_from, server.from_filter)
            )
        )

    def _told_unconfirmed(self):
        """Return the sentence that says what is wrong, and what to do."""
        since = self[:1].unconfirmed_since
        server = self[:1].display_name
        if not since:  # it is the environment that has changed
            return self.env._(
                "%s is not confirmed. Press Test & Confirm there.", server
            )
        return self.env._(
            "%(server)s is not confirmed since %(since)s UTC. Press Test & Confirm "
            "there.",
            server=server,
            since=f"{since:%Y-%m-%d %H:%M}",
        )

    def _check_is_for_sender(self, smtp_from, mails):
        """Raise where Odoo has found this server only for want of one for the sender.

        :raises UserError: in the words that a queued mail would wait or fail with
        """
        if not self._is_for_other_senders(smtp_from):
            return
        for _mail, awaited in self._awaited(smtp_from, mails):
            raise UserError(awaited._told_unconfirmed())
        raise UserError(self._told_other_senders(smtp_from))

    def _why_none_usable(self, smtp_from):
        """Return why none of the servers for this sender takes mail now.

        :param self: the one that Odoo found
        :returns: a cause, and the sentences that name each server
        """
        servers = self._allowed_servers()
        servers = self.sudo() | servers._confirmed().filtered(
            lambda server: self._match_from_filter(smtp_from, server.from_filter)
        )
        free_at = self.env["mail.gateway.quota"]._next_free(servers)
        cause, told = Cause.OUT_OF_USE, []
        for server in servers:
            if server.breaker_state != "closed":
                told.append(server._told_out_of_use())
            elif free_at[server.id]:
                cause = Cause.SENDING_QUOTA
                told.append(
                    self.env._(
                        "Waits: the quota of %(server)s is spent until %(until)s UTC.",
                        server=server.display_name,
                        until=f"{free_at[server.id]:%Y-%m-%d %H:%M}",
                    )
                )
        return cause, told

    def _told_out_of_use(self):
        cause = self.breaker_ids.cause
        return self.env._(
            "Waits: %(server)s is out of use since %(since)s UTC (%(why)s).",
            server=self.display_name,
            since=f"{self.out_of_use_since:%Y-%m-%d %H:%M}",
            why=self.env._(CAUSE_TITLE[known_cause(cause)])
            if cause
            else self.env._("put out of use by hand"),
        )
