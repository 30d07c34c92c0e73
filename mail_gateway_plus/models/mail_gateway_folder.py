from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.policy.progress import RECONCILED_DAYS, RECONCILED_EVERY, Progress
from ..core.protocols.mailbox import MessageRef
from ..parameters import ROW_RETENTION, kept_since, whole_number


class MailGatewayFolder(models.Model):
    """The ledger of a folder: how far a mailbox's folder has been read.

    Written in the transaction that journals the messages it speaks of.
    """

    _name = "mail.gateway.folder"
    _description = "Folder of an Incoming Server"
    _order = "server_id, id"

    server_id = fields.Many2one(
        "fetchmail.server",
        string="Mailbox",
        required=True,
        ondelete="cascade",
        readonly=True,
        help="The incoming server that the folder belongs to.",
    )
    name = fields.Char(
        string="Folder", required=True, readonly=True, help="Its name on the server."
    )
    # A UID has 32 bits without a sign (RFC 3501 section 2.3.1.1), an Integer has 31.
    last_uid = fields.Char(
        string="Read up to UID",
        default="0",
        readonly=True,
        help="Every message up to this UID has been dealt with.",
    )
    uidvalidity = fields.Char(
        string="UID Validity",
        readonly=True,
        help="The numbering that the UIDs belong to; the server changes it when it "
        "numbers the messages anew.",
    )
    missing_uids = fields.Char(
        string="Missing UIDs",
        readonly=True,
        help="Messages that the server listed but did not hand out, by UID or UIDL; "
        "asked for again at each poll.",
    )
    missing_since = fields.Json(
        readonly=True,
        help="Since when each missing message is known to be missing, by its UID.",
    )
    missing_count = fields.Integer(
        string="Not Handed Out",
        compute="_compute_missing_count",
        help="How many messages the server listed but did not hand out.",
    )
    message_count = fields.Integer(
        string="Messages", readonly=True, help="How many messages the folder holds."
    )
    polled_at = fields.Datetime(
        string="Read", readonly=True, help="When it was read to its end."
    )

    start_uid = fields.Char(
        readonly=True,
        help="From this UID on every message of the folder has to be in the journal; "
        "with its numbering before a colon.",
    )
    reconciled_at = fields.Datetime(
        string="Reconciled",
        readonly=True,
        help="When its messages of the last weeks were held against the journal.",
    )
    gap_count = fields.Integer(
        string="Gaps Found",
        readonly=True,
        help="How many messages were found that way so far which no listing had shown. "
        "They were fetched, or are among those not handed out.",
    )

    _name_unique = models.Constraint(
        "UNIQUE(server_id, name)", "A folder has one ledger."
    )

    @api.depends("missing_uids")
    def _compute_missing_count(self):
        for folder in self:
            folder.missing_count = len((folder.missing_uids or "").split())

    def _of(self, server, name):
        """Return the ledger of a folder, made when it is missing."""
        found = self.search([("server_id", "=", server.id), ("name", "=", name)])
        return found or self.create({"server_id": server.id, "name": name})

    def _progress(self):
        """Return the ledger as the plain value that the policy decides on."""
        start_uidvalidity, _colon, start_uid = (self.start_uid or "").rpartition(":")
        return Progress(
            uidvalidity=self.uidvalidity or "",
            last_uid=int(self.last_uid or 0),
            missing=tuple((self.missing_uids or "").split()),
            polled_at=self.polled_at or None,
            missing_since=self._first_missing(),
            start_uidvalidity=start_uidvalidity,
            start_uid=int(start_uid or 0),
        )

    def _first_missing(self):
        """Return since when a message is missing, as far as the journal reaches back.

        Of what is older it cannot tell that it was fetched before.
        """
        moments = [moment for moment in (self.missing_since or {}).values() if moment]
        if not moments:
            return None
        first = fields.Datetime.to_datetime(min(moments))
        return max(first, kept_since(self.env, ROW_RETENTION))

    def _begin(self, status, is_from_start=False):
        """Note from where on the folder is read, once for each numbering.

        :param is_from_start: whether what it holds already is fetched as well
        """
        if not (self.start_uid or "").startswith(f"{status.uidvalidity}:"):
            first = 1 if is_from_start else status.uidnext
            self.write(
                {
                    "start_uid": f"{status.uidvalidity}:{first}",
                    "reconciled_at": fields.Datetime.now(),
                }
            )

    def _needs_reconciling(self, uidvalidity):
        """Say whether it is time to hold the folder against the journal."""
        since = self.reconciled_at
        return (
            (self.start_uid or "").startswith(f"{uidvalidity}:")
            and self.uidvalidity == uidvalidity
            and (not since or since <= fields.Datetime.now() - RECONCILED_EVERY)
        )

    def _reconciled_from(self):
        """Return the first UID to look at; what is older is done with for good."""
        uidvalidity, _colon, first = self.start_uid.rpartition(":")
        days = whole_number(self.env, ROW_RETENTION) // 2
        before = fields.Datetime.now() - timedelta(days=min(days, RECONCILED_DAYS))
        [(last,)] = self.env.execute_query(
            SQL(
                """
                SELECT max(uid::bigint) FROM mail_gateway_inbound
                 WHERE server_id = %s AND folder = %s AND uidvalidity = %s
                   AND fetched_at < %s
                """,
                self.server_id.id,
                self.name,
                uidvalidity,
                before,
            )
        )
        first = max(int(first), (last or 0) + 1)
        self.start_uid = f"{uidvalidity}:{first}"
        return first

    def _note_reconciled(self, gaps, missing):
        """Note that the folder was held against the journal.

        :param gaps: what had not been listed before
        :param missing: those of them that the server did not hand out
        """
        named = [MessageRef("", "", uid) for uid in (self.missing_uids or "").split()]
        self.write(
            {
                **self._missing_values([*named, *missing]),
                "gap_count": self.gap_count + len(gaps),
                "reconciled_at": fields.Datetime.now(),
            }
        )

    def _advance(self, uidvalidity, uid):
        """Note that everything up to ``uid`` is in the journal."""
        last_uid = max(uid, self._last_uid_under(uidvalidity))
        self.write({"uidvalidity": uidvalidity, "last_uid": str(last_uid)})

    def _note_missing(self, refs):
        """Note what a POP server lists and refuses to hand out."""
        values = self._missing_values(refs)
        if (self.missing_uids or False) != values["missing_uids"]:
            self.write(values)

    def _missing_values(self, refs):
        """Return the values that name these messages, and since when they miss."""
        now = fields.Datetime.to_string(fields.Datetime.now())
        known = self.missing_since or {}
        return {
            "missing_uids": " ".join(ref.uid for ref in refs) or False,
            "missing_since": {ref.uid: known.get(ref.uid, now) for ref in refs},
        }

    def _complete(self, status, refs, missing):
        """Note that the folder was read to its end.

        :param refs: what was found; a message may be newer than the status
        :param missing: the refs that the server listed but did not hand out
        """
        known = [int(ref.uid) for ref in refs] + [status.uidnext - 1]
        known.append(self._last_uid_under(status.uidvalidity))
        self.write(
            {
                "uidvalidity": status.uidvalidity,
                "last_uid": str(max(known)),
                **self._missing_values(missing),
                "message_count": status.messages,
                "polled_at": fields.Datetime.now(),
            }
        )

    def _last_uid_under(self, uidvalidity):
        return int(self.last_uid or 0) if self.uidvalidity == uidvalidity else 0
