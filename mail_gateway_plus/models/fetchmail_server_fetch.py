import logging
import random
from contextlib import suppress
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import plaintext2html

from odoo.addons.mail.models.fetchmail import MAIL_SERVER_DOMAIN

from ..core.policy.polling import FAILURES_UNTIL_TOLD, next_wait
from ..core.policy.progress import Listing, StartPolicy, next_question
from ..core.protocols.mailbox import MessageRef, as_mailbox, batches

_logger = logging.getLogger(__name__)

# Messages that one mailbox may bring into the journal before the others get a turn.
MESSAGES_PER_TURN = 500
# Messages of earlier runs that one run takes care of in the mailbox.
CHORES_PER_TURN = 500
# What counts as the interval of a failing mailbox that is read at every run.
SHORTEST_INTERVAL = timedelta(minutes=1)


class FetchmailServerFetch(models.Model):
    """Bringing messages from the mailboxes into the journal."""

    _inherit = "fetchmail.server"

    def _fetch_mail(self, batch_limit=MESSAGES_PER_TURN):
        """Bring the new messages of these mailboxes into the journal.

        Called by Odoo's cron and by *Fetch Now*; turning them into records is the
        journal's own job.

        :param batch_limit: messages a mailbox before the next one gets its turn
        :returns: the last exception, or ``None`` when every mailbox was read
        """
        result = None
        servers = self.with_context(fetchmail_cron_running=True)._in_turn()
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(servers))
        waiting = 0
        for position, server in enumerate(servers, start=1):
            locked = server.try_lock_for_update(allow_referencing=True)
            if not locked.filtered_domain(MAIL_SERVER_DOMAIN):
                _logger.info("Mailbox %s is not read: in use or changed", server.id)
                continue
            try:
                waiting += server._fetch_into_journal(batch_limit)
            except Exception as error:
                result = error
                server._note_failure(error)
            else:
                server._note_success()
            # The journal's cursor wrote the cron's progress meanwhile: only a new
            # transaction may write it again.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            left = len(servers) - position
            if not cron._commit_progress(remaining=left + waiting):
                break
        servers._wake_for_next_poll()
        return result

    def _in_turn(self):
        """Return the mailboxes to read now, longest without a visit first.

        A slow mailbox cannot starve the others that way. The scheduler passes over
        those that are not due; *Fetch Now* asks for its mailbox at any time.
        """
        servers = self
        if self.env.context.get("cron_id"):
            now = fields.Datetime.now()
            servers = self.filtered(
                lambda server: not server.next_poll_at or server.next_poll_at <= now
            )
        never = fields.Datetime.now().min
        return servers.sorted(lambda server: server.date or never)

    def _wake_for_next_poll(self):
        """Have the scheduler come back for the mailbox that is due next."""
        # Who is due at every run waits for the next one: waking it for now would make
        # it run without a pause.
        now = fields.Datetime.now()
        due = [s.next_poll_at for s in self if s.next_poll_at and s.next_poll_at > now]
        if due and self.env.context.get("cron_id"):
            self.env.ref("mail.ir_cron_mail_gateway_action").sudo()._trigger(min(due))

    # ----------------------------------------------------------------- one mailbox

    def _fetch_into_journal(self, limit):
        """Fetch up to ``limit`` messages of one mailbox.

        :returns: 1 when the mailbox had more than time or limit allowed, else 0

        The journal has its own cursor, so that its commits leave the lock on the
        mailbox in place: no other worker reads it at the same time.
        """
        mailbox = as_mailbox(self._connect__())
        try:
            with self.env.registry.cursor() as cr:
                journal = self.env(cr=cr)["mail.gateway.inbound"]
                is_empty = True
                for name in self._folder_names():
                    mailbox.open(name)
                    ledger = journal.env["mail.gateway.folder"]._of(self, name)
                    is_empty &= self._drain(mailbox, ledger, journal, limit)
                    self._do_chores(mailbox, name, journal)
                mailbox.close()
                if mailbox.acknowledges_on_close:
                    journal._mark_acknowledged(self, mailbox.acknowledged)
        except BaseException:
            with suppress(Exception):
                mailbox.abandon()
            raise
        return 0 if is_empty else 1

    def _drain(self, mailbox, ledger, journal, limit):
        """Journal and acknowledge what is new in the open folder.

        :returns: whether the folder was read to its end
        """
        status = mailbox.status
        uidvalidity = status.uidvalidity if status else ""
        progress = ledger._progress()
        question = next_question(progress, uidvalidity, StartPolicy(self.start_policy))
        refs = mailbox.find(question)
        if progress.uidvalidity == uidvalidity:
            missing = [
                MessageRef(ledger.name, uidvalidity, u) for u in progress.missing
            ]
            refs = mailbox.exist(missing) + refs if missing else refs
        known = journal._known(self, refs)
        if known:  # journaled before, but the acknowledgement did not get through
            self._acknowledge(mailbox, journal, known)
        new = [ref for ref in refs if ref not in set(known)]
        got = set()
        for batch in batches(mailbox.download(new[:limit])):
            journal._store(self, batch, is_renumbered=question.listing is Listing.SINCE)
            if uidvalidity and question.advances_by_uid:
                ledger._advance(uidvalidity, max(int(m.ref.uid) for m in batch))
            time_left = journal.env["ir.cron"]._commit_progress(len(batch))
            # Only now, after the commit, may the mailbox forget them.
            self._acknowledge(mailbox, journal, [message.ref for message in batch])
            got.update(message.ref for message in batch)
            if not time_left:
                return False
        if len(new) > limit:
            return False
        if uidvalidity:
            listed = mailbox.exist([ref for ref in new if ref not in got])
            ledger._complete(status, refs, listed)
        # A connection that downloads to list gives one batch at a time.
        return bool(status) or not new

    def _acknowledge(self, mailbox, journal, refs):
        mailbox.acknowledge(refs, self._aftercare())
        if not mailbox.acknowledges_on_close:
            journal._mark_acknowledged(self, refs)

    def _do_chores(self, mailbox, folder, journal):
        """Do in the open folder what earlier runs left to do.

        What the journal notes here is committed after the session was closed in good
        order, as with POP3 nothing is deleted before.
        """
        if not mailbox.status:
            return
        here = Domain(
            [
                ("server_id", "=", self.id),
                ("folder", "=", folder),
                ("uidvalidity", "=", mailbox.status.uidvalidity),
            ]
        )

        def find(*condition):
            return journal.search(here & Domain([*condition]), limit=CHORES_PER_TURN)

        if rows := find(("acknowledged_at", "=", False)):
            self._acknowledge(mailbox, journal, rows._refs())
        if rows := find(("remove_at", "<=", fields.Datetime.now())):
            mailbox.remove(rows._refs())
            rows.write({"remove_at": False})
        if self.failed_folder:
            parked = ("state", "=", "quarantined"), ("is_set_aside", "=", False)
            if rows := find(*parked):
                mailbox.move(rows._refs(), self.failed_folder)
                rows.write({"is_set_aside": True})

    # --------------------------------------------------------------------- outcome

    def _note_success(self):
        now = fields.Datetime.now()
        self.alert_ids.sudo().unlink()
        wait = next_wait(timedelta(minutes=self.poll_minutes), 0, 0)
        self.write(
            {
                "date": now,
                "error_date": False,
                "error_message": False,
                "failure_count": 0,
                "next_poll_at": now + wait,
            }
        )

    def _note_failure(self, error):
        """Keep the failure on the mailbox, which goes on being tried, less often."""
        _logger.warning("Mailbox %s could not be read", self.id, exc_info=True)
        now = fields.Datetime.now()
        failures = self.failure_count + 1
        interval = max(timedelta(minutes=self.poll_minutes), SHORTEST_INTERVAL)
        self.write(
            {
                "date": now,
                "error_date": self.error_date or now,
                "error_message": self._explain(error),
                "failure_count": failures,
                "next_poll_at": now + next_wait(interval, failures, random.random()),
            }
        )
        if failures == FAILURES_UNTIL_TOLD:
            try:
                with self.env.cr.savepoint():
                    self._tell_administrators()
            except Exception:
                _logger.exception("Nobody could be told about mailbox %s", self.id)

    def _tell_administrators(self):
        """Tell by activity and by mail that a mailbox cannot be read."""
        title = self.env._("The mailbox %s cannot be read", self.name)
        administrators = self.env.ref("base.group_system").all_user_ids.filtered(
            lambda user: user.active and not user.share
        )
        for user in administrators:
            # On the person's own contact: an activity needs a record with a chatter,
            # and a server has none. Without Odoo's own mail: ours says more.
            contact = user.partner_id.with_context(mail_activity_quick_update=True)
            self.alert_ids += contact.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=title,
                # The server's words are text, whatever they look like.
                note=plaintext2html(self.error_message),
                user_id=user.id,
            )
        self.env["mail.mail"].sudo().create(
            {
                "subject": title,
                "body_html": self.env["ir.qweb"]._render(
                    "mail_gateway_plus.mailbox_unreadable", {"server": self}
                ),
                "recipient_ids": administrators.partner_id.ids,
                "auto_delete": True,
            }
        )
