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
        self.env.cr.execute(
            SQL(
                """
                CREATE TABLE IF NOT EXISTS %(table)s (
                    inbound_id integer NOT NULL
                        REFERENCES mail_gateway_inbound ON DELETE CASCADE,
                    sequence integer NOT NULL,
                    data bytea NOT NULL,
                    PRIMARY KEY (inbound_id, sequence)
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

    def _forget(self, before, limit):
        """Drop the bytes of at most ``limit`` rows settled before that time.

        :returns: how many rows were emptied
        """
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM mail_gateway_raw WHERE inbound_id IN (
                    SELECT id FROM mail_gateway_inbound
                    WHERE has_raw AND settled_at < %s
                    ORDER BY settled_at LIMIT %s
                ) RETURNING inbound_id
                """,
                before,
                limit,
            )
        )
        return {inbound_id for (inbound_id,) in rows}
