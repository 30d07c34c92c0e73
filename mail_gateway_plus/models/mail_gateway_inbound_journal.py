from odoo import fields, models
from odoo.tools import SQL

from ..core.parsing.envelope import read_envelope
from ..core.policy.identity import fingerprint
from ..core.policy.outcome import State
from ..core.protocols.mailbox import MessageRef

# Stands in ``uidvalidity`` before the row's id once a POP server deleted the message.
RETIRED = "deleted-"


class MailGatewayInboundJournal(models.Model):
    """Writing messages down, and what the mailbox was told about them."""

    _inherit = "mail.gateway.inbound"

    def _store(self, server, messages, is_renumbered=False):
        """Write messages into the journal; one that it holds already is left alone.

        :param messages: a list of :class:`~..core.protocols.mailbox.FetchedMessage`
        :param is_renumbered: the folder has a new UIDVALIDITY, so that the journal
            may know a message under its former UID
        :returns: how many were new

        Nothing is safe before the caller's commit; the mailbox must not be told
        earlier.
        """
        raw_store = self.env["mail.gateway.raw"]
        stored = 0
        for message in messages:
            if is_renumbered and self._renumber(server, message):
                continue
            if self._reclaim(server, message):
                continue
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
            "remove_at": server._remove_at(now),
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

    def _renumber(self, server, message):
        """Give the row of a message its new UID; say whether there was such a row.

        One row for one message: of two with the same content each finds its own.
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE mail_gateway_inbound
                SET uidvalidity = %(uidvalidity)s, uid = %(uid)s
                WHERE id = (
                    SELECT id FROM mail_gateway_inbound
                    WHERE fingerprint = %(fingerprint)s AND server_id = %(server)s
                      AND folder = %(folder)s AND uidvalidity != %(uidvalidity)s
                    ORDER BY id LIMIT 1
                )
                RETURNING id
                """,
                uidvalidity=message.ref.uidvalidity,
                uid=message.ref.uid,
                fingerprint=fingerprint(message.raw),
                server=server.id,
                folder=message.ref.folder,
            )
        )
        self.browse(row_id for (row_id,) in rows).invalidate_recordset()
        return bool(rows)

    def _retire(self):
        """Free the names of messages that a POP server has deleted.

        It may give them to new messages (RFC 1939 section 7), which would pass for
        known and be deleted unread.
        """
        for row in self.filtered(lambda row: not row.uidvalidity):
            row.uidvalidity = f"{RETIRED}{row.id}"

    def _reclaim(self, server, message):
        """Give a retired row its name again if the server still has its message.

        It is not retired a second time: a server that never deletes has its messages
        downloaded twice, not at every poll.
        """
        if message.ref.uidvalidity:
            return False
        rows = self.search(
            [
                ("server_id", "=", server.id),
                ("uid", "=", message.ref.uid),
                ("fingerprint", "=", fingerprint(message.raw)),
                ("uidvalidity", "=like", f"{RETIRED}%"),
            ],
            limit=1,
        )
        rows.uidvalidity = ""
        return bool(rows)

    def _refs(self):
        """Return the identities of these rows, as the protocols know them."""
        return [MessageRef(row.folder, row.uidvalidity or "", row.uid) for row in self]

    def _known(self, server, refs):
        """Return those of ``refs`` that the journal holds."""
        found = self.env.execute_query(
            SQL(
                "SELECT folder, uidvalidity, uid FROM mail_gateway_inbound"
                " WHERE server_id = %s AND folder = ANY(%s) AND uidvalidity = ANY(%s)"
                " AND uid = ANY(%s)",
                server.id,
                list({ref.folder for ref in refs}),
                list({ref.uidvalidity for ref in refs}),
                [ref.uid for ref in refs],
            )
        )
        identities = set(found)
        return [r for r in refs if (r.folder, r.uidvalidity, r.uid) in identities]

    def _mark_acknowledged(self, server, refs):
        """Note that the mailbox was told about these messages."""
        rows = self._named(server, refs, ("acknowledged_at", "=", False))
        rows.write({"acknowledged_at": fields.Datetime.now()})
        if server._aftercare().delete_at_once:
            rows._retire()

    def _mark_removed(self, server, refs):
        """Note that the mailbox has deleted these messages."""
        rows = self._named(server, refs, ("remove_at", "!=", False))
        rows.write({"remove_at": False})
        rows._retire()

    def _named(self, server, refs, condition):
        """Return the rows of these messages that meet a condition."""
        uids = [ref.uid for ref in refs]
        domain = [("server_id", "=", server.id), ("uid", "in", uids), condition]
        # A UID alone means nothing: each folder has its own numbering.
        wanted = set(refs)
        return self.search(domain).filtered(lambda row: row._refs()[0] in wanted)

    def _tell_states(self):
        """Return how many of these messages are in which state, for a person."""
        if not self:
            return self.env._("The mailbox holds nothing that is not known already.")
        labels = dict(self._fields["state"]._description_selection(self.env))
        counts = self.grouped("state")
        return ", ".join(f"{labels[s]}: {len(rows)}" for s, rows in counts.items())
