import logging

from odoo import SUPERUSER_ID, api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL, email_split

_logger = logging.getLogger(__name__)

KEPT_KEY = "mail_gateway_plus.mails_to_outlive"
# With these in the context, mail that is undone shall not be sent.
NOT_KEPT = {"mail_gateway_trace", "mail_gateway_after_commit"}
KEPT_FIELDS = (
    "subject",
    "email_from",
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

    def send_after_commit(self):
        """As in stock Odoo, what is undone by then is not sent."""
        mails = self.with_context(mail_gateway_after_commit=True)
        return super(MailMailOutliving, mails).send_after_commit()

    def _gateway_make_urgent(self):
        """Keep a letter to one person, in case that its savepoint is undone.

        Not what an inbound message makes Odoo send: when that is undone, the message is
        tried again, and would send it each time.
        """
        letters, data = self._gateway_letters(), self.env.cr.postcommit.data
        if letters and KEPT_KEY not in data:
            data[KEPT_KEY] = {}
            self.env.cr.postcommit.add(self._gateway_queue_undone)
        for mail, written_in in letters._gateway_written_in():
            values = {name: mail[name] for name in KEPT_FIELDS}
            # The contact may be new, and undone as well: the address stays.
            values["email_to"] = mail.email_to or mail.recipient_ids.email_formatted
            values["mail_server_id"] = mail.mail_server_id.id
            data[KEPT_KEY].setdefault(mail.id, (written_in, values))
        return super()._gateway_make_urgent()

    def _gateway_letters(self):
        """Return the mails to one person that are about no record and hold no files."""
        if NOT_KEPT & self.env.context.keys():
            return self.browse()
        return self.sudo().filtered(
            lambda mail: (
                mail.state == "outgoing"
                and not (mail.model or mail.email_cc or mail.attachment_ids)
                and len(email_split(mail.email_to)) + len(mail.recipient_ids) == 1
            )
        )

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
        kept = self.env.cr.postcommit.data.pop(KEPT_KEY)
        try:
            with Registry(self.env.cr.dbname).cursor() as cr:
                # sudo: it was queued with the rights of whoever sent it
                mails = api.Environment(cr, SUPERUSER_ID, {})["mail.mail"]
                # One that is there was made before the savepoint, and changed in it.
                there = mails.browse(kept).exists().ids
                undone = [
                    values
                    for mail_id, (xid, values) in kept.items()
                    if mail_id not in there and mails._gateway_is_undone(xid)
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
