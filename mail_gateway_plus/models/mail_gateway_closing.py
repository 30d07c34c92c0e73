from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.fields import Domain

KEEP, REOPEN, NEW = "keep", "reopen", "new"


class MailGatewayClosing(models.Model):
    """What becomes of a reply to a closed record, for one record type."""

    _name = "mail.gateway.closing"
    _description = "Replies to Closed Records"
    _rec_name = "model_id"

    model_id = fields.Many2one(
        "ir.model",
        string="Record Type",
        required=True,
        ondelete="cascade",
        domain=[("is_mail_thread", "=", True), ("transient", "=", False)],
        help="The records that replies come to.",
    )
    policy = fields.Selection(
        [
            (KEEP, "Add to it, leave it closed"),
            (REOPEN, "Add to it and reopen it"),
            (NEW, "Make a new record, linked to it"),
        ],
        required=True,
        default=REOPEN,
        help="What becomes of a person's reply to a closed record. One that was merged "
        "into another hands its replies on to that. Automatic answers are noted and "
        "change nothing.",
    )

    days = fields.Integer(
        string="Within Days",
        help="A reply that comes later than so many days after the closing makes a new "
        "record, linked to the closed one, whatever the policy. 0: no limit.",
    )

    _days_positive = models.Constraint(
        "CHECK (days >= 0)", "The number of days cannot be negative."
    )
    _model_unique = models.UniqueIndex(
        "(model_id)", "There is an entry for this record type already."
    )

    @api.model
    def _policy_of(self, record):
        """Return the policy for a reply to a closed record that comes now."""
        chosen, days = self.sudo()._policies().get(record._name, (None, 0))
        if days and self._is_late(record, days):
            return NEW
        return chosen or record._mail_gateway_closed_policy

    @api.model
    def _is_late(self, record, days):
        closed = record._mail_gateway_closed_at()
        return bool(closed) and closed < fields.Datetime.now() - timedelta(days=days)

    @api.model
    @tools.ormcache()
    def _policies(self):
        rows = self.sudo().search_fetch(Domain.TRUE, ["model_id", "policy", "days"])
        return {row.model_id.model: (row.policy, row.days) for row in rows}

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
