from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.mail_gateway_plus.parameters import kept_since

# System parameter, and the days that the log is kept when it is not set.
RETENTION = ("mail_gateway_plus_grievance.seal_log_retention_days", 3650)


class GrievanceSealLog(models.Model):
    """Who sealed, unsealed or looked into what, and why: written once, never changed.

    It names tickets by their number only, as whoever reads it may not see them.
    """

    _name = "grievance.seal.log"
    _description = "Seal Log"
    _order = "id desc"
    _rec_name = "number"

    event = fields.Selection(
        [
            ("sealed", "Sealed"),
            ("unsealed", "Unsealed"),
            ("broken", "Seal Broken"),
            ("membership", "Sealed Team Changed"),
        ],
        required=True,
        readonly=True,
        help="What was done.",
    )
    ticket_id = fields.Integer(
        string="Ticket ID",
        readonly=True,
        aggregator=None,
        help="A number and no link: a link would show the ticket's name.",
    )
    number = fields.Char(readonly=True, help="The ticket's number.")
    user_id = fields.Many2one(
        "res.users", readonly=True, ondelete="restrict", help="Who did it."
    )
    reason = fields.Text(readonly=True, help="Why, in that person's words.")
    expires_at = fields.Datetime(
        string="Until", readonly=True, help="Until when the ticket can be seen."
    )
    company_id = fields.Many2one(
        "res.company", readonly=True, help="The ticket's company."
    )

    _broken_idx = models.Index("(user_id, expires_at) WHERE event = 'broken'")

    @api.model
    def _note(self, event, ticket=None, reason="", expires_at=False):
        """Write an entry, whoever does it."""
        # sudo: nobody may write the log, or leave out what they do
        return self.sudo().create(
            {
                "event": event,
                "ticket_id": ticket.id if ticket else 0,
                "number": ticket.number if ticket else False,
                "company_id": ticket.company_id.id if ticket else False,
                "user_id": self.env.uid,
                "reason": reason,
                "expires_at": expires_at,
            }
        )

    @api.model
    def _opened_ids(self):
        """Return the ids of the tickets whose seal the user has broken for now."""
        found = self.sudo().search(
            [
                ("event", "=", "broken"),
                ("user_id", "=", self.env.uid),
                ("expires_at", ">", fields.Datetime.now()),
            ]
        )
        return found.mapped("ticket_id")

    def write(self, vals):
        if vals:
            raise UserError(self.env._("The seal log cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_nothing(self):
        raise UserError(self.env._("The seal log cannot be changed."))

    @api.autovacuum
    def _gc(self):
        """Forget entries once their retention is over."""
        before = kept_since(self.env, RETENTION)
        self.env.cr.execute(
            SQL("DELETE FROM grievance_seal_log WHERE create_date < %s", before)
        )
