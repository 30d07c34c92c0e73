from odoo import api, fields, models

from ..core.policy.identity import DuplicatePolicy
from ..core.policy.progress import StartPolicy
from ..core.protocols.after_fetch import AfterFetch
from ..core.protocols.endpoint import DEFAULT_PORTS, DEFAULT_TIMEOUT, Security

# Seconds; what Odoo gives a worker for one job (--limit-time-real).
DEFAULT_TIME_BUDGET = 120


class FetchmailServer(models.Model):
    _name = "fetchmail.server"
    _inherit = [
        "fetchmail.server",
        "mail.gateway.confirmable",
        "mail.gateway.alerting",
    ]

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
        string="Folders",
        default="INBOX",
        help="The IMAP folders to read, separated by commas; POP3 knows only one.",
    )
    folder_ids = fields.One2many(
        "mail.gateway.folder",
        "server_id",
        string="Ledger",
        readonly=True,
        help="How far each folder has been read.",
    )
    start_policy = fields.Selection(
        [
            (StartPolicy.ALL.value, "Everything"),
            (StartPolicy.UNREAD.value, "What is unread"),
            (StartPolicy.NEW.value, "Only what comes from now on"),
        ],
        string="Start With",
        default=StartPolicy.UNREAD.value,
        required=True,
        help="Which of the messages that an IMAP folder holds when the mailbox is "
        "confirmed are fetched. What comes after that is, whether somebody read it or "
        "not.",
    )
    after_fetch = fields.Selection(
        [
            (AfterFetch.LEAVE.value, "Leave as it is"),
            (AfterFetch.READ.value, "Mark as read"),
            (AfterFetch.KEYWORD.value, "Flag with a keyword"),
            (AfterFetch.MOVE.value, "Move to a folder"),
        ],
        default=AfterFetch.READ.value,
        required=True,
        help="What is done in the IMAP mailbox once the journal holds a message.",
    )
    after_fetch_keyword = fields.Char(
        string="Keyword",
        default="$Journaled",
        help="The keyword that marks fetched messages for other mail programs.",
    )
    after_fetch_folder = fields.Char(
        string="Move to",
        default="Processed",
        help="The folder that fetched messages are moved to; made when it is missing.",
    )
    failed_folder = fields.Char(
        string="Quarantined to",
        help="The folder that the originals of quarantined messages are moved to. "
        "Empty: they stay where they are.",
    )
    delete_from_server = fields.Boolean(
        compute="_compute_delete_from_server",
        store=True,
        readonly=False,
        help="Delete messages from the server once the journal holds them.",
    )
    delete_after_days = fields.Integer(
        string="Delete after days",
        help="For how many days messages stay on the server; 0: deleted at once.",
    )
    poll_minutes = fields.Integer(
        string="Read every (minutes)",
        help="0: each time that Odoo's scheduled action runs.",
    )
    timeout_seconds = fields.Integer(
        string="Timeout (seconds)",
        default=int(DEFAULT_TIMEOUT),
        help="A server that does not answer for so long counts as unreachable.",
    )
    time_budget = fields.Integer(
        string="Time (seconds)",
        default=DEFAULT_TIME_BUDGET,
        help="How long one reading of the mailbox may take; then the connection is "
        "cut, and the next reading goes on from there. The limits of Odoo's workers "
        "hold as well (limit_time_real_cron).",
    )
    is_slow = fields.Boolean(
        readonly=True,
        copy=False,
        help="Whether time was over before anything came. At the next reading large "
        "messages come in part, so that none stops those after it.",
    )
    next_poll_at = fields.Datetime(
        string="Next Read",
        readonly=True,
        copy=False,
        help="Before this time the scheduled action leaves the mailbox alone.",
    )
    failure_count = fields.Integer(
        readonly=True,
        copy=False,
        help="How often in a row the mailbox could not be read.",
    )
    alert_ids = fields.Many2many(
        "mail.activity",
        string="Alerts",
        readonly=True,
        copy=False,
        help="The activities by which administrators were told that the mailbox "
        "cannot be read.",
    )
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="The company in whose name its messages are processed; none means the "
        "main company.",
    )
    size_limit = fields.Integer(
        string="Size Limit (MB)",
        default=50,
        help="Of a larger message only the header and the text are fetched, with a "
        "list of the attachments; an operator can fetch the rest. Until then it stays "
        "on the server, even where messages are moved or deleted. 0: no limit, as with "
        "the mailboxes that were there before the gateway was installed.",
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

    @api.depends("server_type")
    def _compute_delete_from_server(self):
        """As Odoo does it: POP3 messages are deleted, IMAP messages stay."""
        for server in self:
            server.delete_from_server = server.server_type == "pop"

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


def _with_is_ssl(vals):
    """Return ``vals`` with Odoo's own field saying what the security means.

    Not left to an inverse method: constraints of other addons look at the field
    before that would run.
    """
    if "connection_security" not in vals:
        return vals
    return {**vals, "is_ssl": vals["connection_security"] == Security.SSL.value}
