from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ..core.discovery.names import is_dns_available
from ..core.trust.claim import seen_results
from ..core.trust.domains import read_names
from ..core.trust.signatures import is_dkim_available
from ..core.trust.stance import Stance
from ..core.trust.verdict import TrustSettings
from .mail_gateway_seen_voucher import RESULTS, SEAL

# Of the newest messages so many are looked at, so many bytes of each.
SEEN_MESSAGES = 20
SEEN_BYTES = 64 * 1024
# Of each kind so many names are shown.
SEEN_NAMES = 10


class FetchmailServerSenders(models.Model):
    """Which senders a mailbox believes, and what it does about the others."""

    _inherit = "fetchmail.server"

    sender_policy = fields.Selection(
        [
            (Stance.ODOO.value, "As Odoo does: believe everybody"),
            (Stance.UNKNOWN.value, "Accept as an unknown sender"),
            (Stance.PARK.value, "Quarantine"),
            (Stance.REFUSE.value, "Ignore"),
        ],
        string="Unverified Sender with an Address of Ours",
        required=True,
        default=Stance.UNKNOWN.value,
        help="What becomes of a message that names one of our users, or an address of "
        "our mail domains, as its sender without proof.\n"
        "As Odoo does: anybody can write in any colleague's name.\n"
        "Accept as an unknown sender: it becomes a record that says so, of nobody's.\n"
        "Quarantine: a person decides. Ignore: it stays in the journal only.\n"
        "Except with the first, no unverified sender acts as a user, passes an alias "
        "that is restricted to some, or gets an error message.",
    )
    failed_policy = fields.Selection(
        [
            (Stance.ACCEPT.value, "Accept"),
            (Stance.UNKNOWN.value, "Accept as an unknown sender"),
            (Stance.PARK.value, "Quarantine"),
            (Stance.REFUSE.value, "Ignore"),
        ],
        string="Forged Sender",
        required=True,
        default=Stance.ACCEPT.value,
        help="What becomes of a message whose sender's own domain asks for it to be "
        "refused (DMARC). Other than with Accept, the DNS is asked about each message "
        "that nothing speaks for.",
    )
    authserv_ids = fields.Char(
        string="Results of",
        help="The names under which the mailbox's own server writes what it found out "
        "about a sender (Authentication-Results); Look at Recent Messages suggests "
        "them. *. stands for any host of a domain. Only enter a server that removes "
        "such headers under its own name from incoming mail, as RFC 8601 asks for: "
        "else anybody can write them.",
    )
    own_hops = fields.Integer(
        string="Own Servers Passed",
        help="How many servers of yours or of your provider a message passes: that "
        "many Received lines from the top are believed, results only above the next "
        "one, and the last names the address that SPF is checked for. 0: not known; "
        "then SPF is not checked, and the topmost results are believed.",
    )
    own_hosts = fields.Char(
        string="Their Names",
        help="What these servers call themselves in their Received lines (after “by”), "
        "with commas between; *. stands for any. Nothing on a message is believed "
        "that came another way. Empty: any name.",
    )
    checks_senders = fields.Boolean(
        string="Check Signatures",
        default=True,
        help="Check DKIM signatures, and SPF where the own servers are known, by "
        "asking the DNS before a message is processed. Needs the Python libraries "
        "dnspython and dkimpy.",
    )
    file_policy = fields.Selection(
        [("hold", "Hold back what is dangerous"), ("accept", "Let everything in")],
        string="Attachments",
        required=True,
        default="hold",
        help="Whether programs and other files that the General Settings name are kept "
        "from the record. They stay in the journal, where an operator may release "
        "them.",
    )
    arc_sealers = fields.Char(
        string="Forwarders",
        help="Domains of mailing lists and providers that forward mail to this mailbox "
        "and write down, sealed (ARC), what they had found out about the sender; *. "
        "stands for any host of a domain. They can make any sender pass for genuine. "
        "Needs Check Signatures.",
    )
    seen_voucher_ids = fields.One2many(
        "mail.gateway.seen.voucher",
        "server_id",
        string="Seen in Recent Messages",
        readonly=True,
        help="Who vouches for senders in the newest messages.",
    )
    trust_seen = fields.Char(
        readonly=True, copy=False, help="How many messages were looked at."
    )
    trust_lacks_library = fields.Boolean(
        compute="_compute_trust_lacks_library",
        help="Whether signatures cannot be checked on this machine.",
    )

    def _compute_trust_lacks_library(self):
        self.trust_lacks_library = not (is_dns_available and is_dkim_available)

    @api.constrains("own_hops")
    def _check_own_hops(self):
        if any(server.own_hops < 0 for server in self):
            raise ValidationError(
                self.env._("The number of servers cannot be negative.")
            )

    def _trust_settings(self):
        """Return the :class:`~..core.trust.verdict.TrustSettings`."""
        asks = self.checks_senders and is_dns_available
        return TrustSettings(
            authserv_ids=read_names(self.authserv_ids),
            own_hops=self.own_hops,
            own_hosts=read_names(self.own_hosts),
            asks_dns=asks,
            asks_policy=asks and self.failed_policy != Stance.ACCEPT.value,
            arc_sealers=read_names(self.arc_sealers),
        )

    def _looks_at_senders(self):
        """Say whether anybody wants to know who the senders are, or could tell."""
        believes_all = self.sender_policy == Stance.ODOO.value
        return not believes_all or self.checks_senders or bool(self.authserv_ids)

    def _has_mail_scanned(self):
        """Say whether a virus scanner looks at this mailbox's messages."""
        if not self or self.file_policy == "accept":
            return False
        return bool(self.env["mail.gateway.inbound"]._scanner())

    def _stances(self):
        """Return the stance towards those who claim to be us, and towards forgers.

        Of a mailbox that is gone nothing is known: its mail is met with care.
        """
        own = Stance(self.sender_policy or Stance.UNKNOWN.value)
        return own, Stance(self.failed_policy or Stance.ACCEPT.value)

    def action_look_at_results(self):
        """Note who vouches for senders in this mailbox's messages."""
        self.ensure_one().check_access("write")
        # sudo: only names of servers come of it
        journal = self.env["mail.gateway.inbound"].sudo()
        rows = journal.search(
            [("server_id", "=", self.id), ("has_raw", "=", True)], limit=SEEN_MESSAGES
        )
        if not rows:
            raise UserError(
                self.env._("The journal holds no message of this mailbox yet.")
            )
        seen = {RESULTS: Counter(), SEAL: Counter()}
        for row in rows:
            raw = journal.env["mail.gateway.raw"]._read(row.id, 0, SEEN_BYTES)
            results, seals = seen_results(raw)
            seen[RESULTS].update(set(results))
            seen[SEAL].update(set(seals))
        self._note_seen(seen)
        self.trust_seen = self.env._("The newest %s messages", len(rows))
        if not any(seen.values()):
            self.trust_seen = self.env._(
                "None of the newest %s messages bears results.", len(rows)
            )
        return True

    def _note_seen(self, seen):
        """Put those who vouch most often in the place of those seen before."""
        found = [
            {"kind": kind, "name": name, "hops": hops, "count": count}
            for kind, counter in seen.items()
            for (name, hops), count in counter.most_common(SEEN_NAMES)
        ]
        # sudo: what is looked at is written by nobody else
        self.sudo().seen_voucher_ids = [Command.clear(), *map(Command.create, found)]
