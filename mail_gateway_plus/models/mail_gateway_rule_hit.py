from odoo import api, fields, models
from odoo.tools import SQL


class MailGatewayRuleHit(models.Model):
    """How often rules held: one row a message, summed up once a day.

    Rows are only added while mail is processed. A counter on the rule itself would
    make all workers wait for one another.
    """

    _name = "mail.gateway.rule.hit"
    _description = "Hits of a Rule"
    _log_access = False

    # No foreign key: a rule that is being deleted must not undo a batch.
    rule_id = fields.Integer(required=True, index=True, help="The rule's ID.")
    hits = fields.Integer(help="How many messages it held for.")
    errors = fields.Integer(help="For how many it could not be decided.")
    last_at = fields.Datetime(help="When it last held.")
    failed_at = fields.Datetime(help="When it last could not be decided.")

    @api.model
    def _count(self, held, failed):
        """Count rules with this transaction, in one statement.

        :param held: ids of rules that held for a message, and of those that failed
        """
        rows = [
            SQL("(%s, 1, 0, timezone('UTC', now()), NULL)", rule_id) for rule_id in held
        ]
        rows += [
            SQL("(%s, 0, 1, NULL, timezone('UTC', now()))", rule_id)
            for rule_id in failed
        ]
        if rows:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO mail_gateway_rule_hit"
                    " (rule_id, hits, errors, last_at, failed_at) VALUES %s",
                    SQL(", ").join(rows),
                )
            )

    @api.model
    def _totals(self, rule_ids):
        """Return hits, errors, and when last each, by rule."""
        found = self._read_group(
            [("rule_id", "in", rule_ids)],
            ["rule_id"],
            ["hits:sum", "errors:sum", "last_at:max", "failed_at:max"],
        )
        return {rule_id: totals for rule_id, *totals in found}

    @api.autovacuum
    def _gc_sum_up(self):
        """Have one row for each rule that is left, in the place of many.

        Rows that are added meanwhile are not seen, and stay for the next time.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH old AS (
                    DELETE FROM mail_gateway_rule_hit RETURNING *
                )
                INSERT INTO mail_gateway_rule_hit
                       (rule_id, hits, errors, last_at, failed_at)
                SELECT rule_id, sum(hits), sum(errors), max(last_at), max(failed_at)
                  FROM old
                 WHERE EXISTS (SELECT FROM mail_gateway_rule WHERE id = rule_id)
                 GROUP BY rule_id
                """
            )
        )
        self.invalidate_model()
