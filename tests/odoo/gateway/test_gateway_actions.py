"""A parked message goes where a person says, not where it would have gone itself."""

from unittest.mock import patch

import psycopg2.errors
from decision_case import DecisionCase
from gateway_case import letter

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.mail.tests.common import mail_new_test_user


@tagged("post_install", "-at_install")
class TestRetryAs(DecisionCase):
    def test_message_becomes_a_record_of_the_chosen_type(self):
        row = self.parked(letter("Dark street"))

        told = self.decide(row, "retry_as", record_type="grievance.ticket")

        self.assertEqual(self.ticket_of(row).subject, "Dark street")
        self.assertEqual(told["type"], "success")
        self.assertEqual(row.reason, "Retried as Grievance Ticket by Olga Petrova")

    def test_chosen_type_counts_more_than_an_alias_of_another(self):
        self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": self.env["mail.alias.domain"]
                .create({"name": "city.example"})
                .id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        row = self.failed()

        self.decide(
            row, "retry_as", self.env.ref("base.user_admin"), record_type="res.partner"
        )

        self.assertEqual((row.state, row.res_model), ("done", "res.partner"))

    def test_many_go_each_their_own_way(self):
        bad = letter("Bad", "<2@x.example>")
        rows = self.parked(letter("Good"), bad, letter("Also", "<3@x.example>"))
        real = self.registry["grievance.ticket"].message_new

        def intake(model, message, custom_values=None):
            if message["subject"] == "Bad":
                model.env.cr.execute("SELECT 1/0")
            return real(model, message, custom_values)

        with (
            patch.object(self.registry["grievance.ticket"], "message_new", intake),
            self.assertLogs("odoo.sql_db", "ERROR"),
        ):
            told = self.decide(rows, "retry_as", record_type="grievance.ticket")

        self.assertEqual(
            rows.mapped("state"), ["done", "quarantined", "done"], "oldest first"
        )
        self.assertIn("division by zero", rows[1].reason)
        self.assertIn("Olga Petrova", rows[1].reason)
        self.assertIn("Done: 2", told["message"])
        self.assertIn("Quarantined: 1", told["message"])
        self.assertEqual(told["type"], "warning")

    def test_passing_trouble_does_not_leave_the_choice_to_the_scheduler(self):
        row = self.parked()

        with self.failing("message_new", MemoryError("again")):
            self.decide(row, "retry_as", record_type="grievance.ticket")

        self.assertEqual(row.state, "quarantined")
        self.assertFalse(row.retry_at)

    def test_conflict_with_another_transaction_has_the_request_repeated(self):
        row = self.parked()

        with (
            self.failing("message_new", psycopg2.errors.SerializationFailure()),
            self.assertRaises(psycopg2.errors.SerializationFailure),
        ):
            self.decide(row, "retry_as", record_type="grievance.ticket")

    def test_only_types_that_take_mail_can_be_chosen(self):
        offered = dict(self.journal._creatable_types())

        self.assertIn("grievance.ticket", offered)
        for model in ("res.company", "mail.thread", "ir.actions.server"):
            self.assertNotIn(model, offered)
            with self.subTest(model), self.assertRaises(AccessError):
                self.decide(self.parked(), "retry_as", record_type=model)

    def test_operator_chooses_what_mail_becomes_anyway_or_what_is_theirs_to_make(self):
        clerk = mail_new_test_user(
            self.env, "clerk", groups="mail_gateway_plus.group_operator"
        )
        journal = self.journal.with_user(clerk)
        self.assertNotIn("grievance.ticket", dict(journal._creatable_types()))

        self.mailbox()

        self.assertIn("grievance.ticket", dict(journal._creatable_types()))
        self.assertNotIn("res.partner", dict(journal._creatable_types()))


@tagged("post_install", "-at_install")
class TestAttach(DecisionCase):
    def attach(self, rows, record, **values):
        return self.decide(
            rows, "attach", record=f"{record._name},{record.id}", **values
        )

    def test_message_stands_in_the_conversation_of_the_record(self):
        ticket = self.tickets.create({"subject": "Dark street"})
        partner = self.env["res.partner"].create(
            {"name": "Amina", "email": "amina@home.example"}
        )
        row = self.parked(letter(body="Still dark.\n"))
        before = self.tickets.search_count([])

        self.attach(row, ticket)

        message = ticket.message_ids[0]
        self.assertEqual(self.ticket_of(row), ticket)
        self.assertEqual(message.message_type, "email")
        self.assertEqual(message.author_id, partner)
        self.assertIn("Still dark.", message.body)
        self.assertEqual(message.message_id, "<1@home.example>")
        self.assertEqual(self.tickets.search_count([]), before)
        self.assertEqual(
            row.reason, "Attached to a record (Grievance Ticket) by Olga Petrova"
        )

    def test_followers_are_notified_as_of_any_answer(self):
        ticket = self.tickets.create({"subject": "Dark street"})
        ticket.message_subscribe(self.olga.partner_id.ids)

        self.attach(self.parked(), ticket)

        self.assertIn(
            self.olga.partner_id, ticket.message_ids[0].notification_ids.res_partner_id
        )

    def test_answer_to_another_record_goes_to_the_chosen_one(self):
        other, ticket = self.tickets.create([{"subject": "A"}, {"subject": "B"}])
        told = other.message_post(body="We look into it.", message_type="comment")
        with self.failing("message_update", ValueError("misconfigured")):
            row = self.parked(letter(In_Reply_To=told.message_id))
        before = len(other.message_ids)

        self.attach(row, ticket)

        self.assertEqual(self.ticket_of(row), ticket)
        self.assertEqual(len(other.message_ids), before)
        self.assertFalse(ticket.message_ids[0].parent_id & told)

    def test_answer_keeps_its_place_in_the_chosen_conversation(self):
        ticket = self.tickets.create({"subject": "Dark street"})
        told = ticket.message_post(body="We look into it.", message_type="comment")
        with self.failing("message_update", ValueError("misconfigured")):
            row = self.parked(letter(In_Reply_To=told.message_id))

        self.attach(row, ticket)

        self.assertTrue(ticket.message_ids[0].parent_id)

    def test_delivery_report_can_be_attached_too(self):
        ticket = self.tickets.create({"subject": "Dark street"})
        row = self.parked()
        row.write({"state": "ignored"})

        with self.parsed_as_bounce():
            self.attach(row, ticket)

        self.assertEqual(self.ticket_of(row), ticket)

    def test_suspected_loop_is_a_persons_to_judge(self):
        ticket = self.tickets.create({"subject": "Dark street"})
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "1")
        rows = self.parked(letter(), letter(message_id="<2@x.example>"))
        mails = self.env["mail.mail"].search_count([])

        self.attach(rows, ticket)

        self.assertEqual(set(rows.mapped("state")), {"done"})
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_record_that_the_operator_may_not_read_cannot_be_chosen(self):
        company = self.env["res.company"].create({"name": "Other City"})
        secret = self.tickets.create({"subject": "Secret", "company_id": company.id})
        row = self.parked()

        with self.assertRaises(AccessError):
            self.attach(row, secret)

        self.assertEqual(row.state, "quarantined")
        self.assertNotIn("email", secret.message_ids.mapped("message_type"))

    def test_record_that_may_only_be_read_takes_no_message(self):
        row, company_contact = self.parked(), self.env.company.partner_id
        self.assertTrue(company_contact.with_user(self.olga).has_access("read"))
        self.assertFalse(company_contact.with_user(self.olga).has_access("write"))

        with self.assertRaises(AccessError):
            self.attach(row, company_contact)

        self.assertEqual(row.state, "quarantined")

    def test_record_whose_readers_may_write_on_it_takes_a_message(self):
        row, contact = self.parked(), self.env.company.partner_id
        self.patch(self.registry["res.partner"], "_mail_post_access", "read")

        self.attach(row, contact)

        self.assertEqual((row.state, row.res_id), ("done", contact.id))

    def test_record_that_takes_no_mail_cannot_be_chosen(self):
        with self.assertRaises(ValueError):
            self.attach(self.parked(), self.env.company, user=self.env.user)

    def test_record_that_is_gone_cannot_be_chosen(self):
        ticket = self.tickets.create({"subject": "Dark street"})
        row = self.parked()
        ticket.unlink()

        with self.assertRaises(UserError):
            self.attach(row, ticket)

        self.assertEqual(row.state, "quarantined")

    def test_wizard_offers_what_is_selected_in_the_list(self):
        rows = self.parked(letter(), letter(message_id="<2@x.example>"))
        ticket = self.tickets.create({"subject": "Dark street"})
        wizard = self.env["mail.gateway.decide"].with_user(self.olga)
        context = {"active_model": rows._name, "active_ids": rows.ids}

        form = Form(wizard.with_context(**context, default_decision="attach"))
        self.assertEqual(form.inbound_count, 2)
        form.record = f"{ticket._name},{ticket.id}"
        form.save().action_confirm()

        self.assertEqual(set(rows.mapped("res_id")), {ticket.id})

    def parsed_as_bounce(self):
        threads = self.registry["mail.thread"]
        real = threads.message_parse

        def parse(model, message, save_original=False):
            return {**real(model, message, save_original), "is_bounce": True}

        return patch.object(threads, "message_parse", parse)
