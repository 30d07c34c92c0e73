import traceback
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..advice import REASON_TEXT
from ..core.parsing.envelope import header_section, read_envelope
from ..core.policy.identity import fingerprint
from ..core.policy.outcome import Reason, State, Trace, conclude, has_no_route
from ..core.policy.retry import is_transient, next_wait

PROCESS_CRON = "mail_gateway_plus.ir_cron_process_inbound"
# Days that a settled message's content is kept when the parameter does not say.
RETENTION_PARAMETER = "mail_gateway_plus.content_retention_days"
DEFAULT_RETENTION_DAYS = 30
GC_LIMIT = 1000
# States from which a person may send a message through again.
RETRIABLE = (
    State.RETRY,
    State.QUARANTINED,
    State.IGNORED,
    State.DUPLICATE,
    State.DISCARDED,
)


class MailGatewayInbound(models.Model):
    """The journal: a message as it was fetched, and what became of it.

    A row and its bytes are committed before the mailbox is told anything. From then
    on the row is the message: it ends as a record, or stays where a person sees it.
    """

    _name = "mail.gateway.inbound"
    _description = "Inbound Message"
    _rec_name = "subject"
    _order = "id desc"

    server_id = fields.Many2one(
        "fetchmail.server",
        string="Mailbox",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        groups="base.group_system",
        help="The incoming server that the message was fetched from.",
    )
    server_name = fields.Char(
        string="Mailbox Name",
        readonly=True,
        help="The mailbox's name at the time; stays when the mailbox is deleted.",
    )
    company_id = fields.Many2one(
        "res.company",
        readonly=True,
        index="btree_not_null",
        help="The company that the mailbox belongs to; none means all.",
    )
    folder = fields.Char(readonly=True, help="The folder it was in.")
    uidvalidity = fields.Char(
        string="UID Validity",
        readonly=True,
        help="The folder's UIDVALIDITY; a UID means something only within it.",
    )
    uid = fields.Char(
        string="UID",
        readonly=True,
        help="The message's name in its folder: IMAP's UID, POP3's UIDL, or the "
        "fingerprint where the connection knows neither.",
    )
    fingerprint = fields.Char(
        readonly=True, index=True, help="SHA-256 of the message's content."
    )
    message_id = fields.Char(
        string="Message-ID",
        readonly=True,
        index="btree_not_null",
        help="As the sender wrote it: a hint, not an identity.",
    )
    email_from = fields.Char(string="From", readonly=True, help="The sender's From.")
    email_to = fields.Char(string="To", readonly=True, help="The visible recipients.")
    subject = fields.Char(readonly=True, help="The subject, decoded.")
    date = fields.Datetime(string="Sent", readonly=True, help="The message's own Date.")
    size = fields.Integer(readonly=True, help="Bytes as fetched.")
    headers = fields.Text(
        compute="_compute_headers", help="The header section, as far as it is kept."
    )
    fetched_at = fields.Datetime(
        string="Fetched", readonly=True, help="When it was written into the journal."
    )
    acknowledged_at = fields.Datetime(
        string="Acknowledged",
        readonly=True,
        help="When the mailbox was told that we hold it. Empty: it still shows there "
        "as unhandled and will be told again.",
    )
    state = fields.Selection(
        [
            (State.PENDING.value, "To Process"),
            (State.RETRY.value, "To Retry"),
            (State.QUARANTINED.value, "Quarantined"),
            (State.DONE.value, "Done"),
            (State.IGNORED.value, "Ignored"),
            (State.DUPLICATE.value, "Duplicate"),
            (State.DISCARDED.value, "Discarded"),
        ],
        required=True,
        default=State.PENDING.value,
        readonly=True,
        help="Quarantined messages wait for a person to retry or discard them.",
    )
    reason = fields.Text(readonly=True, help="Why it is in this state.")
    error_trace = fields.Text(
        string="Technical Details",
        readonly=True,
        groups="base.group_system",
        help="The traceback of the last failure.",
    )
    tries = fields.Integer(readonly=True, help="How often processing was tried.")
    retry_at = fields.Datetime(
        string="Next Try", readonly=True, help="When it is processed next."
    )
    settled_at = fields.Datetime(
        string="Settled",
        readonly=True,
        help="When its fate was decided: a record, a verdict or a person's word.",
    )
    has_raw = fields.Boolean(
        string="Content Kept",
        readonly=True,
        help="Whether the message itself is still in the journal.",
    )
    res_model = fields.Char(
        string="Record Type", readonly=True, help="The model of the record it became."
    )
    res_id = fields.Many2oneReference(
        string="Record ID",
        model_field="res_model",
        readonly=True,
        help="The record it became, or that it was added to.",
    )
    record_name = fields.Char(
        string="Record",
        compute="_compute_record_name",
        help="The name of the record, if you may see it.",
    )

    _identity_unique = models.UniqueIndex(
        "(server_id, folder, uidvalidity, uid)",
        "The journal holds this message already.",
    )
    # The queue, and what is left to forget: only such rows are in these indexes, so
    # their cost does not grow with the journal's history.
    _queue_idx = models.Index("(retry_at, id) WHERE state IN ('pending', 'retry')")
    _parked_idx = models.Index("(id) WHERE state = 'quarantined'")
    _raw_idx = models.Index("(settled_at) WHERE has_raw AND settled_at IS NOT NULL")

    # ---------------------------------------------------------------------- fields

    def _compute_headers(self):
        for row in self:
            raw = self.env["mail.gateway.raw"].sudo()._read(row.id)
            row.headers = header_section(raw).decode("utf-8", "replace").strip()

    @api.depends("res_model", "res_id")
    def _compute_record_name(self):
        for row in self:
            row.record_name = row._visible_record().display_name

    def _visible_record(self):
        """Return the record it became, empty if there is none or it is not ours."""
        self.ensure_one()
        if self.res_model not in self.env:
            return self.browse()
        record = self.env[self.res_model].browse(self.res_id).exists()
        return record._filtered_access("read")

    # --------------------------------------------------------------------- writing

    def _store(self, server, messages):
        """Write messages into the journal; one that it holds already is left alone.

        :param messages: a list of :class:`~..core.protocols.mailbox.FetchedMessage`
        :returns: how many were new

        Nothing is safe before the caller's commit; the mailbox must not be told
        earlier.
        """
        raw_store = self.env["mail.gateway.raw"]
        stored = 0
        for message in messages:
            row_id = self._insert(server, message)
            if row_id:
                raw_store._store(row_id, message.raw)
                stored += 1
        if stored:
            self._wake_processing()
        return stored

    def _insert(self, server, message):
        """Insert one row and return its id, or ``None`` if its identity is known.

        The unique index decides, so that two sessions on one mailbox cannot both
        journal a message.
        """
        envelope = read_envelope(message.raw)
        now = fields.Datetime.now()
        values = {
            "server_id": server.id,
            "server_name": server.name,
            "company_id": server.company_id.id or None,
            "folder": message.ref.folder,
            "uidvalidity": message.ref.uidvalidity,
            "uid": message.ref.uid,
            "fingerprint": fingerprint(message.raw),
            "message_id": envelope.message_id or None,
            "email_from": envelope.email_from,
            "email_to": envelope.email_to,
            "subject": envelope.subject,
            "date": envelope.date,
            "size": len(message.raw),
            "fetched_at": now,
            "retry_at": now,
            "state": State.PENDING.value,
            "has_raw": True,
            "tries": 0,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO mail_gateway_inbound (%s) VALUES (%s)
                ON CONFLICT (server_id, folder, uidvalidity, uid) DO NOTHING
                RETURNING id
                """,
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(SQL("%s", value) for value in values.values()),
            )
        )
        return rows[0][0] if rows else None

    def _known(self, server, refs):
        """Return those of ``refs`` that the journal holds."""
        found = self.env.execute_query(
            SQL(
                "SELECT folder, uidvalidity, uid FROM mail_gateway_inbound"
                " WHERE server_id = %s AND uid = ANY(%s)",
                server.id,
                [ref.uid for ref in refs],
            )
        )
        identities = set(found)
        return [r for r in refs if (r.folder, r.uidvalidity, r.uid) in identities]

    def _mark_acknowledged(self, server, refs):
        """Note that the mailbox was told about these messages."""
        rows = self.search(
            [
                ("server_id", "=", server.id),
                ("uid", "in", [ref.uid for ref in refs]),
                ("acknowledged_at", "=", False),
            ]
        )
        rows.write({"acknowledged_at": fields.Datetime.now()})

    @api.autovacuum
    def _gc_content(self):
        """Forget the content of messages whose fate was decided long enough ago.

        What is quarantined is not settled: its content stays until a person decides.
        """
        days = int(
            self.env["ir.config_parameter"]
            .sudo()
            .get_param(RETENTION_PARAMETER, DEFAULT_RETENTION_DAYS)
        )
        before = fields.Datetime.now() - timedelta(days=days)
        rows = self.sudo().search(
            [("has_raw", "=", True), ("settled_at", "<", before)], limit=GC_LIMIT
        )
        self.env["mail.gateway.raw"]._forget(rows.ids)
        rows.write({"has_raw": False})
        return len(rows), len(rows) == GC_LIMIT

    # ------------------------------------------------------------------ processing

    @api.model
    def _wake_processing(self, at=None):
        """Have the scheduler process the journal now, or at the given time."""
        self.env.ref(PROCESS_CRON).sudo()._trigger(at)

    @api.model
    def _process_queue(self, server=None):
        """Process every message that is due, a transaction each.

        :param server: only those of this mailbox, as *Fetch Now* does
        """
        cron = self.env["ir.cron"]
        time_left = cron._commit_progress(remaining=self._count_due(server))
        while time_left:
            try:
                row = self._claim(server)
                if not row:
                    break
                row._process()
                time_left = cron._commit_progress(1)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Another worker was quicker with this row: its work stands.
                self.env.cr.rollback()

    def _due_condition(self, server):
        """Return the SQL condition of the rows that may be processed now."""
        condition = SQL(
            "state IN ('pending', 'retry') AND retry_at <= %s", fields.Datetime.now()
        )
        if server:
            condition = SQL("%s AND server_id = %s", condition, server.id)
        return condition

    def _count_due(self, server):
        rows = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM mail_gateway_inbound WHERE %s",
                self._due_condition(server),
            )
        )
        return rows[0][0]

    def _claim(self, server):
        """Lock and return the oldest due row that no other worker has, or none.

        The lock lasts until the commit that settles the row, so a killed worker
        leaves its row to the others.
        """
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM mail_gateway_inbound WHERE %s ORDER BY retry_at, id"
                " LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
                self._due_condition(server),
            )
        )
        return self.browse(row_id for (row_id,) in rows)

    def _process(self):
        """Turn one claimed message into a record, or note why not."""
        self.ensure_one()
        trace = Trace()
        server = self.server_id
        thread = self.env["mail.thread"].with_context(
            mail_gateway_trace=trace,
            default_fetchmail_server_id=server.id,
            # What the new record makes Odoo send waits in its queue: a mail must not
            # leave before the record that it speaks of is committed.
            mail_notify_force_send=False,
        )
        if self.company_id:
            thread = thread.with_company(self.company_id)
        try:
            with self.env.cr.savepoint():
                thread.message_process(
                    server.object_id.model,
                    self.env["mail.gateway.raw"]._read(self.id),
                    save_original=server.original,
                    strip_attachments=bool(server) and not server.attach,
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, it gets a reason
            self._note_failure(error, trace)
        else:
            self._note_outcome(conclude(trace), trace)

    def _note_outcome(self, outcome, trace):
        self.write(
            {
                "state": outcome.state.value,
                "reason": outcome.reason and self.env._(REASON_TEXT[outcome.reason]),
                "error_trace": False,
                "tries": self.tries + 1,
                "retry_at": False,
                "settled_at": (
                    outcome.state is not State.QUARANTINED and fields.Datetime.now()
                ),
                "res_model": trace.model or False,
                "res_id": trace.record_id or False,
            }
        )

    def _note_failure(self, error, trace):
        tries = self.tries + 1
        wait = next_wait(tries) if is_transient(error) else None
        values = {
            "state": (State.RETRY if wait else State.QUARANTINED).value,
            "reason": self._failure_reason(error, trace),
            "error_trace": "".join(traceback.format_exception(error)),
            "tries": tries,
            "retry_at": wait and fields.Datetime.now() + wait,
        }
        self.write(values)
        if wait:
            self._wake_processing(values["retry_at"])

    def _failure_reason(self, error, trace):
        if has_no_route(trace, error):
            return self.env._(REASON_TEXT[Reason.NO_ROUTE])
        words = str(error).strip() or type(error).__name__
        return self.env._(
            "Odoo could not process it: %(error)s (%(kind)s)",
            error=words,
            kind=type(error).__name__,
        )

    def _tell_states(self):
        """Return how many of these messages are in which state, for a person."""
        if not self:
            return self.env._("The mailbox holds nothing that is not known already.")
        labels = dict(self._fields["state"]._description_selection(self.env))
        counts = self.grouped("state")
        return ", ".join(f"{labels[s]}: {len(rows)}" for s, rows in counts.items())

    # --------------------------------------------------------------------- buttons

    def _check_operator(self):
        """Raise unless the user may decide the fate of these messages."""
        self.check_access("read")
        if not self.env.user.has_group("mail_gateway_plus.group_operator"):
            raise AccessError(
                self.env._("Only operators of the mail gateway may do this.")
            )

    def action_retry(self):
        """Process again: one message at once, many by the scheduler."""
        self._check_operator()
        rows = self.sudo().filtered(lambda row: row.state in RETRIABLE and row.has_raw)
        if not rows:
            raise UserError(
                self.env._(
                    "Nothing to retry: these messages are done, or their content is "
                    "no longer kept."
                )
            )
        rows.write(
            {
                "state": State.PENDING.value,
                "reason": False,
                "tries": 0,
                "retry_at": fields.Datetime.now(),
                "settled_at": False,
            }
        )
        if len(rows) == 1:
            # As the scheduler does it: the gateway's user decides on authorship.
            rows.with_user(self.env.ref("base.user_root")).sudo()._process()
        else:
            self._wake_processing()
        return True

    def action_discard(self):
        """Settle as not wanted; the content stays until its retention is over."""
        self._check_operator()
        rows = self.sudo().filtered(lambda row: row.state != State.DONE.value)
        rows.write(
            {
                "state": State.DISCARDED.value,
                "reason": self.env._("Discarded by %s", self.env.user.name),
                "retry_at": False,
                "settled_at": fields.Datetime.now(),
            }
        )
        return True

    def action_open_record(self):
        """Open the record that the message became."""
        self.ensure_one()
        record = self._visible_record()
        if not record:
            raise UserError(
                self.env._("The record no longer exists, or you may not see it.")
            )
        return record.get_formview_action()
