import logging

from odoo import SUPERUSER_ID, api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

KEPT_KEY = "mail_gateway_plus.mails_to_outlive"
KEPT_FIELDS = (
    "subject",
    "email_from",
    "email_to",
    "email_cc",
    "reply_to",
    "body_html",
    "headers",
    "message_type",
    "auto_delete",
)


class MailMailOutliving(models.Model):
    """Mail that its sender takes back as soon as it is sent.

    Odoo does so with each link to a new password (auth_signup/models/res_users.py,
    ``_action_reset_password``): it creates and sends the mail in a savepoint that is
    rolled back in any case. Stock Odoo has sent it by then; the queue would find
    nothing, and whoever waits for the link would wait for ever.
    """

    _inherit = "mail.mail"

    def _gateway_make_urgent(self):
        """Keep mail that is about no record, in case that its savepoint is undone.

        Not what an inbound message makes Odoo send: when that is undone, the message is
        tried again, and would send it each time.
        """
        loose = self.sudo().filtered(
            lambda mail: mail.state == "outgoing" and not mail.model
        )
        if "mail_gateway_trace" in self.env.context:
            loose = self.browse()
        if loose and KEPT_KEY not in self.env.cr.postcommit.data:
            self.env.cr.postcommit.data[KEPT_KEY] = []
            self.env.cr.postcommit.add(self._gateway_queue_undone)
        for mail, written_in in loose._gateway_written_in():
            # Contacts may be new, and undone as well: their addresses stay.
            values = {name: mail[name] for name in KEPT_FIELDS}
            addresses = [mail.email_to, *mail.recipient_ids.mapped("email_formatted")]
            values["email_to"] = ", ".join(filter(None, addresses))
            self.env.cr.postcommit.data[KEPT_KEY].append((written_in, values))
        return super()._gateway_make_urgent()

    def _gateway_written_in(self):
        """Return each mail with the subtransaction that wrote its row, as an xid8.

        A row has but the lower half of it (PostgreSQL, "Transactions and Identifiers").
        """
        if not self:
            return []
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, (pg_current_xact_id()::text::numeric"
                " - mod(pg_current_xact_id()::text::numeric, 4294967296)"
                " + xmin::text::numeric)::text FROM mail_mail WHERE id IN %s",
                tuple(self.ids),
            )
        )
        return [(self.browse(mail_id), xid) for mail_id, xid in rows]

    def _gateway_queue_undone(self):
        """Queue once more what was kept and undone, now that all else is committed."""
        kept = self.env.cr.postcommit.data.pop(KEPT_KEY, [])
        try:
            with Registry(self.env.cr.dbname).cursor() as cr:
                # sudo: it was queued with the rights of whoever sent it
                mails = api.Environment(cr, SUPERUSER_ID, {})["mail.mail"]
                undone = [
                    values for xid, values in kept if mails._gateway_is_undone(xid)
                ]
                for values in undone:
                    mails.create(values)._gateway_make_urgent()
        except Exception:  # the commit that this follows has been made
            _logger.exception("Mail that its sender took back is not queued")

    @api.model
    def _gateway_is_undone(self, xid):
        """Say whether a subtransaction was rolled back, whatever became of its rows."""
        [(status,)] = self.env.execute_query(
            SQL("SELECT pg_xact_status(%s::xid8)", xid)
        )
        return status == "aborted"
