import logging
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.sql import escape_psql

from ..core.tasks import call, run
from .own_transaction import own_transaction

_logger = logging.getLogger(__name__)

LOOK_UP_CRON = "mail_gateway_plus.ir_cron_look_up_sent"
# A provider may take its time to file what it has accepted.
LOOK_UP_AFTER = (timedelta(minutes=1), timedelta(minutes=10))
# What was not found for so long will not be.
LOOK_UP_FOR = timedelta(days=1)
LOOKED_UP_AT_ONCE = 50
MAILBOXES_AT_ONCE = 4


class MailMailSentFolder(models.Model):
    """Uncertain mail is looked up where its account files what it has sent."""

    _inherit = "mail.mail"

    gateway_proof = fields.Char(
        string="Proof",
        readonly=True,
        copy=False,
        help="Where an uncertain mail was found, so that it has arrived.",
    )

    def action_look_in_sent_folder(self):
        """Look uncertain mail up now; return the client action that tells the user."""
        mails = self.filtered(lambda mail: mail.state == "uncertain")
        found, looked, shared = mails._gateway_look_up_sent()
        message = self.env._("Found in the folder of sent mail: %s", len(found))
        if not looked:
            message = self.env._(
                "No incoming IMAP server reads the account that has sent it, or its "
                "folder of sent mail cannot be read."
            )
        elif shared and not found:
            message = shared._gateway_told_shared()
        elif not found:
            message = self.env._("It is not in the account's folder of sent mail.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if found else "warning",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _gateway_look_up_uncertain(self):
        """Look up what became uncertain lately, as a scheduled action."""
        since = fields.Datetime.now() - LOOK_UP_FOR
        mails = self.sudo().search(
            [("state", "=", "uncertain"), ("write_date", ">", since)],
            order="id desc",
            limit=LOOKED_UP_AT_ONCE,
        )
        mails._gateway_look_up_sent()

    def _gateway_look_up_sent(self):
        """Take those mails for sent that are in their account's folder of sent mail.

        :returns: the mails that are, those that could be looked up at all, and those
            that are there but cannot be told from others
        """
        wanted = self._gateway_sent_messages()
        by_mailbox = defaultdict(dict)
        for mail, (mailbox, message_ids) in wanted.items():
            by_mailbox[mailbox][mail] = message_ids
        results = {}
        tasks = (
            self._gateway_search_sent(mailbox, mails, results)
            for mailbox, mails in by_mailbox.items()
        )
        run(tasks, MAILBOXES_AT_ONCE)
        found, looked, shared = self.browse(), self.browse(), self.browse()
        for mailbox, (folder, message_ids) in results.items():
            for mail, wanted_ids in by_mailbox[mailbox].items():
                looked += mail
                if not wanted_ids <= message_ids:
                    continue
                if self._gateway_is_shared(wanted_ids):
                    shared += mail
                    mail._gateway_note_shared()
                else:
                    found += mail
                    mail._gateway_note_found(mailbox, folder)
        return found, looked, shared

    def _gateway_search_sent(self, mailbox, mails, results):
        """A task: search one account; a failure leaves its mails uncertain."""
        message_ids = sorted(set().union(*mails.values()))
        try:
            dial = mailbox.with_context(mail_gateway_dial_only=True)._connect__()
            session = yield call(True, dial.connect)
            try:
                folder, found = yield call(True, session.find_sent, message_ids)
            finally:
                yield call(True, session.abandon)
        except Exception:
            _logger.warning(
                "Sent mail of %s cannot be looked up", mailbox.id, exc_info=True
            )
            return
        if folder is not None:
            results[mailbox] = folder, found

    def _gateway_sent_messages(self):
        """Return, by mail, the mailbox of its account and the messages in question."""
        attempts = self.env["mail.gateway.attempt"].sudo()
        rows = attempts.search(
            [("mail_id", "in", self.ids), ("outcome", "=", "uncertain")], order="id"
        )
        wanted = {}
        for mail, own in rows.grouped("mail_id").items():
            mailbox = self._gateway_mailbox_of(own[-1:].server_id)
            message_ids = set(filter(None, own.mapped("message_id")))
            if mailbox and message_ids:
                wanted[mail.with_env(self.env)] = mailbox, message_ids
        return wanted

    @api.model
    def _gateway_mailbox_of(self, server):
        """Return the incoming IMAP server of the account that an outgoing one has."""
        mailboxes = self.env["fetchmail.server"].sudo()
        if not server.smtp_user:
            return mailboxes
        found = mailboxes.search(
            [("user", "=ilike", escape_psql(server.smtp_user)), ("state", "=", "done")]
        )
        return found.filtered(lambda each: each._get_connection_type() == "imap")[:1]

    @api.model
    def _gateway_is_shared(self, message_ids):
        """Say whether more than one message may be in the folder under these names.

        Each contact has a message, and a posting to several groups of recipients is
        several mails: all have the same Message-ID. Read anew, as others may have been
        sent since the look-up began.
        """
        domain = [
            ("message_id", "in", list(message_ids)),
            ("outcome", "in", ("accepted", "partial", "uncertain")),
        ]
        with own_transaction(self.env) as env:
            return env["mail.gateway.attempt"].sudo().search_count(domain, limit=2) > 1

    def _gateway_told_shared(self):
        return self.env._(
            "The folder of sent mail cannot tell: several messages were sent under the "
            "same Message-ID, one for each contact, and the one that is there may be "
            "another one's."
        )

    def _gateway_note_shared(self):
        """Write down, once, why the folder does not settle it."""
        reason, told = self.failure_reason or "", self._gateway_told_shared()
        if told not in reason:
            self.failure_reason = f"{reason}\n{told}".strip()

    def _gateway_note_found(self, mailbox, folder):
        """Write down that it arrived, and how that is known."""
        proof = self.env._(
            "Found in the folder %(folder)s of %(mailbox)s",
            folder=folder,
            mailbox=mailbox.name,
        )
        rows = self.env["mail.gateway.attempt"].sudo()
        rows = rows.search([("mail_id", "=", self.id), ("outcome", "=", "uncertain")])
        for row in rows:
            row.write({"outcome": "accepted", "reply": f"{row.reply or ''}\n{proof}"})
        self.gateway_proof = proof
        self.action_it_arrived()

    def _gateway_note_uncertain(self, reason, reached):
        """Have it looked up soon, where that is possible."""
        result = super()._gateway_note_uncertain(reason, reached)
        cron = self.env.ref(LOOK_UP_CRON).sudo()
        # Rounded up to minutes: one wake-up for all that become uncertain together.
        now = fields.Datetime.now().replace(second=0)
        for wait in LOOK_UP_AFTER:
            at = now + wait + timedelta(minutes=1)
            triggers = self.env["ir.cron.trigger"].sudo()
            if not triggers.search_count(
                [("cron_id", "=", cron.id), ("call_at", "=", at)], limit=1
            ):
                cron._trigger(at)
        return result
