"""Grievances that come through the journal: whom we answer, and what answers do."""

from email.utils import make_msgid

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


class DecidedCase(MachineCase):
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

    def with_policy(self, policy):
        self.env["mail.gateway.closing"].create(
            {
                "model_id": self.env["ir.model"]._get_id("grievance.ticket"),
                "policy": policy,
            }
        )


@tagged("post_install", "-at_install")
class TestAnswersToDecisions(DecidedCase):
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

    def test_who_is_not_satisfied_is_heard_on_the_closed_ticket_and_on_a_new_one(self):
        self.with_policy("new")

        row = self.answered("Not satisfied. Nobody came.\n")

        self.assertEqual(self.ticket.satisfaction, "unsatisfied")
        self.assertTrue(self.ticket.satisfied_at)
        self.assertTrue(self.ticket.is_closed)
        follower = self.env["grievance.ticket"].browse(row.res_id)
        self.assertEqual(follower.previous_ticket_id, self.ticket)
        self.assertIn("Nobody came.", follower.description)
        self.assertFalse(follower.satisfaction)

    def test_so_is_thanks_with_a_new_matter(self):
        self.with_policy("new")

        row = self.answered(
            "Satisfied with the pump, but now the school roof leaks badly.\n"
        )

        self.assertEqual(self.ticket.satisfaction, "satisfied")
        self.assertNotEqual(row.res_id, self.ticket.id)

    def test_what_is_said_is_noted_on_a_ticket_that_stays_closed(self):
        self.with_policy("keep")

        self.answered("Not satisfied. Nobody came.\n")

        self.assertEqual(self.ticket.satisfaction, "unsatisfied")
        self.assertTrue(self.ticket.is_closed)


@tagged("post_install", "-at_install")
class TestWhoMayAppeal(DecidedCase):
    """An appeal and a word on the decision are the complainant's alone.

    Who answers our letter, or names the number as it is signed there, has the letter.
    The number alone is known to others as well, and From anybody can write.
    """

    def by_number(self, body, subject="", **headers):
        raw = letter(
            subject or f"[{self.ticket.number}]",
            make_msgid(domain="home.example"),
            body=body,
            **headers,
        )
        return self.received(raw, authserv_ids=BORDER, checks_senders=False)

    def supervised(self):
        """Have the ticket's team led by somebody who did not decide."""
        supervisor = self.officer.copy(
            {"name": "Supervisor", "login": "answers_supervisor"}
        )
        self.ticket.team_id = self.env["grievance.team"].create(
            {"name": "North", "supervisor_id": supervisor.id}
        )
        return supervisor

    def test_spoofed_complainant_with_the_plain_number_appeals_nothing(self):
        supervisor = self.supervised()

        row = self.by_number("APPEAL\nGive it to me.\n")

        self.assertEqual(row.verdict, "unverified")
        self.assertCame(row)
        self.assertFalse(self.ticket.appeal_ids)
        self.assertTrue(self.ticket.is_closed)
        self.assertIn("Give it to me.", self.ticket.message_ids[0].body)
        self.assertIn("not taken for the complainant's", row.route_notes)
        asked = self.ticket.activity_ids.filtered(
            lambda activity: activity.user_id == supervisor
        )
        self.assertIn("is this appeal theirs?", asked.summary)

    def test_nor_does_it_say_how_satisfied_the_complainant_is(self):
        for policy in ("keep", "new"):
            self.with_policy(policy)
            for body in ("SATISFIED\n", "Unsatisfied, all of it.\n"):
                with self.subTest(policy, body=body):
                    row = self.by_number(body)

                    self.assertEqual(row.state, "done")
                    self.assertFalse(self.ticket.satisfaction)
            self.env["mail.gateway.closing"].search([]).unlink()

    def test_spoofed_colleague_with_the_plain_number_is_an_unknown_sender(self):
        """One of us may complain too; then it is one of us whom somebody plays."""
        mayor = self.env["res.users"].create(
            {"name": "Mayor", "login": "mayor", "email": "mayor@city.example"}
        )
        self.ticket.write(
            {"email_from": mayor.email, "partner_id": mayor.partner_id.id}
        )

        row = self.by_number("APPEAL\nMine.\n", sender="Mayor <mayor@city.example>")

        self.assertOpened(row)
        self.assertFalse(self.ticket.appeal_ids)
        new = self.env["grievance.ticket"].browse(row.res_id)
        self.assertFalse(new.original_ticket_id)
        self.assertIn("Sender not verified", "".join(new.message_ids.mapped("body")))

    def test_verified_complainant_appeals_by_the_plain_number(self):
        passed = f"{BORDER}; dmarc=pass header.from=home.example"

        row = self.by_number(
            "APPEAL\nThe pump is ours.\n", Authentication_Results=passed
        )

        self.assertEqual(row.verdict, "verified")
        self.assertEqual(len(self.ticket.appeal_ids), 1)

    def test_unverified_complainant_appeals_by_the_signed_number(self):
        subject = f"[{self.ticket._mail_gateway_signed_reference()}]"

        row = self.by_number("APPEAL\nThe pump is ours.\n", subject)

        self.assertEqual(row.verdict, "unverified")
        self.assertEqual(len(self.ticket.appeal_ids), 1)

    def test_signed_number_makes_nobody_else_the_complainant(self):
        subject = f"[{self.ticket._mail_gateway_signed_reference()}]"

        row = self.by_number("APPEAL\nMine.\n", subject, sender="Bo <bo@x.example>")

        self.assertCame(row)
        self.assertFalse(self.ticket.appeal_ids)

    def finding_rule(self):
        """Have a rule add what names a ticket anywhere in its text to that ticket."""
        number = self.env["ir.model.fields"]._get("grievance.ticket", "number")
        condition = {
            "aspect": "text",
            "operator": "regex",
            "value": r"(?P<no>GRV/\d+/\d+)",
        }
        self.env["mail.gateway.rule"].create(
            {
                "name": "By number",
                "scope": "any",
                "record_type": "grievance.ticket",
                "action": "find",
                "find_field_id": number.id,
                "find_value": "{{ group.no }}",
                "condition_ids": [Command.create(condition)],
            }
        )

    def test_rule_that_finds_the_number_makes_nobody_the_complainant(self):
        self.finding_rule()

        row = self.by_number(f"APPEAL\nThat is {self.ticket.number}.\n", "Pump")

        self.assertCame(row)
        self.assertFalse(self.ticket.appeal_ids)
        self.assertIn("not taken for the complainant's", row.route_notes)

    def test_nor_does_it_doubt_an_answer_to_our_letter(self):
        self.finding_rule()

        self.answered(f"APPEAL\nThat is {self.ticket.number}.\n")

        self.assertEqual(len(self.ticket.appeal_ids), 1)
