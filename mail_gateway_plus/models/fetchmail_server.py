import logging
from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.mail.models.fetchmail import MAIL_SERVER_DOMAIN

from ..core.policy.identity import DuplicatePolicy
from ..core.protocols.endpoint import DEFAULT_PORTS, Endpoint, Security
from ..core.protocols.imap import ImapMailbox
from ..core.protocols.mailbox import as_mailbox, batches
from ..core.protocols.pop3 import Pop3Mailbox

_logger = logging.getLogger(__name__)

# Messages that one mailbox may bring into the journal before the others get a turn.
MESSAGES_PER_TURN = 500


class FetchmailServer(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.confirmable"]

    # Odoo keeps it readable for whoever may read the server.
    password = fields.Char(groups="base.group_system")
    is_ssl = fields.Boolean(default=lambda self: self._entered_on_screen())
    connection_security = fields.Selection(
        [
            (Security.NONE.value, "None"),
            (Security.STARTTLS.value, "STARTTLS"),
            (Security.SSL.value, "SSL/TLS"),
        ],
        compute="_compute_connection_security",
        store=True,
        readonly=False,
        help="None: password and mail travel readable by everybody on the way.\n"
        "STARTTLS: encrypted before the login, on the usual port.\n"
        "SSL/TLS: encrypted from the start, on a port of its own.",
    )
    verify_certificate = fields.Boolean(
        default=True,
        help="Check that the server's certificate is valid, trusted by this machine "
        "and issued for the server's name. Without it anybody on the way can "
        "pretend to be the server.",
    )
    folder = fields.Char(
        default="INBOX", help="The IMAP folder to read; POP3 knows only one."
    )
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="The company in whose name its messages are processed; none means the "
        "main company.",
    )
    duplicate_policy = fields.Selection(
        [
            (DuplicatePolicy.DATABASE.value, "Once in all mailboxes"),
            (DuplicatePolicy.MAILBOX.value, "Once in each mailbox"),
        ],
        string="Same Message Twice",
        required=True,
        default=DuplicatePolicy.DATABASE.value,
        help="How often a message becomes a record that came to several mailboxes.\n"
        "Once in all mailboxes: the first one takes it, as Odoo has it.\n"
        "Once in each mailbox: this one makes a record of its own.",
    )
    parked_count = fields.Integer(
        compute="_compute_parked_count",
        help="Messages of this mailbox that wait for a person.",
    )

    @api.depends("is_ssl")
    def _compute_connection_security(self):
        for server in self:
            if server.is_ssl:
                server.connection_security = Security.SSL.value
            elif server.connection_security != Security.STARTTLS.value:
                server.connection_security = Security.NONE.value

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([_with_is_ssl(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(_with_is_ssl(vals))

    @api.onchange("connection_security")
    def _onchange_connection_security(self):
        """Set the registered port of the security, unless the port is one's own."""
        if not self.connection_security:
            return
        security = Security(self.connection_security)
        self.is_ssl = security is Security.SSL
        if not self._has_own_port():
            kind = self._get_connection_type()
            self.port = DEFAULT_PORTS.get((kind, security), self.port)

    def _has_own_port(self):
        return self.port and self.port not in DEFAULT_PORTS.values()

    @api.onchange("server_type", "is_ssl", "object_id")
    def onchange_server_type(self):
        """Keep a port of one's own; Odoo resets it with every choice."""
        own_port = self._has_own_port() and self.port
        result = super().onchange_server_type()
        if own_port and self.server_type in ("imap", "pop"):
            self.port = own_port
        return result

    def _compute_parked_count(self):
        counts = dict(
            self.env["mail.gateway.inbound"]._read_group(
                [("server_id", "in", self.ids), ("state", "=", "quarantined")],
                ["server_id"],
                ["__count"],
            )
        )
        for server in self:
            server.parked_count = counts.get(server, 0)

    def _connection_fields(self):
        return super()._connection_fields() | {
            "server_type",
            "server",
            "port",
            "is_ssl",
            "connection_security",
            "verify_certificate",
            "folder",
            "user",
            "password",
        }

    # ------------------------------------------------------------------- connecting

    def _connect__(self, allow_archived=False):
        """Return the mailbox, logged in, with its folder open.

        :returns: a :class:`~..core.protocols.mailbox.Mailbox` that has Odoo's four
            methods as well; for types of other addons, what they return
        """
        self.ensure_one()
        kind = self._get_connection_type()
        if kind not in ("imap", "pop"):
            return super()._connect__(allow_archived=allow_archived)
        if not allow_archived and not self.active:
            raise UserError(
                self.env._(
                    "The server “%s” cannot be used because it is archived.",
                    self.display_name,
                )
            )
        mailbox = (ImapMailbox if kind == "imap" else Pop3Mailbox)(self._endpoint())
        try:
            if kind == "imap":
                self._imap_login__(mailbox.login)
                mailbox.open(self.folder or "INBOX")
            else:
                mailbox.login(self.user, self.password)
                mailbox.open()
        except BaseException:
            mailbox.abandon()
            raise
        return mailbox

    def _endpoint(self):
        return Endpoint(
            host=self.server,
            port=self.port,
            security=Security(self.connection_security),
            verify=self.verify_certificate,
        )

    def button_confirm_login(self):
        """Connect, log in and open the folder; confirm the server if all went well.

        :returns: the client action that tells the user
        :raises UserError: with cause and remedy
        """
        status = None
        for server in self:
            status = server._probe()
            server.write({"state": "done", "error_date": False, "error_message": False})
        return self._notify_confirmed(status)

    def _probe(self):
        """Open the mailbox and return its status, or raise in the user's words."""
        try:
            mailbox = as_mailbox(self._connect__(allow_archived=True))
            status = mailbox.status
            mailbox.close()
        except UserError:
            raise
        except Exception as error:
            raise UserError(self._explain(error)) from error
        if status and not status.writable:
            raise UserError(
                self.env._(
                    "The folder “%s” can be read but not written: messages could not "
                    "be marked as handled. Give the account the right to set flags.",
                    status.folder,
                )
            )
        return status

    def _notify_confirmed(self, status):
        message = self.env._("Connected and logged in.")
        if status:
            message = self.env._(
                "Connected, logged in and opened the folder %(folder)s: it holds "
                "%(count)s messages.",
                folder=status.folder,
                count=status.messages,
            )
        title = self.env._("%s is confirmed", ", ".join(self.mapped("name")))
        return _notification(title, message)

    # --------------------------------------------------------------------- fetching

    def fetch_mail(self):
        """Fetch now, process what came, and tell the user how it went.

        :raises UserError: with cause and remedy when the mailbox cannot be read
        """
        self.ensure_one().check_access("write")
        journal = self.env["mail.gateway.inbound"].sudo()
        newest = journal.search([], limit=1).id
        error = self.sudo()._fetch_mail()
        if error is not None:
            raise UserError(self._explain(error)) from error
        journal._process_queue(self)
        came = journal.search([("id", ">", newest), ("server_id", "=", self.id)])
        return _notification(
            self.env._("%(count)s new messages", count=len(came)), came._tell_states()
        )

    def _fetch_mail(self, batch_limit=MESSAGES_PER_TURN):
        """Bring the new messages of these mailboxes into the journal.

        Called by Odoo's cron and by *Fetch Now*; turning them into records is the
        journal's own job.

        :param batch_limit: messages a mailbox before the next one gets its turn
        :returns: the last exception, or ``None`` when every mailbox was read
        """
        result = None
        # Longest without a visit first, so that a slow mailbox cannot starve others.
        servers = self.with_context(fetchmail_cron_running=True).sorted(
            lambda server: server.date or fields.Datetime.now().min
        )
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
                server.write({"error_date": False, "error_message": False})
            except Exception as error:
                result = error
                server._note_fetch_failure(error)
            server.date = fields.Datetime.now()
            # The journal's cursor wrote the cron's progress meanwhile: only a new
            # transaction may write it again.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            left = len(servers) - position
            if not cron._commit_progress(remaining=left + waiting):
                break
        return result

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
                is_empty = self._drain(mailbox, journal, limit)
                mailbox.close()
                if mailbox.acknowledges_on_close:
                    journal._mark_acknowledged(self, mailbox.acknowledged)
        except BaseException:
            with suppress(Exception):
                mailbox.abandon()
            raise
        return 0 if is_empty else 1

    def _drain(self, mailbox, journal, limit):
        """Journal and acknowledge until nothing is left, or time or limit is up.

        :returns: whether nothing is left
        """
        stored = 0
        while True:
            refs = mailbox.pending()
            known = journal._known(self, refs)
            if known:  # journaled before, but the acknowledgement did not get through
                self._acknowledge(mailbox, journal, known)
            new = [ref for ref in refs if ref not in set(known)]
            before = stored
            for batch in batches(mailbox.download(new[: limit - stored])):
                journal._store(self, batch)
                time_left = journal.env["ir.cron"]._commit_progress(len(batch))
                # Only now, after the commit, may the mailbox forget them.
                self._acknowledge(mailbox, journal, [m.ref for m in batch])
                stored += len(batch)
                if not time_left:
                    return False
            if stored == before:
                return stored < limit

    def _acknowledge(self, mailbox, journal, refs):
        mailbox.acknowledge(refs)
        if not mailbox.acknowledges_on_close:
            journal._mark_acknowledged(self, refs)

    def _note_fetch_failure(self, error):
        """Keep the failure on the mailbox, which goes on being tried."""
        _logger.warning("Mailbox %s could not be read", self.id, exc_info=True)
        self.write(
            {
                "error_date": self.error_date or fields.Datetime.now(),
                "error_message": self._explain(error),
            }
        )


def _with_is_ssl(vals):
    """Return ``vals`` with Odoo's own field saying what the security means.

    Not left to an inverse method: constraints of other addons look at the field
    before that would run.
    """
    if "connection_security" not in vals:
        return vals
    return {**vals, "is_ssl": vals["connection_security"] == Security.SSL.value}


def _notification(title, message):
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": "success",
            "title": title,
            "message": message,
            # Odoo's way to have the form reload (base, ir_mail_server.py).
            "next": {"type": "ir.actions.act_window_close"},
        },
    }
