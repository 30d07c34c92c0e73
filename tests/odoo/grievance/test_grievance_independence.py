"""Whom a grievance is about neither handles it nor sees it."""

from people_case import PeopleCase

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestIndependence(PeopleCase):
    def about(self, *users, **values):
        commands = [Command.link(user.id) for user in users]
        return self.ticket(concerned_user_ids=commands, **values)

    def test_grievance_about_somebody_is_sealed_from_the_beginning(self):
        ticket = self.about(self.officer, team_id=self.north.id)

        self.assertEqual(ticket.sensitivity, "sensitive")
        self.assertEqual(ticket.team_id, self.sealed_team)
        everybody = self.officer | self.supervisor | self.manager
        self.assertFalse(everybody.filtered(lambda u: self.seen_by(u, ticket)))
        self.assertTrue(self.seen_by(self.keeper, ticket))

    def test_ticket_that_turns_out_to_be_about_somebody_is_taken_from_them(self):
        ticket = self.ticket(team_id=self.north.id)
        ticket.message_subscribe(self.officer.partner_id.ids)
        ticket.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.officer.id
        )
        said = ticket.message_notify(
            partner_ids=self.officer.partner_id.ids, body="Look"
        )

        about = {"concerned_user_ids": [Command.link(self.officer.id)]}
        ticket.with_user(self.supervisor).write(about)

        self.assertTrue(ticket.is_sealed)
        self.assertFalse(self.seen_by(self.officer, ticket))
        self.assertNotIn(self.officer.partner_id, ticket.message_partner_ids)
        self.assertFalse(ticket.activity_ids)
        self.assertFalse(said.with_user(self.officer).has_access("read"))

    def test_it_is_kept_from_one_of_the_sealed_team_too(self):
        colleague = self.person("officer", "colleague")
        self.sealed_team.member_ids |= colleague
        ticket = self.ticket(sensitivity="sensitive")
        self.assertTrue(self.seen_by(self.keeper, ticket))

        about = {"concerned_user_ids": [Command.link(self.keeper.id)]}
        ticket.with_user(colleague).write(about)

        self.assertFalse(self.seen_by(self.keeper, ticket))
        self.assertFalse(self.may(self.keeper, "write", ticket))
        self.assertTrue(self.may(colleague, "write", ticket))
        self.assertNotIn(self.keeper, ticket._managers())

    def test_to_whom_it_is_about_there_is_no_seal_to_break(self):
        ticket = self.about(self.manager)
        breaking = self.env["grievance.break.seal"].with_user(self.manager)
        words = {"number": ticket.number, "reason": "I have to"}

        with self.assertRaisesRegex(UserError, "No ticket with this number"):
            breaking.create(words).action_confirm()

        self.assertFalse(self.seen_by(self.manager, ticket))

    def test_seal_that_was_broken_before_shows_them_nothing(self):
        ticket = self.ticket(sensitivity="sensitive")
        ticket.with_user(self.manager)._break_seal("An audit", 1)
        self.assertTrue(self.seen_by(self.manager, ticket))

        ticket.concerned_user_ids = self.manager

        self.assertFalse(self.seen_by(self.manager, ticket))

    def test_whom_it_is_about_does_not_work_on_it(self):
        ticket = self.about(self.keeper)

        with self.assertRaisesRegex(ValidationError, "Somebody else"):
            ticket.user_id = self.keeper

    def test_who_worked_on_it_leaves_it_and_decides_nothing_more(self):
        ticket = self.ticket(sensitivity="sensitive", user_id=self.keeper.id)
        ticket.with_user(self.keeper).write(
            {"decision": "rejected", "decision_reasons": "<p>No.</p>"}
        )

        ticket.concerned_user_ids = self.keeper

        self.assertFalse(ticket.user_id)
        self.assertEqual(ticket.decided_by_id, self.keeper)  # which has to be told
        with self.assertRaisesRegex(ValidationError, "Somebody else"):
            ticket.approved_by_id = self.keeper

    def test_where_it_is_about_the_whole_team_managers_see_to_it(self):
        ticket = self.about(self.keeper)

        self.assertFalse(ticket.team_id)
        self.assertTrue(self.may(self.manager, "write", ticket))
        self.assertIn(self.manager, ticket._managers())

    def test_copy_is_about_the_same_people(self):
        ticket = self.about(self.officer)

        self.assertEqual(ticket.copy().concerned_user_ids, self.officer)

    def test_it_is_archived_and_not_deleted(self):
        ticket = self.about(self.officer)

        with self.assertRaisesRegex(UserError, "Archive it"):
            ticket.unlink()

    def test_it_stays_sealed_as_long_as_it_is_about_somebody(self):
        ticket = self.about(self.officer)

        with self.assertRaisesRegex(ValidationError, "Empty “About”"):
            ticket.with_user(self.keeper).sensitivity = "standard"

        lowered = {"concerned_user_ids": [Command.clear()], "sensitivity": "standard"}
        ticket.with_user(self.keeper).write(lowered)
        self.assertFalse(ticket.is_sealed)

    def test_appeal_is_about_the_same_people(self):
        ticket = self.about(self.officer)
        ticket.with_user(self.keeper).write(
            {"decision": "rejected", "decision_reasons": "<p>No.</p>"}
        )

        appeal = ticket._appeal("<p>It is not right.</p>")

        self.assertEqual(appeal.sudo().concerned_user_ids, self.officer)
        self.assertFalse(self.seen_by(self.officer, appeal))

    def test_nobody_named_changes_nothing(self):
        ticket = self.ticket(
            concerned_user_ids=[Command.set([])], team_id=self.north.id
        )

        self.assertFalse(ticket.is_sealed)
        self.assertTrue(self.seen_by(self.officer, ticket))
