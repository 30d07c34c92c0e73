"""Grievances that come through the journal: whom we answer, and what answers do."""

from gateway_case import letter
from machine_case import MachineCase
from sender_case import BORDER
from test_gateway_trust import FAILED, TrustCase

from odoo.fields import Command
from odoo.tests import tagged

ADDON = "mail_gateway_plus_grievance"


def acknowledgements(ticket):
    return ticket.env["mail.mail"].search(
        [
            ("model", "=", "grievance.ticket"),
            ("res_id", "=", ticket.id),
            ("headers", "like", "auto-replied"),
        ]
    )


@tagged("post_install", "-at_install")
class TestAcknowledgedSenders(TrustCase):
    def ticket_of(self, row):
        self.assertEqual(row.state, "done", row.reason)
        return self.env["grievance.ticket"].browse(row.res_id)

    def test_unverified_stranger_is_told_the_number(self):
        row = self.receive(self.trusting(), letter())

        self.assertEqual(row.verdict, "unverified")
        mail = acknowledgements(self.ticket_of(row))
        self.assertEqual(mail.email_to, "amina@home.example")

    def test_whose_address_was_forged_is_not_bothered(self):
        row = self.receive(self.trusting(), letter(Authentication_Results=FAILED))

        self.assertEqual(row.verdict, "failed")
        self.assertFalse(acknowledgements(self.ticket_of(row)))
        self.assertIn("may not have sent it", row.route_notes)

    def test_colleague_in_whose_name_somebody_wrote_is_not_bothered_either(self):
        row = self.receive(self.trusting(), self.from_mayor())

        self.assertFalse(acknowledgements(self.ticket_of(row)))


@tagged("post_install", "-at_install")
class TestAnswersToDecisions(MachineCase):
    def setUp(self):
        super().setUp()
        self.sent()
        self.officer = self.env["res.users"].create(
            {
                "name": "Officer",
                "login": "answers_officer",
                "group_ids": [
                    Command.link(self.env.ref(f"{ADDON}.group_grievance_officer").id)
                ],
            }
        )
        self.ticket.write({"channel": "email", "email_from": "amina@home.example"})
        self.ticket.write({"decision": "rejected", "decision_reasons": "<p>No.</p>"})
        self.ticket.action_tell_decision()
        self.assertTrue(self.ticket.is_closed)

    def answered(self, body, **headers):
        return self.received(
            letter("Re", body=body, In_Reply_To="<7.odoo@city.example>", **headers)
        )

    def forged(self, body):
        raw = letter(
            "Re",
            f"<{body.split()[0]}@home.example>",
            body=body,
            In_Reply_To="<7.odoo@city.example>",
            Authentication_Results=FAILED,
        )
        row = self.received(raw, authserv_ids=BORDER, checks_senders=False)
        self.assertEqual((row.verdict, row.res_id), ("failed", self.ticket.id))
        return row

    def test_answer_in_the_name_of_the_complainant_is_kept_and_not_heeded(self):
        for body in ("APPEAL\nThe pump is ours.\n", "SATISFIED\n", "Not satisfied\n"):
            with self.subTest(body):
                self.forged(body)

                self.assertIn(body.split()[0], self.ticket.message_ids[0].body)
                self.assertFalse(self.ticket.appeal_ids)
                self.assertFalse(self.ticket.satisfaction)
                self.assertTrue(self.ticket.is_closed)

    def test_such_an_answer_ends_no_waiting_for_the_complainant(self):
        waiting = self.env["grievance.stage"].search(
            [("kind", "=", "waiting")], limit=1
        )
        self.ticket.stage_id = waiting

        self.forged("Here it is.\n")
        self.assertEqual(self.ticket.stage_id, waiting)

        self.answered("Here it is.\n")
        self.assertNotEqual(self.ticket.stage_id, waiting)

    def with_policy(self, policy):
        self.env["mail.gateway.closing"].create(
            {
                "model_id": self.env["ir.model"]._get_id("grievance.ticket"),
                "policy": policy,
            }
        )

    def test_appeal_is_a_ticket_of_its_own_and_the_original_stays_closed(self):
        for policy in ("reopen", "new"):
            with self.subTest(policy):
                self.with_policy(policy)
                row = self.answered(
                    "APPEAL\nThe pump is ours.\n", message_id=f"<{policy}@home.example>"
                )

                self.assertEqual(row.res_id, self.ticket.id)
                self.assertTrue(self.ticket.is_closed)
                appeal = self.ticket.appeal_ids
                self.assertEqual(len(appeal), 1)
                self.assertIn("The pump is ours.", appeal.description)
                self.assertIn("stays closed", row.route_notes)
                appeal.unlink()
                self.env["mail.gateway.closing"].search([]).unlink()

    def test_satisfied_complainant_says_so_by_mail_and_nothing_is_opened(self):
        self.answered("Satisfied, thank you!\n\nAmina\n")

        self.assertEqual(self.ticket.satisfaction, "satisfied")
        self.assertTrue(self.ticket.satisfied_at)
        self.assertTrue(self.ticket.is_closed)

    def test_who_is_not_satisfied_is_heard_and_looked_at_again(self):
        self.answered("Not satisfied. Nobody came.\n")

        self.assertEqual(self.ticket.satisfaction, "unsatisfied")
        self.assertFalse(self.ticket.is_closed)

    def test_new_matter_after_the_thanks_is_looked_at(self):
        self.answered("Satisfied with the pump, but now the school roof leaks badly.\n")

        self.assertEqual(self.ticket.satisfaction, "satisfied")
        self.assertFalse(self.ticket.is_closed)

    def test_word_of_somebody_else_says_nothing(self):
        self.answered("UNSATISFIED\n", sender="Bob <bob@elsewhere.example>")

        self.assertFalse(self.ticket.satisfaction)
        self.assertTrue(self.ticket.is_closed)

    def test_answer_to_a_closed_ticket_becomes_one_that_takes_it_up(self):
        self.with_policy("new")
        category = self.env.ref(f"{ADDON}.category_service")
        self.ticket.write({"category_id": category.id, "programme": "Water 2026"})

        row = self.answered("It leaks again.\n")

        follower = self.env["grievance.ticket"].browse(row.res_id)
        self.assertEqual(follower.previous_ticket_id, self.ticket)
        self.assertEqual(
            (follower.category_id, follower.programme), (category, "Water 2026")
        )
        self.assertIn("It leaks again.", follower.description)
        self.assertTrue(self.ticket.is_closed)

    def test_what_takes_up_a_sealed_ticket_is_sealed(self):
        self.with_policy("new")
        self.ticket.sensitivity = "highly_sensitive"

        row = self.answered("It leaks again.\n")

        follower = self.env["grievance.ticket"].browse(row.res_id)
        self.assertEqual(follower.previous_ticket_id, self.ticket)
        self.assertTrue(follower.is_sealed)
        self.assertEqual(follower.sensitivity, "highly_sensitive")
