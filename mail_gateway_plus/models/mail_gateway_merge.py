from odoo import api, fields, models
from odoo.tools import SQL

from ..parameters import ROW_RETENTION, kept_since

GC_LIMIT = 1000


class MailGatewayMerge(models.Model):
    """Where the conversation of a record went.

    Record types that merge records move the messages of the one to the other, and
    delete or archive it (crm/models/crm_lead.py, ``_merge_dependences_history``;
    ``message_change_thread``). Whatever still names the record leads on from here.
    Somebody who moves one message of several merges nothing.
    """

    _name = "mail.gateway.merge"
    _description = "Merged Record"
    _rec_name = "res_model"

    res_model = fields.Char(required=True, help="The type of the record.")
    res_id = fields.Integer(required=True, help="The record.")
    successor_model = fields.Char(
        required=True, help="The type of the one that has its messages."
    )
    successor_id = fields.Integer(
        required=True, help="The record that has its messages."
    )

    _record_unique = models.UniqueIndex("(res_model, res_id)")
    _date_idx = models.Index("(create_date)")

    @api.model
    def _note(self, places, successor_model, successor_id):
        """Note that messages went from these records to another one, if all did.

        They may be moved one by one, and again: the last move counts. What only one
        person was told stays behind (``message_change_thread``).

        :param places: pairs of model and id
        """
        now = fields.Datetime.now()
        rows = [
            (model, record_id, successor_model, successor_id, now)
            for model, record_id in places
            if (model, record_id) != (successor_model, successor_id)
        ]
        if not rows:
            return
        self.env["mail.message"].flush_model(["model", "res_id", "message_type"])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mail_gateway_merge
                    (res_model, res_id, successor_model, successor_id, create_date)
                SELECT * FROM (VALUES %s) AS place (model, record_id)
                 WHERE NOT EXISTS (
                    SELECT FROM mail_message AS message
                     WHERE message.model = place.model
                       AND message.res_id = place.record_id
                       AND message.message_type != 'user_notification')
                ON CONFLICT (res_model, res_id) DO UPDATE
                SET successor_model = EXCLUDED.successor_model,
                    successor_id = EXCLUDED.successor_id,
                    create_date = EXCLUDED.create_date
                """,
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        self.invalidate_model()

    @api.model
    def _successor_of(self, model, record_id):
        """Return the record that has the messages of another one, or ``None``."""
        # sudo: the gateway writes to any record
        noted = self.sudo().search_fetch(
            [("res_model", "=", model), ("res_id", "=", record_id)],
            ["successor_model", "successor_id"],
            limit=1,
        )
        if not noted or noted.successor_model not in self.env:
            return None
        successor = self.env[noted.successor_model].sudo()
        return successor.browse(noted.successor_id).exists() or None

    @api.autovacuum
    def _gc_old(self):
        """Forget what is older than the journal: nothing answers that any more."""
        before = kept_since(self.env, ROW_RETENTION)
        old = self.search([("create_date", "<", before)], limit=GC_LIMIT)
        old.unlink()
        return len(old), len(old) == GC_LIMIT
