from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from .grievance_ticket_handling import SENSITIVITIES

RANK = {key: rank for rank, (key, _label) in enumerate(SENSITIVITIES)}
STANDARD, SENSITIVE = SENSITIVITIES[0][0], SENSITIVITIES[1][0]


class GrievanceTicketSeal(models.Model):
    """Sensitive grievances, which nobody but the sealed team sees.

    They are recognised as they come in, in the very transaction that makes the ticket:
    there is no moment in which somebody else could read it.
    """

    _inherit = "grievance.ticket"

    sensitivity = fields.Selection(
        SENSITIVITIES,
        default=STANDARD,
        required=True,
        tracking=True,
        copy=False,
        help="Sensitive and highly sensitive tickets are sealed: only the sealed team "
        "sees the ticket, its conversation, its files and the mail that it came by. "
        "Only that team lowers it again.",
    )
    seal_word = fields.Char(
        string="Sealed for",
        readonly=True,
        copy=False,
        help="The word for which it was sealed as it came in.",
    )

    _sealed_idx = models.Index("(team_id) WHERE is_sealed")

    is_reserved = fields.Boolean(
        string="Reserved",
        compute="_compute_is_reserved",
        search="_search_is_reserved",
        help="Whether it is sealed and you do not belong to its team, even if you may "
        "see it for now.",
    )

    @api.model
    def _sealed_from(self):
        opened = self.env["grievance.seal.log"]._opened_ids()
        return self._outside_of_teams() & Domain("id", "not in", opened)

    @api.model
    def _outside_of_teams(self):
        teams = self._teams_of_user().ids
        is_manager = self.env.user.has_group(
            "mail_gateway_plus_grievance.group_grievance_manager"
        )
        if is_manager:  # without any sealed team, managers have to see to it
            teams.append(False)
        return Domain("team_id", "not in", teams)

    @api.depends("is_sealed", "team_id")
    @api.depends_context("uid")
    def _compute_is_reserved(self):
        reserved = self.sudo().filtered_domain(self._search_is_reserved("in", [True]))
        for ticket in self:
            ticket.is_reserved = ticket.id in reserved._ids

    def _search_is_reserved(self, operator, value):
        if operator != "in":
            return NotImplemented
        reserved = Domain("is_sealed", "=", True) & self._outside_of_teams()
        return reserved if True in value else ~reserved

    # ------------------------------------------------------------- becoming sealed

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._with_seal(vals) for vals in vals_list]
        tickets = super().create(vals_list)
        # sudo: who makes it may have lost sight of it already
        for ticket in tickets.sudo().filtered("is_sealed"):
            ticket._seal()
        return tickets

    def write(self, vals):
        if not {"category_id", "sensitivity", "team_id", "user_id"} & vals.keys():
            return super().write(vals)
        self._check_lowering(vals)
        teams = {ticket.id: ticket.team_id for ticket in self.sudo()}
        result = super().write(vals)
        if {"category_id", "sensitivity", "team_id"} & vals.keys():
            # sudo: who raises it may be about to lose sight of it
            for ticket in self.sudo():
                if "sensitivity" not in vals and ticket.team_id - teams[ticket.id]:
                    ticket._follow_team()
                ticket._follow_sensitivity()
        self.sudo()._check_sealed_people()
        return result

    def _with_seal(self, vals):
        """Return the values of a new ticket, sealed in time if need be."""
        category = self.env["grievance.category"].sudo()
        category = category.browse(vals.get("category_id") or ())
        keyword, word = self.env["grievance.keyword"]._match(
            vals.get("subject"), vals.get("description")
        )
        recognised = keyword.category_id
        values = dict(vals)
        if recognised and not category:
            category = recognised
            values["category_id"] = category.id
        wanted = [vals.get("sensitivity") or STANDARD]
        wanted += [each._sensitivity() for each in (category, recognised) if each]
        team = self.env["grievance.team"].sudo().browse(vals.get("team_id") or ())
        if team.is_sealed:
            wanted.append(SENSITIVE)
        values["sensitivity"] = max(wanted, key=RANK.get)
        if values["sensitivity"] == STANDARD:
            return values
        company = self.env["res.company"].browse(
            vals.get("company_id") or self.env.company.id
        )
        if not team.is_sealed:
            team = self._sealed_team(company, category)
        user = self.env["res.users"].browse(vals.get("user_id") or ())
        return {
            **values,
            "is_sealed": True,
            "seal_word": word,
            "team_id": team.id,
            "user_id": user.id if user in team._people() else False,
        }

    def _sealed_team(self, company, category):
        """Return the team that a sealed ticket goes to."""
        team = category._first("team_id") if category else self.env["grievance.team"]
        if team and team.is_sealed:
            return team
        return self.env["grievance.team"]._sealed_for(company)

    def _triage_answer(self, subject, body):
        """Seal the ticket for what its complainant adds, before it is added."""
        keyword, word = self.env["grievance.keyword"]._match(subject, body)
        least = SENSITIVE if self._intake_mailbox().is_sealed else STANDARD
        for ticket in self.sudo():
            sensitivity = keyword.category_id._sensitivity() if keyword else STANDARD
            sensitivity = max(sensitivity, least, key=RANK.get)
            if RANK[sensitivity] > RANK[ticket.sensitivity]:
                ticket.write({"sensitivity": sensitivity, "seal_word": word})

    def _follow_team(self):
        """Seal what somebody hands to a sealed team."""
        if self.team_id.is_sealed and self.sensitivity == STANDARD:
            self.sensitivity = SENSITIVE

    def _follow_sensitivity(self):
        """Seal or unseal after a change of sensitivity or category."""
        category = self.category_id
        if category and RANK[category._sensitivity()] > RANK[self.sensitivity]:
            self.sensitivity = category._sensitivity()
        if self.sensitivity != STANDARD and not self.is_sealed:
            team = self._sealed_team(self.company_id, category)
            values = {"team_id": team.id}
            if self.user_id not in team._people():
                values["user_id"] = False
            self.is_sealed = True  # first: then nobody is told of the change of team
            self.write(values)
            self._seal()
        elif self.sensitivity == STANDARD and self.is_sealed:
            self._unseal()

    def _seal(self):
        result = super()._seal()
        for ticket in self:  # without the word: others read the log
            self.env["grievance.seal.log"]._note("sealed", ticket)
        return result

    def _unseal(self):
        result = super()._unseal()
        for ticket in self:
            self.env["grievance.seal.log"]._note("unsealed", ticket)
        return result

    def _check_lowering(self, vals):
        """Raise if somebody else than the sealed team lowers the sensitivity."""
        new = vals.get("sensitivity")
        if self.env.su or not new:
            return
        for ticket in self:
            is_lower = RANK[new] < RANK[ticket.sudo().sensitivity]
            if is_lower and ticket.sudo().team_id not in self._teams_of_user():
                raise AccessError(
                    self.env._("Only the sealed team lowers the sensitivity.")
                )
            category = ticket.category_id
            if "category_id" in vals:
                category = category.browse(vals["category_id"] or ())
            if is_lower and category and RANK[new] < RANK[category._sensitivity()]:
                raise ValidationError(
                    self.env._(
                        "Grievances about “%s” are more sensitive. Change the "
                        "category as well.",
                        category.complete_name,
                    )
                )

    def _teams_of_user(self):
        return self.env["grievance.team"]._sealed_of_user()

    def _check_sealed_people(self):
        for ticket in self.filtered("is_sealed"):
            team = ticket.team_id
            if team and not team.is_sealed:
                raise ValidationError(
                    self.env._("A sealed ticket stays with a sealed team.")
                )
            if ticket.user_id and ticket.user_id not in team._people():
                raise ValidationError(
                    self.env._(
                        "%(user)s does not belong to the sealed team %(team)s.",
                        user=ticket.user_id.name,
                        team=team.name,
                    )
                )

    # ------------------------------------------------------------------ break-glass

    def _break_seal(self, reason, hours):
        """Let the user see this sealed ticket for some hours, and tell its team."""
        self.ensure_one()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why you have to see this ticket."))
        expires_at = fields.Datetime.add(fields.Datetime.now(), hours=hours)
        self.env["grievance.seal.log"]._note("broken", self, reason, expires_at)
        user = self.env.user
        # sudo: the team is told of it, whoever may see the team
        ticket = self.sudo()
        text = self.env._(
            "%(user)s has broken the seal of %(number)s and sees it until %(until)s "
            "UTC. Reason: %(reason)s",
            user=user.name,
            number=ticket.number,
            until=fields.Datetime.to_string(expires_at),
            reason=reason,
        )
        ticket.message_post(body=text, author_id=user.partner_id.id)
        if people := ticket.team_id._people() - user:
            ticket.message_notify(
                partner_ids=people.partner_id.ids,
                subject=self.env._("Seal broken: %s", ticket.number),
                body=text,
                author_id=user.partner_id.id,
            )
        self.env.invalidate_all()

    # --------------------------------------------------------- what others are shown

    def web_save(self, vals, specification, next_id=None):
        """Save what somebody enters even if they may not see it from then on.

        Reading it back would fail, and take back what was saved with it.
        """
        if self:
            self.write(vals)
        else:
            self = self.create([vals])
        shown = self.browse(next_id) if next_id else self
        if shown._filtered_access("read") == shown:
            return super(GrievanceTicketSeal, shown).web_save({}, specification)
        return [ticket._masked(specification) for ticket in shown]

    def _masked(self, specification):
        """Return what a screen shows of a ticket that the user does not see."""
        empty = {
            name: [] if self._fields[name].type in ("one2many", "many2many") else False
            for name in specification
            if name in self._fields
        }
        ticket = self.sudo()
        return {
            **empty,
            "id": self.id,
            "number": ticket.number,
            "subject": self.env._("Handed on to others"),
            "is_withheld": True,
        }

    @api.depends("number", "subject", "is_sealed")
    def _compute_display_name(self):
        """Name a sealed ticket by its number only.

        Names show where the ticket does not: in links from other records, and in the
        subjects of mails, which are read on the way.
        """
        sealed = self.filtered("is_sealed")
        for ticket in sealed:
            ticket.display_name = f"[{ticket.number}]"
        return super(GrievanceTicketSeal, self - sealed)._compute_display_name()
