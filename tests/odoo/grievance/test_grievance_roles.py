"""Who sees, changes, assigns, approves and deletes which tickets: a test a rule."""

from people_case import ADDON, PeopleCase

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged


@tagged("post_install", "-at_install")
class TestGrievanceRoles(PeopleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create = cls.tickets.create
        cls.of_nobody = create({"subject": "Of nobody"})
        cls.of_north = create({"subject": "North's", "team_id": cls.north.id})
        cls.of_south = create({"subject": "South's", "team_id": cls.south.id})
        cls.own = {
            user: create(
                {"subject": "Own", "team_id": cls.south.id, "user_id": user.id}
            )
            for user in (cls.viewer, cls.officer, cls.supervisor)
        }
        cls.all = cls.of_nobody | cls.of_north | cls.of_south
        for ticket in cls.own.values():
            cls.all |= ticket

    # ----------------------------------------------------------------------- reading

    def test_viewer_sees_own_and_the_teams(self):
        seen = self.seen_by(self.viewer, self.all)

        self.assertEqual(seen, self.of_north | self.own[self.viewer])

    def test_officer_also_sees_what_nobody_has(self):
        seen = self.seen_by(self.officer, self.all)

        self.assertEqual(seen, self.of_nobody | self.of_north | self.own[self.officer])

    def test_supervisor_also_sees_the_teams_they_lead(self):
        seen = self.seen_by(self.supervisor, self.all)

        self.assertEqual(
            seen, self.of_nobody | self.of_north | self.own[self.supervisor]
        )

    def test_manager_sees_all(self):
        self.assertEqual(self.seen_by(self.manager, self.all), self.all)

    def test_each_role_includes_the_one_below(self):
        groups = [
            self.env.ref(f"{ADDON}.group_grievance_{role}")
            for role in ("viewer", "officer", "supervisor", "manager")
        ]

        for lower, higher in zip(groups, groups[1:], strict=False):
            self.assertIn(lower, higher.all_implied_ids)

    # ---------------------------------------------------------------------- changing

    def test_viewer_changes_and_makes_nothing(self):
        for operation in ("write", "unlink"):
            self.assertFalse(self.may(self.viewer, operation, self.of_north))
        with self.assertRaises(AccessError):
            self.tickets.with_user(self.viewer).create({"subject": "x"})

    def test_officer_changes_the_teams_and_no_others(self):
        self.assertTrue(self.may(self.officer, "write", self.of_north))
        self.assertFalse(self.may(self.officer, "write", self.of_south))
        self.assertFalse(self.may(self.officer, "unlink", self.of_north))

    def test_only_managers_delete(self):
        self.assertFalse(self.may(self.supervisor, "unlink", self.of_north))
        self.assertTrue(self.may(self.manager, "unlink", self.of_south))

    def test_officer_enters_a_ticket_that_goes_to_another_team(self):
        category = self.env.ref(f"{ADDON}.category_payment")
        category.team_id = self.south

        [shown] = self.tickets.with_user(self.officer).web_save(
            {"subject": "Payment", "category_id": category.id},
            {"subject": {}, "number": {}, "team_id": {}, "tag_ids": {}},
        )

        ticket = self.tickets.browse(shown["id"])
        self.assertEqual(ticket.team_id, self.south)
        self.assertEqual(shown["number"], ticket.number)
        self.assertEqual((shown["team_id"], shown["tag_ids"]), (False, []))
        self.assertNotIn("Payment", str(shown))

    # --------------------------------------------------------------------- assigning

    def test_officer_takes_a_ticket_and_gives_it_back(self):
        ticket = self.of_nobody.with_user(self.officer)

        ticket.action_take()
        self.assertEqual(ticket.user_id, self.officer)

        ticket.user_id = False
        self.assertFalse(ticket.user_id)

    def test_officer_assigns_to_nobody_else(self):
        ticket = self.of_north.with_user(self.officer)

        with self.assertRaises(AccessError):
            ticket.user_id = self.outsider
        with self.assertRaises(AccessError):
            ticket.team_id = self.south

    def test_officer_chooses_a_category_and_its_team_follows(self):
        category = self.env.ref(f"{ADDON}.category_payment")
        category.team_id = self.north
        ticket = self.of_nobody.with_user(self.officer)

        with Form(ticket) as form:
            form.category_id = category
        self.assertEqual(ticket.team_id, self.north)
        with self.assertRaises(AccessError):
            ticket.team_id = self.south

    def test_supervisor_assigns(self):
        ticket = self.of_north.with_user(self.supervisor)

        ticket.user_id = self.officer
        ticket.write({"team_id": self.south.id, "user_id": self.outsider.id})

        self.assertEqual(self.of_north.user_id, self.outsider)

    # --------------------------------------------------------------------- approving

    def test_stage_wants_the_decision_and_its_approval(self):
        resolved = self.env.ref(f"{ADDON}.stage_resolved")
        resolved.requires_approval = True
        ticket = self.of_north.with_user(self.officer)

        with self.assertRaises(ValidationError):
            ticket.stage_id = resolved
        ticket.decision = "upheld"
        with self.assertRaises(ValidationError):
            ticket.stage_id = resolved
        ticket.action_request_approval()
        self.assertEqual(ticket.activity_ids.user_id, self.supervisor)

        self.of_north.with_user(self.supervisor).action_approve()
        ticket.stage_id = resolved

        self.assertTrue(ticket.is_closed)
        self.assertEqual(ticket.approved_by_id, self.supervisor)
        self.assertFalse(ticket.activity_ids)

    def test_officer_does_not_approve(self):
        ticket = self.of_north.with_user(self.officer)
        ticket.decision = "rejected"

        with self.assertRaises(AccessError):
            ticket.action_approve()
        with self.assertRaises(AccessError):
            ticket.approval = "approved"

    def test_nobody_approves_what_they_decided(self):
        ticket = self.of_north.with_user(self.supervisor)
        ticket.decision = "rejected"
        ticket.action_request_approval()

        with self.assertRaises(ValidationError):
            ticket.action_approve()

    def test_another_decision_needs_another_approval(self):
        ticket = self.of_north.with_user(self.officer)
        ticket.decision = "rejected"
        self.of_north.with_user(self.supervisor).action_approve()

        ticket.decision = "upheld"

        self.assertFalse(ticket.approval)

    # ----------------------------------------------------------------- configuration

    def test_only_managers_set_up(self):
        for model in ("stage", "category", "team", "keyword", "tag"):
            with self.subTest(model):
                records = self.env[f"grievance.{model}"]
                self.assertFalse(records.with_user(self.officer).has_access("unlink"))
                self.assertTrue(records.with_user(self.manager).has_access("create"))

    def test_others_of_the_office_see_no_configuration_either(self):
        for model in ("stage", "category", "team", "keyword", "tag", "seal.log"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[f"grievance.{model}"].with_user(self.user_employee).search([])

    def test_team_of_another_company_is_hidden(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.north.company_id = other

        teams = self.env["grievance.team"].with_user(self.officer)
        self.assertNotIn(self.north, teams.search([]))

    # ------------------------------------------------------------------- from category

    def test_category_gives_team_and_severity(self):
        category = self.env.ref(f"{ADDON}.category_payment")
        category.team_id = self.north
        part = category.create({"name": "Late", "parent_id": category.id})

        ticket = self.ticket(category_id=part.id)

        self.assertEqual(ticket.team_id, self.north)
        self.assertEqual(ticket.severity, "high")

    def test_category_leaves_a_ticket_with_its_team(self):
        category = self.env.ref(f"{ADDON}.category_payment")
        category.team_id = self.north

        self.of_south.category_id = category

        self.assertEqual(self.of_south.team_id, self.south)
