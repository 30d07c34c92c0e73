from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from .grievance_ticket_seal import SENSITIVE, STANDARD


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
        copy=False,
        help="The users whom the grievance is about. It becomes sensitive, and they do "
        "not see it, are told nothing of it, and cannot work on it or decide it, "
        "whatever their role is.",
    )

    @api.onchange("concerned_user_ids")
    def _onchange_concerned_user_ids(self):
        if self.user_id in self.concerned_user_ids._origin:
            self.user_id = False

    @api.constrains("concerned_user_ids", "user_id", "decided_by_id", "approved_by_id")
    def _check_independence(self):
        # sudo: it may be sealed from whoever entered it
        for ticket in self.sudo():
            acting = ticket.user_id | ticket.decided_by_id | ticket.approved_by_id
            if partial := acting & ticket.concerned_user_ids:
                raise ValidationError(
                    self.env._(
                        "The grievance is about %s. Somebody else has to see to it.",
                        ", ".join(partial.mapped("name")),
                    )
                )

    # -------------------------------------------------------------- becoming sealed

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
        result = super().write(vals)
        if "concerned_user_ids" in vals:
            # sudo: who enters it may have lost sight of the ticket
            for ticket in self.sudo().filtered("concerned_user_ids"):
                ticket._follow_sensitivity()
                ticket._take_back()
        return result

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

    def _break_seal(self, reason, hours):
        # Not why: that there is a grievance about them is not for them to know.
        if self.env.user in self.sudo().concerned_user_ids:
            raise AccessError(self.env._("This seal is not yours to break."))
        return super()._break_seal(reason, hours)

    def _superiors(self):
        concerned = self.sudo().concerned_user_ids
        return super()._superiors() - concerned or self._managers()

    def _managers(self):
        return super()._managers() - self.sudo().concerned_user_ids
