from odoo import fields, models
from odoo.exceptions import AccessError, UserError

MANAGER = "mail_gateway_plus_grievance.group_grievance_manager"
HOURS = 4


class GrievanceBreakSeal(models.TransientModel):
    """See a sealed ticket for some hours, in an emergency and before witnesses."""

    _name = "grievance.break.seal"
    _description = "Break a Seal"

    number = fields.Char(
        string="Ticket Number", required=True, help="The ticket that you have to see."
    )
    reason = fields.Text(
        required=True,
        help="Why you have to see it. The sealed team reads this at once.",
    )
    hours = fields.Integer(
        default=HOURS, required=True, help="For how many hours you have to see it."
    )

    _hours_few = models.Constraint(
        "CHECK(hours BETWEEN 1 AND 24)", "The seal is broken for 1 to 24 hours."
    )

    def action_confirm(self):
        """Note it, tell the sealed team, and open the ticket."""
        self.ensure_one()
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only managers may break a seal."))
        # sudo: by its number only, and only in the user's companies
        ticket = self.env["grievance.ticket"].sudo().with_context(active_test=False)
        ticket = ticket.search(
            [
                ("number", "=", self.number.strip()),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        ticket = ticket.sudo(False).with_env(self.env)
        # One that is about the user shall seem to be none.
        is_about = self.env.user in ticket.sudo().concerned_user_ids
        if not ticket or is_about or not ticket.sudo().is_withheld:
            raise UserError(self.env._("No ticket with this number is sealed for you."))
        ticket._break_seal(self.reason, self.hours)
        return {
            "type": "ir.actions.act_window",
            "res_model": "grievance.ticket",
            "res_id": ticket.id,
            "views": [[False, "form"]],
        }
