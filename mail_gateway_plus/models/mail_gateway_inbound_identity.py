from functools import partial

from psycopg2.errors import SerializationFailure

from odoo import fields, models
from odoo.tools import SQL

from ..advice import MEND_TEXT
from ..core.parsing.lightening import Light, lighten
from ..core.parsing.mender import Mend, mend
from ..core.parsing.renaming import rename
from ..core.policy.identity import (
    ID_DOMAIN,
    DuplicatePolicy,
    Passage,
    content_fingerprint,
    head_fingerprint,
    identify,
)
from ..core.policy.outcome import State
from ..core.policy.rest import ON_SERVER
from .mail_message import ABSENT

# Names of a batch that no message in Odoo and no record in the journal has.
UNUSED = "mail_gateway_plus.unused_message_ids"


class StaleSnapshot(SerializationFailure):
    """Another worker committed what this transaction cannot see; begin a new one."""


class MailGatewayInboundIdentity(models.Model):
    """What is handed to Odoo: a message that it can read, under the right name."""

    _inherit = "mail.gateway.inbound"

    mend_notes = fields.Text(
        string="Mended",
        readonly=True,
        help="What was put right before Odoo read the message. The journal keeps the "
        "bytes as they came.",
    )
    used_message_id = fields.Char(
        string="Message-ID in Odoo",
        readonly=True,
        index="btree_not_null",
        help="The name under which Odoo knows the message: its own, unless it has "
        "none or another message had it before.",
    )
    content_fingerprint = fields.Char(
        readonly=True,
        help="SHA-256 of what the sender wrote, without the marks of the servers on "
        "the way: the same in every mailbox that the message came to.",
    )

    head_fingerprint = fields.Char(
        readonly=True,
        help="SHA-256 of the headers that the sender wrote: what a message and its "
        "excerpt have in common in every mailbox.",
    )

    def _prepare_message(self, trace):
        """Return the bytes for ``message_process`` and trace what they are called.

        A large message goes without its large parts; those are read when asked for.

        :raises StaleSnapshot: when another worker has just imported its Message-ID
        """
        light = lighten(trace.raw)
        prepared = self._prepare_light(trace, light)
        if light.places and not light.is_whole_in(prepared):
            # What the parser makes of the message differs from where we saw its parts.
            return self._prepare_light(trace, Light(trace.raw))
        if light.places:
            self._drop_raw(trace, light)
        return prepared

    def _drop_raw(self, trace, light):
        """Have the large parts read from the journal, and not be in memory before."""
        trace.raw, trace.places = b"", light.places
        trace.read = partial(self.env["mail.gateway.raw"]._read, self.id)

    def _prepare_light(self, trace, light):
        mended = mend(light.raw)
        is_known = self._lock_message_id(mended.message_id)
        has_id = all(note.mend is not Mend.NO_ID for note in mended.notes)
        server = self.server_id
        passage = Passage(
            content=content_fingerprint(trace.raw, has_id),
            mailbox=server.id or None,
            sender=self.email_from or "",
            date=self.date or None,
            head=head_fingerprint(trace.raw),
            is_partial=self.rest_state in ON_SERVER,
        )
        policy = DuplicatePolicy(server.duplicate_policy or "database")
        earlier = self._earlier_passages(mended.message_id) if is_known else []
        identity = identify(passage, mended.message_id, earlier, policy)
        trace.identity = {
            "mend_notes": self._tell_mends(mended.notes, identity),
            "used_message_id": identity.message_id,
            "content_fingerprint": passage.content,
            "head_fingerprint": passage.head,
        }
        if identity.message_id == mended.message_id:
            return mended.raw
        return rename(mended.raw, identity.message_id, identity.parent_id)

    def _earlier_passages(self, message_id):
        """Return the passages of this name that became records, oldest first."""
        rows = self.search(
            [
                "|",
                ("message_id", "=", message_id),
                ("used_message_id", "=", message_id),
                ("state", "=", State.DONE.value),
                ("id", "!=", self.id),
            ],
            order="id",
        )
        return [
            Passage(
                content=row.content_fingerprint or "",
                mailbox=row.server_id.id or None,
                sender=row.email_from or "",
                date=row.date or None,
                used_id=row.used_message_id or "",
                head=row.head_fingerprint or "",
                is_partial=bool(row.rest_state),
            )
            for row in rows
        ]

    def _lock_message_ids(self):
        """Lock the names of a batch at once, and remember which are used nowhere yet.

        The others are looked at one by one. In one order, so that two workers do not
        wait for each other.
        """
        names = sorted(set(filter(None, self.mapped("message_id"))))
        self.env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(hashtextextended(name, 0))::text"
                " FROM unnest(%s::text[]) AS name",
                names,
            )
        )
        self.env["mail.message"].flush_model(["message_id"])
        self.flush_model(["message_id", "used_message_id", "state"])
        with self.env.registry.cursor() as cr:  # whose view is not older than the locks
            used = self._used_names(cr, names)
        unused = set(names) - used - self._used_names(self.env.cr, names)
        self.env.cr.cache.update({UNUSED: set(unused), ABSENT: set(unused)})

    def _used_names(self, cr, names):
        """Return those of ``names`` that a message or a record in the journal has."""
        cr.execute(
            SQL(
                """
                SELECT message_id FROM mail_message WHERE message_id = ANY(%(names)s)
                UNION ALL
                SELECT message_id FROM mail_gateway_inbound
                 WHERE message_id = ANY(%(names)s) AND state = 'done'
                UNION ALL
                SELECT used_message_id FROM mail_gateway_inbound
                 WHERE used_message_id = ANY(%(names)s) AND state = 'done'
                """,
                names=names,
            )
        )
        return {name for (name,) in cr.fetchall()}

    def _forget_unused(self):
        """Look at each name again: the batch is over."""
        self.env.cr.cache.pop(UNUSED, None)
        self.env.cr.cache.pop(ABSENT, None)

    def _lock_message_id(self, message_id):
        """Have no other transaction import this Message-ID at the same time.

        :returns: whether the journal knows of a record by this name

        The lock lasts until the commit. Who waited for it does not see what the other
        one has committed meanwhile, as a transaction's view is as old as its first
        statement: a second cursor, whose view is new, tells.
        """
        unused = self.env.cr.cache.get(UNUSED, set())
        if message_id in unused:
            unused.discard(message_id)  # the next one of this name is no longer first
            return False
        self.flush_model(["message_id", "used_message_id", "state"])
        known = self._count_known(self.env.cr, message_id, is_locking=True)
        with self.env.registry.cursor() as cr:
            now_known = self._count_known(cr, message_id)
        if sum(now_known) > sum(known):
            raise StaleSnapshot()
        return bool(known[1])

    def _count_known(self, cr, message_id, is_locking=False):
        """Return how many messages in Odoo, and records in the journal, have a name."""
        lock = SQL("pg_advisory_xact_lock(hashtextextended(%s, 0))::text", message_id)
        cr.execute(
            SQL(
                """
                SELECT (SELECT count(*) FROM mail_message WHERE message_id = %(id)s),
                       (SELECT count(*) FROM mail_gateway_inbound
                         WHERE (message_id = %(id)s OR used_message_id = %(id)s)
                           AND state = 'done'),
                       %(lock)s
                """,
                id=message_id,
                lock=lock if is_locking else SQL("NULL"),
            )
        )
        return cr.fetchone()[:2]

    def _tell_mends(self, notes, identity):
        """Return the notes as lines for a person."""
        lines = []
        for note in notes:
            text = self.env._(MEND_TEXT[note.mend])
            lines.append(text % {"detail": note.detail})
        if identity.parent_id:
            lines.append(
                self.env._(
                    "Another form of a message that came before: it joins the same "
                    "record."
                )
            )
        elif identity.message_id.endswith(f"@{ID_DOMAIN}>") and not any(
            note.mend in (Mend.NO_ID, Mend.ENCLOSED) for note in notes
        ):
            lines.append(
                self.env._(
                    "Another message had its Message-ID before: Odoo was given a new "
                    "one."
                )
            )
        return "\n".join(lines) or False
