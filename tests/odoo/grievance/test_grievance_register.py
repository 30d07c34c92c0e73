"""The register has every column, the figures count what they can, sealed ones are
only counted."""

from datetime import timedelta

from people_case import ADDON, PeopleCase

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestGrievanceRegister(PeopleCase):
    def setUp(self):
        super().setUp()
        self.tickets.search([]).unlink()

    def figures(self, user, group_by=()):
        measures = [
            "acknowledged_in_time:avg",
            "resolved_in_time:avg",
            "satisfied:avg",
            "anonymous:avg",
            "appeal_upheld:avg",
            "__count",
        ]
        self.env.flush_all()
        report = self.env["grievance.report"].with_user(user)
        return report._read_group([], group_by, measures)

    def test_columns_of_the_ready_export_can_be_exported(self):
        export = self.env.ref(f"{ADDON}.export_register")
        ticket = self.ticket(team_id=self.north.id, complainant_name="Amina")
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        names = export.export_fields.mapped("name")

        [line] = ticket.with_user(self.manager).export_data(names)["datas"]

        self.assertEqual(len(line), len(names))
        self.assertIn(ticket.number, line)
        self.assertIn("North", line)

    def test_figures_count_only_what_they_can_say_something_of(self):
        now = fields.Datetime.now()
        closed = self.env.ref(f"{ADDON}.stage_closed")
        early = self.ticket(channel="email", severity="high", team_id=self.north.id)
        early.acknowledged_at = now
        early.stage_id = closed
        early._take_feedback("satisfied")
        self.ticket(
            channel="email",
            severity="high",
            team_id=self.north.id,
            received_at=now - timedelta(days=30),
            complainant_type="anonymous",
        )
        self.ticket(channel="phone", severity="low", team_id=self.north.id)
        appeal = self.ticket(original_ticket_id=early.id, team_id=self.north.id)
        appeal.with_user(self.supervisor).decision = "upheld"

        [figures] = self.figures(self.supervisor)

        acknowledged, resolved, satisfied, anonymous, upheld, count = figures
        self.assertEqual((acknowledged, resolved), (50, 50))
        self.assertEqual((satisfied, anonymous, upheld), (100, 25, 100))
        self.assertEqual(count, 4)

    def test_register_has_programme_vulnerability_referral_and_duplicates(self):
        original = self.ticket(team_id=self.north.id)
        ticket = self.ticket(
            team_id=self.north.id,
            programme="Cash for seed",
            vulnerability="Household led by a child",
            referred_to="District hospital",
            duplicate_of_id=original.id,
        )
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        names = self.env.ref(f"{ADDON}.export_register").export_fields.mapped("name")

        [line] = ticket.with_user(self.manager).export_data(names)["datas"]

        told = dict(zip(names, line, strict=True))
        self.assertEqual(told["programme"], "Cash for seed")
        self.assertEqual(told["vulnerability"], "Household led by a child")
        self.assertEqual(told["referred_to"], "District hospital")
        self.assertEqual(told["duplicate_of_id/number"], original.number)
        self.assertEqual(original.duplicate_count, 1)
        action = original.with_user(self.manager).action_open_duplicates()
        self.assertEqual(self.tickets.search(action["domain"]), ticket)

    def test_duplicates_point_to_the_one_that_is_seen_to(self):
        original, second, third = (self.ticket() for _number in range(3))
        second.duplicate_of_id = original

        for ticket, choice in (
            (original, original),
            (third, second),
            (original, third),
        ):
            with self.assertRaises(ValidationError):
                ticket.duplicate_of_id = choice

    def test_time_to_close_is_the_median_by_group_and_in_all(self):
        now = fields.Datetime.now()
        closed = self.env.ref(f"{ADDON}.stage_closed")
        for team, days in (
            *((self.north, days) for days in (1, 2, 90)),
            *((self.south, days) for days in (4, 6)),
        ):
            ticket = self.ticket(
                team_id=team.id, received_at=now - timedelta(days=days), severity="low"
            )
            ticket.stage_id = closed
            ticket.resolved_at = now
        self.ticket(team_id=self.north.id, received_at=now - timedelta(days=500))
        self.env.flush_all()
        report = self.env["grievance.report"].with_user(self.manager)

        groups = report.formatted_read_group([], ["team_id"], ["days_to_close:avg"])
        [all_together] = report._read_group([], [], ["days_to_close:avg"])

        medians = {g["team_id"][1]: g["days_to_close:avg"] for g in groups}
        self.assertEqual(
            {name: round(days, 2) for name, days in medians.items()},
            {"North": 2, "South": 5},
        )
        self.assertAlmostEqual(all_together[0], 4)

    def test_everybody_has_the_figures_of_what_they_may_see(self):
        self.ticket(team_id=self.north.id)
        self.ticket(team_id=self.south.id)
        self.ticket(category_id=self.harassment.id)

        self.assertEqual(self.figures(self.supervisor)[0][-1], 1)
        self.assertEqual(self.figures(self.manager)[0][-1], 2)
        with self.assertRaises(AccessError):
            self.figures(self.officer)

    def test_sealed_ones_are_counted_by_month_and_nothing_else(self):
        for _number in range(2):
            self.ticket(category_id=self.harassment.id, received_at="2026-03-05")
        self.env.flush_all()

        counts = self.env["grievance.sealed.count"].with_user(self.manager)
        [line] = counts.search([]).read()

        self.assertEqual((line["received"], line["closed"]), (2, 0))
        self.assertEqual(str(line["month"]), "2026-03-01")
        known = {"id", "display_name", "month", "company_id", "received", "closed"}
        self.assertEqual(line.keys() - known, set())

    def test_views_open_for_who_has_them(self):
        for user in (self.supervisor, self.manager):
            for model, kinds in (
                ("grievance.report", ("pivot", "graph", "search")),
                ("grievance.ticket", ("list", "kanban", "form", "search")),
                ("grievance.sealed.count", ("list",)),
            ):
                for kind in kinds:
                    view = self.env[model].with_user(user).get_view(view_type=kind)
                    self.assertTrue(view["arch"])
