"""A person decides about a parked message once, in the person's own name and rights."""

from unittest.mock import patch

from decision_case import DecisionCase
from gateway_case import letter

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user


@tagged("post_install", "-at_install")
class TestDeciding(DecisionCase):
    def test_discarding_keeps_name_and_words(self):
        rows = self.parked(letter(), letter(message_id="<2@x.example>"))

        told = self.decide(rows, "discard", reason="Advertising")

        self.assertEqual(set(rows.mapped("state")), {"discarded"})
        self.assertEqual(rows[0].reason, "Discarded by Olga Petrova: Advertising")
        self.assertIn("Discarded: 2", told["message"])

    def test_discarding_wants_words(self):
        row = self.parked()

        with self.assertRaisesRegex(UserError, "Say why"):
            self.decide(row, "discard", reason="  ")

        self.assertEqual(row.state, "quarantined")

    def test_second_person_is_told_that_it_is_done(self):
        row = self.parked()
        self.decide(row, "retry_as", record_type="grievance.ticket")
        before = self.tickets.search_count([]), row.reason

        for decision, values in {
            "retry_as": {"record_type": "grievance.ticket"},
            "minimal": {"record_type": "grievance.ticket"},
            "discard": {"reason": "Advertising"},
        }.items():
            with self.subTest(decision):
                told = self.decide(row, decision, self.env.user, **values)

                self.assertIn("Done already", told["message"])
                self.assertEqual(told["type"], "warning")
                self.assertEqual((self.tickets.search_count([]), row.reason), before)

    def test_second_discard_keeps_the_words_of_the_first(self):
        row = self.parked()
        self.decide(row, "discard", reason="Advertising")

        told = self.decide(row, "discard", self.env.user, reason="Whatever")

        self.assertIn("Discarded already", told["message"])
        self.assertIn("Advertising", row.reason)

    def test_discarded_message_can_be_taken_up_again(self):
        row = self.parked()
        self.decide(row, "discard", reason="Advertising")

        self.decide(row, "retry_as", record_type="grievance.ticket")

        self.assertEqual(row.state, "done")

    def test_message_whose_content_is_gone_is_left_alone(self):
        row = self.parked()
        row.has_raw = False

        told = self.decide(row, "retry_as", record_type="grievance.ticket")

        self.assertIn("no longer kept", told["message"])
        self.assertEqual(row.state, "quarantined")

    def test_message_that_somebody_else_works_on_is_left_alone(self):
        mine, theirs = self.parked(letter(), letter(message_id="<2@x.example>"))

        def lock(rows, **options):
            return rows - theirs

        with patch.object(self.registry[mine._name], "try_lock_for_update", lock):
            told = self.decide(mine + theirs, "discard", reason="Advertising")

        self.assertEqual((mine.state, theirs.state), ("discarded", "quarantined"))
        self.assertIn("somebody else is working on it: 1", told["message"])

    def test_row_of_another_company_is_out_of_reach(self):
        company = self.env["res.company"].create({"name": "Other City"})
        row = self.parked(company_id=company.id)

        for use in (
            lambda: self.decide(row, "discard", reason="Advertising"),
            lambda: row.with_user(self.olga).action_download(),
        ):
            with self.assertRaises(AccessError):
                use()

        self.assertEqual(row.state, "quarantined")

    def test_employee_decides_nothing(self):
        clerk = mail_new_test_user(self.env, "clerk", groups="base.group_user")

        with self.assertRaises(AccessError):
            self.decide(self.parked(), "discard", clerk, reason="Advertising")

    def test_record_is_made_as_the_scheduler_makes_it(self):
        # Not in the person's company, nor with the defaults of the person's screen.
        company = self.env["res.company"].create({"name": "Other City"})
        self.olga.company_ids += company
        row = self.parked()

        self.env["mail.gateway.decide"].with_user(self.olga).with_context(
            active_model=row._name,
            active_ids=row.ids,
            allowed_company_ids=company.ids,
            default_priority="2",
        ).create(
            {"decision": "retry_as", "record_type": "grievance.ticket"}
        ).action_confirm()

        ticket = self.ticket_of(row)
        self.assertEqual(ticket.company_id, self.env.ref("base.main_company"))
        self.assertEqual(ticket.priority, "0")
        self.assertEqual(ticket.create_uid, self.env.ref("base.user_root"))
