import logging

from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, email_normalize

from ..core.parsing.envelope import read_envelope
from ..core.parsing.excerpt import header_fingerprint
from ..core.parsing.received import received_at
from ..core.policy.identity import fingerprint
from ..core.policy.outcome import State
from ..core.policy.rest import ON_SERVER
from ..core.protocols.mailbox import MessageRef
from ..core.trust.claim import own_received_lines

_logger = logging.getLogger(__name__)

# A row is processed once, seldom twice: after that nothing changes it meanwhile.
MARK_TRIES = 5
# Stands in ``uidvalidity`` before the row's id once a POP server deleted the message.
RETIRED = "deleted-"
# The same of a message that was moved to where its server does not tell.
MOVED = "moved-"


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
        if is_renumbered:
            messages = [m for m in messages if not self._renumber(server, m)]
        messages = [m for m in messages if not self._reclaim(server, m)]
        trust = server._trust_settings()
        rows = [self._row_values(server, message, trust) for message in messages]
        row_ids = self._insert(messages, rows)
        self.env["mail.gateway.raw"]._store(
            [
                (row_id, message.raw)
                for row_id, message in zip(row_ids, messages, strict=True)
                if row_id
            ]
        )
        subjects = {
            row_id: row["subject"]
            for row_id, row in zip(row_ids, rows, strict=True)
            if row_id
        }
        if subjects:
            self.browse(list(subjects))._keep_sealed(subjects, server)
            self._wake_processing()
        return len(subjects)

    def _insert(self, messages, rows):
        """Insert a row each and return their ids, ``None`` where one is known.

        The unique index decides, so that two sessions on one mailbox cannot both
        journal a message.
        """
        if not messages:
            return []
        inserted = self.env.execute_query(
            SQL(
                """
                INSERT INTO mail_gateway_inbound (%s) VALUES %s
                ON CONFLICT (server_id, folder, uidvalidity, uid) DO NOTHING
                RETURNING folder, uidvalidity, uid, id
                """,
                SQL(", ").join(map(SQL.identifier, rows[0])),
                SQL(", ").join(SQL("%s", tuple(row.values())) for row in rows),
            )
        )
        ids = {tuple(identity): row_id for *identity, row_id in inserted}
        return [ids.pop(_identity(message.ref), None) for message in messages]

    def _row_values(self, server, message, trust):
        envelope = read_envelope(message.raw)
        now = fields.Datetime.now()
        ours = own_received_lines(envelope.received, trust)
        return {
            "server_id": server.id,
            "server_name": server.name,
            "company_id": server.company_id.id or None,
            "folder": message.ref.folder,
            "uidvalidity": message.ref.uidvalidity,
            "uid": message.ref.uid,
            "fingerprint": fingerprint(message.raw),
            "message_id": envelope.message_id or None,
            "answers": " ".join(envelope.answers) or None,
            "email_from": envelope.email_from,
            "sender": email_normalize(envelope.email_from) or None,
            "email_to": envelope.email_to,
            "subject": envelope.subject,
            "date": envelope.date,
            "size": len(message.raw),
            "fetched_at": now,
            "received_at": received_at(ours, now, message.arrived),
            "retry_at": now,
            "state": State.PENDING.value,
            "has_raw": True,
            "remove_at": server._remove_at(now),
            **self._rest_values(server, message),
            **self._trust_values(server, message, trust),
            **self._sealed_values(server),
            "tries": 0,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }

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
                    WHERE (fingerprint = %(fingerprint)s
                        OR header_fingerprint = %(header)s
                       AND (rest_state IS NOT NULL OR %(is_partial)s))
                      AND server_id = %(server)s AND folder = %(folder)s
                      AND uidvalidity != %(uidvalidity)s
                    ORDER BY id LIMIT 1
                )
                RETURNING id
                """,
                uidvalidity=message.ref.uidvalidity,
                uid=message.ref.uid,
                fingerprint=fingerprint(message.raw),
                # Fetched only in part then or now: its content differs.
                is_partial=bool(message.full_size),
                header=header_fingerprint(message.raw),
                server=server.id,
                folder=message.ref.folder,
            )
        )
        self.browse(row_id for (row_id,) in rows).invalidate_recordset()
        return bool(rows)

    def _retire(self):
        """Free the names of messages that a POP server has deleted.

        It may give them to new messages (RFC 1939 section 7), which would pass for
        known and be deleted unread. Once only: see :meth:`_reclaim`.
        """
        for row in self.filtered(lambda row: not row.uidvalidity):
            if not row.is_retired:
                row.write({"uidvalidity": f"{RETIRED}{row.id}", "is_retired": True})

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
                "|",
                ("fingerprint", "=", fingerprint(message.raw)),
                *(["&", ("rest_state", "!=", False)] if not message.full_size else []),
                ("header_fingerprint", "=", header_fingerprint(message.raw)),
                ("uidvalidity", "=like", f"{RETIRED}%"),
            ],
            limit=1,
        )
        rows.uidvalidity = ""
        return bool(rows)

    def _refs_to_keep(self, server, refs):
        """Return those of these messages whose original must stay on the server."""
        kept = self.env.execute_query(
            SQL(
                "%s AND rest_state IN ('left', 'ordered')",
                self._known_query(server, refs),
            )
        )
        kept = set(kept)
        return [ref for ref in refs if _identity(ref) in kept]

    def _refs(self):
        """Return the identities of these rows, as the protocols know them."""
        return [MessageRef(row.folder, row.uidvalidity or "", row.uid) for row in self]

    def _known(self, server, refs):
        """Return those of ``refs`` that the journal holds."""
        if not refs:
            return []
        found = set(self.env.execute_query(self._known_query(server, refs)))
        return [ref for ref in refs if _identity(ref) in found]

    def _known_query(self, server, refs):
        return SQL(
            "SELECT folder, uidvalidity, uid FROM mail_gateway_inbound WHERE %s",
            self._identity_condition(server, refs),
        )

    def _mark_acknowledged(self, server, refs):
        """Note that the mailbox was told about these messages.

        For callers that have nothing uncommitted: a worker may be processing these
        very rows. We wait for its commit, which changed them, and begin anew.
        """
        self.flush_model(["acknowledged_at"])
        for _try in range(MARK_TRIES):
            try:
                self.env.cr.execute(
                    self._mark_acknowledged_query(server, refs), log_exceptions=False
                )
                break
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()
        else:
            # The mailbox was told. Without the mark it is told again at each visit.
            _logger.warning(
                "Mailbox %s: %s messages were acknowledged, but other transactions "
                "kept the journal from noting it; it is tried again at the next visit",
                server.id,
                len(refs),
            )
        self.invalidate_model(["acknowledged_at", "write_date", "write_uid"])

    def _mark_acknowledged_query(self, server, refs):
        now = fields.Datetime.now()
        return SQL(
            """
            UPDATE mail_gateway_inbound
               SET acknowledged_at = %s, write_date = %s, write_uid = %s
             WHERE %s AND acknowledged_at IS NULL
            """,
            now,
            now,
            self.env.uid,
            self._identity_condition(server, refs),
        )

    def _identity_condition(self, server, refs):
        """Return the SQL condition of the rows of these messages.

        Whole identities, so that the unique index leads to each: by the UID alone,
        all rows of the mailbox would be looked through.
        """
        folders, validities, uids = [], [], []
        for ref in refs:
            folders.append(ref.folder)
            validities.append(ref.uidvalidity)
            uids.append(ref.uid)
        return SQL(
            """server_id = %s AND (folder, uidvalidity, uid) IN (
                SELECT * FROM unnest(%s::varchar[], %s::varchar[], %s::varchar[]))""",
            server.id,
            folders,
            validities,
            uids,
        )

    def _relocate(self, server, moved):
        """Follow messages into the folder that they were moved to.

        What is to be done with them later is done there, and if that folder is read as
        well, they are known. Where the server does not tell their new place, nothing
        can be done with them any more.

        :param moved: by former :class:`MessageRef` the new one, or ``None``
        """
        rows = {row._refs()[0]: row for row in self._named(server, list(moved))}
        for ref, row in rows.items():
            place = moved[ref]
            if place and not self._known(server, [place]):
                row.write({"folder": place.folder, "uid": place.uid})
                row.uidvalidity = place.uidvalidity
            elif not place:
                row.write({"uidvalidity": f"{MOVED}{row.id}", "remove_at": False})

    def _has_chores(self, server):
        """Say whether anything is left to do in any folder of the mailbox."""
        [(has_chores,)] = self.env.execute_query(self._chores_query(server))
        return has_chores

    def _chores_query(self, server):
        """Return one question for all kinds of chores; each has an index of its own."""
        query = SQL(
            "SELECT EXISTS (SELECT FROM mail_gateway_inbound"
            " WHERE server_id = %(id)s AND acknowledged_at IS NULL)"
            " OR EXISTS (SELECT FROM mail_gateway_inbound"
            " WHERE server_id = %(id)s AND remove_at <= %(now)s)"
            " OR EXISTS (SELECT FROM mail_gateway_inbound"
            " WHERE server_id = %(id)s AND rest_state = 'ordered')",
            id=server.id,
            now=fields.Datetime.now(),
        )
        # Alone, as the row is wide and this is asked at each visit.
        if server.with_context(prefetch_fields=False).failed_folder:
            query = SQL(
                "%s OR EXISTS (SELECT FROM mail_gateway_inbound WHERE server_id = %s"
                " AND state = 'quarantined' AND is_set_aside IS NOT TRUE)",
                query,
                server.id,
            )
        return query

    def _folders_with_chores(self, server):
        """Return the names of the folders in which something is due."""
        due = SQL("remove_at <= %s", fields.Datetime.now())
        if server.failed_folder:
            due = SQL("(%s OR state = 'quarantined' AND is_set_aside IS NOT TRUE)", due)
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT folder FROM mail_gateway_inbound WHERE server_id = %s"
                " AND uidvalidity NOT LIKE %s AND %s",
                server.id,
                f"{MOVED}%",
                due,
            )
        )
        return {folder for (folder,) in rows}

    def _forget_renumbered(self, server, folder, uidvalidity):
        """Take messages under another UIDVALIDITY as acknowledged: they are gone."""
        rows = self.search(
            [
                ("server_id", "=", server.id),
                ("folder", "=", folder),
                ("uidvalidity", "!=", uidvalidity),
                ("acknowledged_at", "=", False),
            ]
        )
        rows.write({"acknowledged_at": fields.Datetime.now()})

    def _forget_other_folders(self, server, names):
        """Take messages of folders that are not read as acknowledged."""
        rows = self.search(
            [
                ("server_id", "=", server.id),
                ("folder", "not in", names),
                ("acknowledged_at", "=", False),
                ("rest_state", "not in", ON_SERVER),
            ]
        )
        rows.write({"acknowledged_at": fields.Datetime.now()})

    def _mark_removed(self, server, refs):
        """Note that the mailbox has deleted these messages."""
        rows = self._named(server, refs)
        rows.filtered("remove_at").write({"remove_at": False})
        rows._retire()

    def _named(self, server, refs):
        """Return the rows of these messages."""
        self.flush_model(["server_id", "folder", "uidvalidity", "uid"])
        rows = self.env.execute_query(self._named_query(server, refs))
        return self.browse(row_id for (row_id,) in rows)

    def _named_query(self, server, refs):
        return SQL(
            "SELECT id FROM mail_gateway_inbound WHERE %s",
            self._identity_condition(server, refs),
        )

    def _tell_states(self):
        """Return how many of these messages are in which state, for a person."""
        if not self:
            return self.env._("The mailbox holds nothing that is not known already.")
        labels = dict(self._fields["state"]._description_selection(self.env))
        counts = self.grouped("state")
        return ", ".join(f"{labels[s]}: {len(rows)}" for s, rows in counts.items())


def _identity(ref):
    return (ref.folder, ref.uidvalidity, ref.uid)
