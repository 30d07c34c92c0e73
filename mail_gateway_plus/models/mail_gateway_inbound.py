from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.parsing.envelope import MAX_HEADER_BYTES, header_section
from ..core.policy.outcome import State
from ..core.policy.rest import ON_SERVER
from ..parameters import ROW_RETENTION, kept_since

# System parameter, and the days that hold when it is not set: how long a settled
# message's content is kept.
CONTENT_RETENTION = ("mail_gateway_plus.content_retention_days", 30)
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
    received_at = fields.Datetime(
        string="Received",
        readonly=True,
        help="When the first server of ours took it in: by its Received line, else "
        "when it came into the mailbox, else when it was fetched. No sender has a say "
        "in it; deadlines count from here.",
    )
    acknowledged_at = fields.Datetime(
        string="Acknowledged",
        readonly=True,
        help="When the mailbox was told that we hold it. Empty: it still shows there "
        "as unhandled and will be told again.",
    )
    remove_at = fields.Datetime(
        string="Delete on Server",
        readonly=True,
        help="When the mailbox's copy is to be deleted.",
    )
    is_retired = fields.Boolean(
        readonly=True,
        help="Whether a POP server was told to delete the message, and so may give its "
        "name to another one.",
    )
    is_set_aside = fields.Boolean(
        readonly=True,
        help="Whether the mailbox's copy was moved to the folder for what is "
        "quarantined.",
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
        help="Quarantined messages wait for a person to decide about them.",
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
    parked_under = fields.Char(
        readonly=True,
        help="Digest of the addons' versions under which processing failed, while an "
        "update of them may still mend it. Empty: only a person can help.",
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
    # Also for whatever asks for a mailbox alone.
    _day_idx = models.Index("(server_id, fetched_at) WHERE server_id IS NOT NULL")
    # The queue and the quarantine: only open rows are in their indexes, so that their
    # cost does not grow with the journal's history.
    _queue_idx = models.Index("(retry_at, id) WHERE state IN ('pending', 'retry')")
    _parked_idx = models.Index("(id) WHERE state = 'quarantined'")
    _unacknowledged_idx = models.Index("(server_id) WHERE acknowledged_at IS NULL")
    _remove_idx = models.Index("(server_id, remove_at) WHERE remove_at IS NOT NULL")
    _ordered_idx = models.Index("(server_id) WHERE rest_state = 'ordered'")
    _settled_idx = models.Index("(settled_at) WHERE settled_at IS NOT NULL")

    # ---------------------------------------------------------------------- fields

    def _compute_headers(self):
        for row in self:
            raw = self.env["mail.gateway.raw"].sudo()._read(row.id, 0, MAX_HEADER_BYTES)
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

    # ------------------------------------------------------------------- retention

    # What is quarantined is not settled: it stays until a person decides.

    @api.autovacuum
    def _gc_content(self):
        """Forget the content of messages whose fate was decided long enough ago."""
        rows = self._settled_before(CONTENT_RETENTION, ("has_raw", "=", True))
        self.env["mail.gateway.raw"]._forget(rows.ids)
        rows.write({"has_raw": False})
        return len(rows), len(rows) == GC_LIMIT

    @api.autovacuum
    def _gc_rows(self):
        """Forget messages altogether that the mailbox no longer offers."""
        rows = self._settled_before(
            ROW_RETENTION,
            "|",
            ("server_id", "=", False),  # there is nobody left to tell or to ask
            "&",
            ("acknowledged_at", "!=", False),
            ("rest_state", "not in", ON_SERVER),  # else it is still offered
        )
        rows.unlink()
        return len(rows), len(rows) == GC_LIMIT

    def _settled_before(self, parameter, *conditions):
        """Return rows settled more days ago than a system parameter says."""
        before = kept_since(self.env, parameter)
        domain = [("settled_at", "<", before), *conditions]
        return self.sudo().search(domain, order="settled_at", limit=GC_LIMIT)

    # --------------------------------------------------------------------- buttons

    def _check_operator(self):
        """Raise unless the user may decide the fate of these messages."""
        self.check_access("read")
        if not self._may_decide():
            raise AccessError(
                self.env._("Only operators of the mail gateway may do this.")
            )

    def _may_decide(self):
        """Say whether the user is one who decides about these messages."""
        return self.env.user.has_group("mail_gateway_plus.group_operator")

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
                "reason": self.env._("Retried by %s", self.env.user.name),
                "tries": 0,
                "retry_at": fields.Datetime.now(),
                "waiting_since": False,
                "settled_at": False,
            }
        )
        if len(rows) == 1:
            rows._as_gateway()._process()
        else:
            self._wake_processing()
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
