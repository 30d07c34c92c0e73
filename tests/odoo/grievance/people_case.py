"""The people of the grievance tests: one for each role, in two teams."""

from grievance_case import GrievanceCase

from odoo.fields import Command

from odoo.addons.mail.tests.common import mail_new_test_user

ADDON = "mail_gateway_plus_grievance"


class PeopleCase(GrievanceCase):
    """North has an officer, a viewer and a supervisor; nobody is in the sealed team
    but ``keeper``, an officer; ``outsider`` is an officer of no team."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls.person("viewer")
        cls.officer = cls.person("officer")
        cls.supervisor = cls.person("supervisor")
        cls.manager = cls.person("manager")
        cls.outsider = cls.person("officer", "outsider")
        cls.keeper = cls.person("officer", "keeper")
        cls.operator = mail_new_test_user(
            cls.env, login="g_operator", groups="mail_gateway_plus.group_operator"
        )
        teams = cls.env["grievance.team"]
        cls.north = teams.create(
            {
                "name": "North",
                "supervisor_id": cls.supervisor.id,
                "member_ids": [Command.set((cls.officer | cls.viewer).ids)],
            }
        )
        cls.south = teams.create({"name": "South"})
        cls.sealed_team = cls.env.ref(f"{ADDON}.team_sealed")
        cls.sealed_team.member_ids = cls.keeper
        cls.harassment = cls.env.ref(f"{ADDON}.category_sea")

    @classmethod
    def person(cls, role, name=None):
        return mail_new_test_user(
            cls.env,
            login=f"g_{name or role}",
            name=(name or role).title(),
            email=f"{name or role}@office.example.com",
            groups=f"{ADDON}.group_grievance_{role}",
        )

    def ticket(self, **values):
        return self.tickets.create({"subject": "Water point", **values})

    def seen_by(self, user, tickets):
        """Return those of ``tickets`` that a user finds and may read."""
        seen = self.tickets.with_user(user).search([("id", "in", tickets.ids)])
        self.assertEqual(seen, tickets.with_user(user)._filtered_access("read"))
        return seen.with_user(self.env.user)

    def may(self, user, operation, ticket):
        return ticket.with_user(user).has_access(operation)
