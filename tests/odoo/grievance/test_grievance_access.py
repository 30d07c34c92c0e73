"""Only officers see grievances, only of their companies; managers set up."""

from grievance_case import GrievanceCase, letter

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.mail.tests.common import mail_new_test_user


@tagged("post_install", "-at_install")
class TestGrievanceAccess(GrievanceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = mail_new_test_user(
            cls.env,
            login="grievance_officer",
            groups="mail_gateway_plus_grievance.group_grievance_officer",
        )
        cls.manager = mail_new_test_user(
            cls.env,
            login="grievance_manager",
            groups="mail_gateway_plus_grievance.group_grievance_manager",
        )
        cls.ticket = cls.tickets.create({"subject": "Water point"})

    def test_other_employees_see_nothing(self):
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.user_employee).read(["subject"])
        with self.assertRaises(AccessError):
            self.tickets.with_user(self.user_employee).search([])

    def test_portal_users_see_nothing(self):
        portal = mail_new_test_user(
            self.env, login="grievance_portal", groups="base.group_portal"
        )
        with self.assertRaises(AccessError):
            self.ticket.with_user(portal).read(["subject"])

    def test_officer_works_on_tickets_in_the_screen(self):
        with Form(self.tickets.with_user(self.officer)) as form:
            form.subject = "Told by phone"
        ticket = form.record
        ticket.write({"user_id": self.officer.id})
        ticket.message_post(body="Called back.")

        self.assertTrue(ticket.number.startswith("GRV/"))
        with self.assertRaises(AccessError):
            ticket.unlink()

    def test_officer_does_not_set_up_stages(self):
        stage = self.ticket.stage_id.with_user(self.officer)

        self.assertTrue(stage.name)
        with self.assertRaises(AccessError):
            stage.name = "Other"

    def test_manager_deletes_tickets_and_sets_up_stages(self):
        self.env["grievance.stage"].with_user(self.manager).create({"name": "Waiting"})
        self.ticket.with_user(self.manager).unlink()

        self.assertFalse(self.ticket.exists())

    def test_ticket_of_another_company_is_hidden(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.ticket.company_id = other

        officer_tickets = self.tickets.with_user(self.officer)
        self.assertNotIn(self.ticket, officer_tickets.search([]))
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.officer).read(["subject"])

        self.officer.company_ids = [Command.link(other.id)]
        both = officer_tickets.with_context(
            allowed_company_ids=[self.officer.company_id.id, other.id]
        )
        self.assertIn(self.ticket, both.search([]))

    def test_mail_of_a_plain_employee_becomes_a_ticket_too(self):
        ticket = self.receive(letter(From=self.user_employee.email))

        self.assertEqual(ticket.partner_id, self.user_employee.partner_id)

    def test_board_shows_all_stages(self):
        tickets = self.tickets.with_user(self.officer)
        board = tickets.with_context(read_group_expand=True).web_read_group(
            [("id", "=", self.ticket.id)], ["stage_id"], ["__count"]
        )

        stages = self.env["grievance.stage"].search_count([])
        self.assertEqual(len(board["groups"]), stages)
