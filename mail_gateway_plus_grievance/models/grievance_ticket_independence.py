from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .grievance_ticket_seal import SENSITIVE, STANDARD

# Who does something with a ticket.
ACTING = ("user_id", "decided_by_id", "approved_by_id")


class GrievanceTicketIndependence(models.Model):
    """Grievances about our own people, who neither handle nor see them.

    They are sealed like other sensitive ones, and from those whom they are about even
    where these belong to the sealed team or break its seals.
    """

    _inherit = "grievance.ticket"

    concerned_user_ids = fields.Many2many(
        "res.users",
        "grievance_ticket_concerned_rel",
        string="About",
        domain=[("share", "=", False)],
        help="The users whom the grievance is about. It becomes sensitive, and they do "
        "not see it, are told nothing of it, and cannot work on it or decide it, "
        "whatever their role is. Enter it on tickets about the same matter as well. A "
        "new letter about it is seen by the whole sealed team until it is processed.",
    )

    @api.onchange("concerned_user_ids")
    def _onchange_concerned_user_ids(self):
        if self.user_id in self.concerned_user_ids._origin:
            self.user_id = False

    def _check_independence(self, vals):
        """Raise if one of these is given to somebody whom it is about."""
        acting = self.env["res.users"].browse(filter(None, map(vals.get, ACTING)))
        # sudo: it may be sealed from whoever enters it
        if partial := acting & self.sudo().concerned_user_ids:
            raise ValidationError(
                self.env._(
                    "The grievance is about %s. Somebody else has to see to it.",
                    ", ".join(partial.mapped("name")),
                )
            )

    # -------------------------------------------------------------- becoming sealed

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        # sudo: who makes it may have lost sight of it already
        for ticket in tickets.sudo().filtered("concerned_user_ids"):
            ticket._hand_to_others()
        return tickets

    def _with_seal(self, vals):
        is_standard = (vals.get("sensitivity") or STANDARD) == STANDARD
        if is_standard and self._concerned_in(vals):
            vals = {**vals, "sensitivity": SENSITIVE}
        return super()._with_seal(vals)

    def _concerned_in(self, vals):
        """Return the IDs of those whom a new ticket is about."""
        commands = vals.get("concerned_user_ids") or ()
        field = self._fields["concerned_user_ids"]
        return field.convert_to_cache(commands, self.browse())

    def write(self, vals):
        self._check_independence(vals)
        result = super().write(vals)
        if "concerned_user_ids" in vals:
            # sudo: who enters it may have lost sight of the ticket
            for ticket in self.sudo().filtered("concerned_user_ids"):
                ticket._follow_sensitivity()
                ticket._hand_to_others()
                ticket._take_back()  # it may have been sealed before
        return result

    def _hand_to_others(self):
        """Leave the ticket to those whom it is not about, to managers if need be."""
        if self.user_id in self.concerned_user_ids:
            self.user_id = False
        if self.team_id and not self.team_id._people() - self.concerned_user_ids:
            self.team_id = False

    def _follow_sensitivity(self):
        if self.concerned_user_ids and self.sensitivity == STANDARD:
            self.sensitivity = SENSITIVE  # which comes here again
            return None
        return super()._follow_sensitivity()

    def _check_lowering(self, vals):
        is_lowered = vals.get("sensitivity") == STANDARD
        is_about_somebody = "concerned_user_ids" not in vals and (
            self.sudo().concerned_user_ids
        )
        if is_lowered and is_about_somebody:
            raise ValidationError(
                self.env._(
                    "A grievance about somebody of us is sensitive. Empty “About” if "
                    "it is about nobody."
                )
            )
        return super()._check_lowering(vals)

    # ------------------------------------------------------------- from whom it is kept

    @api.ondelete(at_uninstall=False)
    def _keep_what_is_about_somebody(self):
        """Keep what its letters say from them, which only the ticket tells."""
        if self.sudo().concerned_user_ids:
            raise UserError(
                self.env._(
                    "A grievance about somebody of us is not deleted. Archive it."
                )
            )

    @api.model
    def _about_user(self):
        return Domain("concerned_user_ids", "in", self.env.uid)

    @api.model
    def _sealed_from(self):
        return super()._sealed_from() | self._about_user()

    @api.model
    def _outside_of_teams(self):
        return super()._outside_of_teams() | self._about_user()

    @api.depends("concerned_user_ids")
    def _compute_is_withheld(self):
        return super()._compute_is_withheld()

    @api.depends("concerned_user_ids")
    def _compute_is_reserved(self):
        return super()._compute_is_reserved()

    def _superiors(self):
        concerned = self.sudo().concerned_user_ids
        return super()._superiors() - concerned or self._managers()

    def _managers(self):
        return super()._managers() - self.sudo().concerned_user_ids
