import io

from odoo import models
from odoo.tools import SQL

from ..core.policy.identity import Fingerprint

# A chunk is what PostgreSQL and psycopg2 handle at once: the escaped copies of one
# statement's values stay a small multiple of this.
CHUNK_BYTES = 1024 * 1024


class MailGatewayRaw(models.Model):
    """The bytes of inbound messages, exactly as the mailbox handed them out.

    Kept in the database and not in the filestore: they become durable with the very
    commit that makes the journal row durable, and leave with it. Kept apart from the
    journal's own table, which stays small to scan, and out of the ORM, whose binary
    fields hold base64: no ``read`` or export can hand a message out.
    """

    _name = "mail.gateway.raw"
    _description = "Raw Inbound Message"
    _auto = False
    _log_access = False

    def init(self):
        # No NOT NULL: Odoo drops it from columns that are no fields, at each update.
        self.env.cr.execute(
            SQL(
                """
                CREATE TABLE IF NOT EXISTS %(table)s (
                    inbound_id integer
                        REFERENCES mail_gateway_inbound ON DELETE CASCADE,
                    sequence integer,
                    data bytea,
                    UNIQUE (inbound_id, sequence)
                )
                """,
                table=SQL.identifier(self._table),
            )
        )
        self._compress_quickly()

    def _compress_quickly(self):
        """Have PostgreSQL compress with LZ4 where it was built with it.

        Its own method takes half of the time that writing a message down takes, and
        mail, most of it base64, gains little from it (``ALTER TABLE``, version 14).
        """
        [[is_wanted]] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT FROM pg_settings
                                WHERE name = 'default_toast_compression'
                                  AND 'lz4' = ANY(enumvals))
                   AND NOT EXISTS (SELECT FROM pg_attribute
                                    WHERE attrelid = %s::regclass
                                      AND attname = 'data'
                                      AND to_jsonb(pg_attribute) ->> 'attcompression'
                                        = 'l')
                """,
                self._table,
            )
        )
        if is_wanted:
            self.env.cr.execute(
                SQL(
                    "ALTER TABLE %s ALTER COLUMN data SET COMPRESSION lz4",
                    SQL.identifier(self._table),
                )
            )

    def _store(self, messages):
        """Keep the bytes of journal rows.

        :param messages: pairs of a row's id and its bytes
        """
        pieces, size = [], 0
        for inbound_id, raw in messages:
            for sequence, start in enumerate(range(0, len(raw), CHUNK_BYTES)):
                piece = raw[start : start + CHUNK_BYTES]
                if pieces and size + len(piece) > CHUNK_BYTES:
                    self._insert(pieces)
                    pieces, size = [], 0
                pieces.append((inbound_id, sequence, piece))
                size += len(piece)
        if pieces:
            self._insert(pieces)

    # What is to take the place of a content comes over several transactions. Until it
    # is whole its chunks have negative numbers: -1 is the first.

    def _append_coming(self, inbound_id, piece):
        """Keep the next piece of a message of which an excerpt is known."""
        size = self._coming_size(inbound_id)
        while piece:
            number, used = divmod(size, CHUNK_BYTES)
            part, piece = piece[: CHUNK_BYTES - used], piece[CHUNK_BYTES - used :]
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO mail_gateway_raw AS raw (inbound_id, sequence, data)
                    VALUES (%s, %s, %s)
                    ON CONFLICT (inbound_id, sequence)
                    DO UPDATE SET data = raw.data || EXCLUDED.data
                    """,
                    inbound_id,
                    -1 - number,
                    part,
                )
            )
            size += len(part)

    def _coming_size(self, inbound_id):
        """Return how many bytes have come so far."""
        rows = self.env.execute_query(
            SQL(
                "SELECT coalesce(sum(length(data)), 0) FROM mail_gateway_raw"
                " WHERE inbound_id = %s AND sequence < 0",
                inbound_id,
            )
        )
        return int(rows[0][0])

    def _coming_start(self, inbound_id):
        """Return the first chunk of what is coming."""
        rows = self.env.execute_query(
            SQL(
                "SELECT data FROM mail_gateway_raw"
                " WHERE inbound_id = %s AND sequence = -1",
                inbound_id,
            )
        )
        return bytes(rows[0][0]) if rows else b""

    def _forget_coming(self, inbound_ids):
        """Drop what has come and did not become a whole."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM mail_gateway_raw"
                " WHERE inbound_id = ANY(%s) AND sequence < 0",
                inbound_ids,
            )
        )

    def _take_over(self, inbound_id):
        """Put what has come in the place of what was kept until now.

        :returns: its size in bytes and its fingerprint
        """
        for statement in (
            "DELETE FROM mail_gateway_raw WHERE inbound_id = %s AND sequence >= 0",
            "UPDATE mail_gateway_raw SET sequence = -1 - sequence"
            " WHERE inbound_id = %s",
        ):
            self.env.cr.execute(SQL(statement, inbound_id))
        digest, size = Fingerprint(), 0
        while piece := self._read(inbound_id, size, size + CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
        return size, digest.hexdigest()

    def _insert(self, pieces):
        self.env.cr.execute(
            SQL(
                "INSERT INTO mail_gateway_raw (inbound_id, sequence, data) VALUES %s",
                SQL(", ").join(SQL("%s", piece) for piece in pieces),
            )
        )

    def _read(self, inbound_id, start=0, end=None):
        """Return the bytes of one journal row; empty once their retention is over.

        Chunk by chunk: what the driver holds besides the result stays small.

        :param start: from here on, and up to ``end``, as in a slice
        """
        sequence = start // CHUNK_BYTES
        offset = start - sequence * CHUNK_BYTES
        found = io.BytesIO()  # hands out what it has collected without a copy
        while end is None or sequence * CHUNK_BYTES < end:
            rows = self.env.execute_query(
                SQL(
                    "SELECT data FROM mail_gateway_raw"
                    " WHERE inbound_id = %s AND sequence = %s",
                    inbound_id,
                    sequence,
                )
            )
            if not rows:
                break
            chunk = rows[0][0]
            limit = None if end is None else end - sequence * CHUNK_BYTES
            found.write(chunk[offset:limit])
            if len(chunk) < CHUNK_BYTES:
                break
            sequence, offset = sequence + 1, 0
        return found.getvalue()

    def _read_all(self, inbound_ids):
        """Return the bytes of journal rows that are small together, by their ids."""
        if not inbound_ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT inbound_id, data FROM mail_gateway_raw"
                " WHERE inbound_id = ANY(%s) AND sequence >= 0"
                " ORDER BY inbound_id, sequence",
                inbound_ids,
            )
        )
        contents = dict.fromkeys(inbound_ids, b"")
        for inbound_id, data in rows:
            contents[inbound_id] += bytes(data)
        return contents

    def _forget(self, inbound_ids):
        """Drop the bytes of these journal rows."""
        self.env.cr.execute(
            SQL("DELETE FROM mail_gateway_raw WHERE inbound_id = ANY(%s)", inbound_ids)
        )
