"""The complainant is told the decision, may appeal, and says whether it was well."""

import re
from email.utils import make_msgid

from grievance_case import letter
from people_case import ADDON, PeopleCase

from odoo import http
from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, tagged

FIRST = "<first@complainant.example.org>"


class DecidedCase(PeopleCase):
    def decided(self, message_id=FIRST, **values):
        """Return a ticket that came by mail and was decided by the officer."""
        ticket = self.receive(letter({"Message-ID": message_id}))
        ticket.write({"team_id": self.north.id, "user_id": self.officer.id, **values})
        ticket.with_user(self.officer).write(
            {"decision": "rejected", "decision_reasons": "<p>The pump is private.</p>"}
        )
        return ticket

    def letters(self, ticket):
        """Return the mails with the decision."""
        return (
            self.env["mail.mail"]
            .sudo()
            .search([("res_id", "=", ticket.id), ("subject", "like", "Our decision")])
        )


@tagged("post_install", "-at_install")
class TestGrievanceDecision(DecidedCase):
    def test_who_wrote_is_told_by_mail(self):
        ticket = self.decided()

        ticket.with_user(self.officer).action_tell_decision()

        mail = self.letters(ticket)
        self.assertEqual(mail.email_to, "amina@complainant.example.org")
        for words in ("Rejected", "The pump is private.", ticket.number, "APPEAL"):
            self.assertIn(words, f"{mail.subject} {mail.body_html}")
        self.assertIn(f"/grievance/feedback/{ticket.id}/", mail.body_html)
        self.assertTrue(ticket.decision_told_at)
        self.assertEqual(ticket.stage_id.kind, "resolved")
        self.assertGreater(ticket.appeal_by, ticket.decision_told_at.date())

    def test_who_came_or_called_is_called_back(self):
        ticket = self.decided(channel="phone")

        ticket.with_user(self.officer).action_tell_decision()
        self.assertFalse(self.letters(ticket))
        self.assertFalse(ticket.decision_told_at)
        self.assertEqual(ticket.activity_ids.user_id, self.officer)

        ticket.with_user(self.officer).action_note_told()
        self.assertTrue(ticket.decision_told_at)
        self.assertFalse(ticket.activity_ids)

    def test_without_a_decision_nothing_is_told(self):
        ticket = self.receive(letter())

        with self.assertRaises(UserError):
            ticket.action_tell_decision()

    def test_what_needs_approval_is_not_told_before(self):
        self.env.ref(f"{ADDON}.stage_resolved").requires_approval = True
        ticket = self.decided()

        with self.assertRaises(ValidationError):
            ticket.with_user(self.officer).action_tell_decision()

        self.assertFalse(self.letters(ticket))

    # -------------------------------------------------------------------------- appeal

    def answer(self, ticket, body):
        return self.receive(letter(In_Reply_To=FIRST, body=body))

    def test_answer_that_begins_with_appeal_makes_one(self):
        ticket = self.decided()
        ticket.with_user(self.officer).action_tell_decision()

        self.answer(ticket, "Appeal! The pump is ours.")

        appeal = ticket.appeal_ids
        self.assertTrue(appeal.is_appeal)
        self.assertIn("The pump is ours.", appeal.description)
        self.assertEqual(appeal.email_normalized, ticket.email_normalized)
        self.assertEqual(appeal.team_id, self.north)
        self.assertNotEqual(appeal.number, ticket.number)
        self.assertFalse(appeal.user_id)
        self.assertTrue(ticket.is_closed, "the original stays as it is")
        mail = self.acknowledgements(appeal)
        self.assertIn(appeal.number, mail.subject)

    def test_word_is_known_in_other_languages(self):
        for word in ("APPEL :", "Apelación.", "recurso", "Rufaa", "استئناف"):
            with self.subTest(word):
                ticket = self.decided(make_msgid())
                ticket.action_tell_decision()

                ticket._take_answer(
                    {"body": f"<p>{word} no</p>", "message_id": "<x@y>"}
                )

                self.assertTrue(ticket.appeal_ids)

    def test_other_answers_open_it_again(self):
        ticket = self.decided()
        ticket.action_tell_decision()

        self.answer(ticket, "I will not appeal, but the pump leaks.")

        self.assertFalse(ticket.appeal_ids)
        self.assertFalse(ticket.is_closed)

    def test_answer_of_somebody_else_is_no_appeal(self):
        ticket = self.decided()
        ticket.action_tell_decision()

        self.receive(letter(From="x@y.example", In_Reply_To=FIRST, body="APPEAL"))

        self.assertFalse(ticket.appeal_ids)

    def test_appeal_goes_to_somebody_else(self):
        ticket = self.decided()
        ticket.action_tell_decision()
        action = ticket.with_user(self.supervisor).action_appeal()
        appeal = self.tickets.browse(action["res_id"])

        with self.assertRaises(ValidationError):
            appeal.user_id = self.officer
        with self.assertRaises(ValidationError):
            appeal.with_user(self.officer).decision = "upheld"
        appeal.with_user(self.supervisor).decision = "upheld"

        self.assertEqual(appeal.decided_by_id, self.supervisor)

    def test_appeal_against_a_sealed_decision_is_sealed(self):
        ticket = self.decided()
        ticket.sensitivity = "sensitive"
        ticket.action_tell_decision()

        self.answer(ticket, "APPEAL")

        self.assertTrue(ticket.appeal_ids.is_sealed)
        self.assertFalse(self.seen_by(self.manager, ticket.appeal_ids))


@tagged("post_install", "-at_install")
class TestGrievanceFeedback(DecidedCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.told = self.decided()
        self.told.action_tell_decision()
        body = self.letters(self.told).body_html
        self.link = re.search(r"(/grievance/feedback/\d+/\w+)\?answer=satisfied", body)[
            1
        ]

    def post(self, link, answer):
        self.authenticate(None, None)
        token = http.Request.csrf_token(self)
        return self.url_open(link, data={"csrf_token": token, "answer": answer})

    def test_opening_the_link_says_nothing(self):
        page = self.url_open(f"{self.link}?answer=satisfied")

        self.assertEqual(page.status_code, 200)
        self.assertIn(self.told.number, page.text)
        self.assertNotIn("Water point", page.text)
        self.assertFalse(self.told.satisfaction)

    def test_button_on_the_page_says_it(self):
        page = self.post(self.link, "unsatisfied")

        self.assertIn("Thank you", page.text)
        self.assertEqual(self.told.satisfaction, "unsatisfied")

    def test_only_who_has_the_letter_says_anything(self):
        other = self.receive(letter())
        for link in (
            f"/grievance/feedback/{self.told.id}/{'0' * 64}",
            self.link.replace(f"/{self.told.id}/", f"/{other.id}/"),
            self.link.replace(f"/{self.told.id}/", "/999999/"),
        ):
            self.assertEqual(self.url_open(link).status_code, 404)

    def test_nonsense_is_not_noted(self):
        self.post(self.link, "x" * 1000)

        self.assertFalse(self.told.satisfaction)

    def test_link_ends_with_another_decision(self):
        self.told.decided_at = "2030-01-01"

        self.assertEqual(self.url_open(self.link).status_code, 404)
