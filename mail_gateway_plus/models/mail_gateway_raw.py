from odoo import models
from odoo.tools import SQL

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

    def _store(self, inbound_id, raw):
        """Keep the bytes of one journal row."""
        for sequence, start in enumerate(range(0, len(raw), CHUNK_BYTES)):
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO mail_gateway_raw (inbound_id, sequence, data)
                    VALUES (%s, %s, %s) RETURNING sequence
                    """,
                    inbound_id,
                    sequence,
                    raw[start : start + CHUNK_BYTES],
                )
            )

    def _read(self, inbound_id):
        """Return the bytes of one journal row; empty once their retention is over."""
        rows = self.env.execute_query(
            SQL(
                "SELECT data FROM mail_gateway_raw WHERE inbound_id = %s"
                " ORDER BY sequence",
                inbound_id,
            )
        )
        return b"".join(bytes(data) for (data,) in rows)

    def _forget(self, inbound_ids):
        """Drop the bytes of these journal rows."""
        self.env.cr.execute(
            SQL("DELETE FROM mail_gateway_raw WHERE inbound_id = ANY(%s)", inbound_ids)
        )
