from odoo import api, fields, models
from odoo.exceptions import AccessError

# What decides on who sees sealed grievances.
GUARDED = {"is_sealed", "member_ids", "supervisor_id", "active", "company_id"}


class GrievanceTeam(models.Model):
    """Officers who share tickets, and who leads them."""

    _name = "grievance.team"
    _description = "Grievance Team"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True, help="What the team is called.")
    sequence = fields.Integer(default=10, help="Order of the teams.")
    member_ids = fields.Many2many(
        "res.users",
        "grievance_team_member_rel",
        "team_id",
        "user_id",
        string="Members",
        domain=[("share", "=", False)],
        help="They see and work on the team's tickets, as far as their role allows.",
    )
    supervisor_id = fields.Many2one(
        "res.users",
        domain=[("share", "=", False)],
        index="btree_not_null",
        help="Assigns the team's tickets, approves decisions, and is told first when a "
        "deadline is missed.",
    )
    is_sealed = fields.Boolean(
        string="Sealed Team",
        help="Sensitive grievances go to this team, and nobody else sees them: neither "
        "other officers nor managers nor administrators. Once it has members, only "
        "they change who belongs to it.",
    )
    company_id = fields.Many2one(
        "res.company", help="The company that the team works for; empty means all."
    )
    active = fields.Boolean(default=True, help="Teams in use are shown in choices.")

    def _people(self):
        """Return the users who belong to these teams."""
        return self.member_ids | self.supervisor_id

    @api.model
    def _sealed_for(self, company):
        """Return the team that sealed grievances of a company go to."""
        return self.sudo().search(
            [("is_sealed", "=", True), ("company_id", "in", [company.id, False])],
            order="company_id, sequence, id",
            limit=1,
        )

    @api.model
    def _sealed_of_user(self):
        """Return the sealed teams whose grievances the user sees.

        As long as a team has nobody, managers see to it: a grievance of this kind must
        not wait for the team to be set up.
        """
        sealed = self.sudo().with_context(active_test=False)
        sealed = sealed.search([("is_sealed", "=", True)])
        user = self.env.user
        is_manager = user.has_group(
            "mail_gateway_plus_grievance.group_grievance_manager"
        )
        return sealed.filtered(
            lambda team: user in team._people() or is_manager and not team._people()
        )

    @api.model
    def _kept_by_user(self):
        """Return the ids of the companies whose sealed letters the user sees.

        ``False`` stands for letters of no company. As long as there is nobody else,
        managers see to them.
        """
        seen = self._sealed_of_user()
        is_manager = self.env.user.has_group(
            "mail_gateway_plus_grievance.group_grievance_manager"
        )
        # sudo: whoever asks, what counts is which teams there are
        none = self.env["res.company"].sudo().with_context(active_test=False)
        kept = []
        for company in [none, *none.search([("id", "!=", False)])]:
            team = self._sealed_for(company)
            if team in seen if team else is_manager:
                kept.append(company.id)
        return kept

    @api.model_create_multi
    def create(self, vals_list):
        teams = super().create(vals_list)
        teams.filtered("is_sealed")._check_may_add_sealed()
        for team in teams.filtered("is_sealed"):
            team._log_membership()
        return teams

    def write(self, vals):
        guarded = GUARDED & vals.keys()
        if guarded:
            self._check_may_change_sealed()
        sealed = self.filtered("is_sealed")
        result = super().write(vals)
        (self.filtered("is_sealed") - sealed)._check_may_add_sealed()
        if guarded:
            for team in sealed | self.filtered("is_sealed"):
                team._log_membership()
        return result

    def unlink(self):
        self._check_may_change_sealed()
        return super().unlink()

    def _check_may_change_sealed(self):
        """Raise unless the user belongs to the sealed teams among these.

        Else a manager would only have to join to see all.
        """
        if self.env.su:
            return
        user = self.env.user
        for team in self.sudo().filtered("is_sealed"):
            if team._people() and user not in team._people():
                raise AccessError(
                    self.env._(
                        "Only who belongs to the sealed team %s changes it.", team.name
                    )
                )

    def _check_may_add_sealed(self):
        """Raise if somebody outside makes a team beside one that has people.

        Else a manager would only have to make one of their own, to which sealed
        grievances and letters go from then on.
        """
        if self.env.su:
            return
        for team in self.sudo():
            others = self.sudo().search(
                [("is_sealed", "=", True), ("id", "not in", self.ids)]
            )
            others = others.filtered(
                lambda other, team=team: (
                    not (team.company_id and other.company_id)
                    or team.company_id == other.company_id
                )
            )
            if others._people() and self.env.user not in others._people():
                raise AccessError(
                    self.env._(
                        "Only who belongs to the sealed team %s makes another one.",
                        others[0].name,
                    )
                )

    def _log_membership(self):
        people = ", ".join(self._people().mapped("name")) or self.env._("nobody")
        self.env["grievance.seal.log"]._note(
            "membership",
            reason=self.env._("%(team)s: %(people)s", team=self.name, people=people),
        )
