"""A sensitive grievance is seen by the sealed team, and by nobody in any other way."""

from grievance_case import letter
from people_case import PeopleCase

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

FIRST = "<first-letter@complainant.example.org>"
SECRET = "harassment by the foreman"


@tagged("post_install", "-at_install")
class TestGrievanceSealed(PeopleCase):
    def setUp(self):
        super().setUp()
        self.sealed = self.ticket(subject=SECRET, category_id=self.harassment.id)
        self.others = (
            self.viewer | self.officer | self.supervisor | self.manager | self.outsider
        ) | self.env.ref("base.user_admin")

    def assert_hidden(self, records):
        """Nobody but the keeper finds, counts or reads these records."""
        for user in self.others:
            with self.subTest(user.login, model=records._name):
                theirs = records.with_user(user)
                if not theirs.browse().has_access("read"):
                    continue
                domain = [("id", "in", records.ids)]
                self.assertFalse(theirs.search(domain))
                self.assertFalse(theirs.search_count(domain))
                self.assertFalse(
                    theirs._read_group(domain, aggregates=["__count"])[0][0]
                )
                self.assertFalse(theirs._filtered_access("read"))
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    theirs.read(["display_name"])

    # --------------------------------------------------------------------- the ticket

    def test_ticket_is_seen_by_the_sealed_team_only(self):
        self.assertTrue(self.sealed.is_sealed)
        self.assertEqual(self.sealed.team_id, self.sealed_team)
        self.assertEqual(self.seen_by(self.keeper, self.sealed), self.sealed)
        self.assertTrue(self.may(self.keeper, "write", self.sealed))
        self.assert_hidden(self.sealed)

    def test_it_is_neither_found_by_name_nor_exported_nor_grouped(self):
        tickets = self.tickets.with_user(self.manager)

        self.assertFalse(tickets.name_search(SECRET))
        groups = tickets.formatted_read_group(
            [("subject", "=", SECRET)], ["category_id"], ["__count"]
        )
        self.assertFalse(groups)
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        with self.assertRaises(AccessError):
            tickets.browse(self.sealed.id).export_data(["subject"])

    def test_it_is_not_found_through_what_it_is_linked_with(self):
        partner = self.env["res.partner"].create({"name": "Amina"})
        self.sealed.partner_id = partner
        appeal_like = self.ticket(subject="Plain", partner_id=partner.id)

        found = self.tickets.with_user(self.manager).search(
            [("partner_id", "=", partner.id)]
        )

        self.assertEqual(found, appeal_like)

    # ------------------------------------------------------------------- conversation

    def test_conversation_is_hidden_from_who_wrote_in_it_or_was_told(self):
        ticket = self.ticket(subject="Water point", team_id=self.north.id)
        ticket.with_user(self.officer).message_post(
            body="I spoke to the foreman.", partner_ids=self.supervisor.partner_id.ids
        )
        ticket.message_subscribe(self.outsider.partner_id.ids)
        ticket.message_post(body="News.", subtype_xmlid="mail.mt_comment")
        self.assertTrue(ticket.message_ids.notification_ids)

        ticket.sensitivity = "sensitive"

        self.assert_hidden(ticket)
        self.assert_hidden(ticket.message_ids)
        inbox = ticket.message_ids.notification_ids.res_partner_id
        self.assertFalse(inbox & self.others.partner_id)
        self.assertFalse(ticket.message_ids.partner_ids & self.others.partner_id)
        self.assertFalse(ticket.message_partner_ids & self.others.partner_id)

    def test_tracking_values_and_followers_are_hidden_from_the_administrator(self):
        amina = self.env["res.partner"].create({"name": "Amina"})
        self.sealed.partner_id = amina
        self.sealed.message_subscribe(amina.ids)
        self.flush_tracking()
        self.sealed.severity = "low"
        self.flush_tracking()

        self.assertLessEqual(
            self.sealed.message_partner_ids, amina | self.keeper.partner_id
        )
        self.assertIn(amina, self.sealed.message_partner_ids)
        self.assert_hidden(self.sealed.message_follower_ids)
        values = self.sealed.message_ids.sudo().tracking_value_ids
        self.assertTrue(values)
        self.assert_hidden(values)

    def test_nobody_else_is_mentioned_or_made_a_follower(self):
        self.sealed.message_subscribe(self.outsider.partner_id.ids)
        message = self.sealed.message_post(
            body="Look!", partner_ids=(self.outsider | self.keeper).partner_id.ids
        )

        self.assertNotIn(self.outsider.partner_id, self.sealed.message_partner_ids)
        self.assertEqual(
            message.notification_ids.res_partner_id, self.keeper.partner_id
        )

    def test_activities_of_others_are_withdrawn(self):
        ticket = self.ticket(subject="Water point", team_id=self.north.id)
        ticket.activity_schedule(
            "mail.mail_activity_data_todo",
            summary="Ask the foreman",
            user_id=self.officer.id,
        )

        ticket.sensitivity = "sensitive"

        self.assertFalse(ticket.activity_ids)

    def test_attachments_are_hidden_and_their_links_dead(self):
        file = self.env["ir.attachment"].create(
            {
                "name": "photo.png",
                "raw": b"x",
                "res_model": "grievance.ticket",
                "res_id": self.sealed.id,
            }
        )
        ticket = self.ticket(subject="Water point", team_id=self.north.id)
        linked = file.copy({"res_id": ticket.id})
        linked.generate_access_token()

        ticket.sensitivity = "sensitive"

        self.assertFalse(linked.access_token)
        self.assert_hidden(file | linked)
        self.assertEqual(
            file.with_user(self.keeper).read(["name"])[0]["name"], "photo.png"
        )

    def test_mails_about_it_are_hidden_from_administrators(self):
        ticket = self.receive(letter(body="He tried to rape me."))

        mails = self.env["mail.mail"].search(
            [("model", "=", "grievance.ticket"), ("res_id", "=", ticket.id)]
        )
        self.assertTrue(mails)
        self.assert_hidden(mails)

    # ------------------------------------------------------------------------- intake

    def test_words_seal_a_letter_before_anything_is_told_of_it(self):
        for body in (
            "He tried to rape me.",
            "Il m'a demandé un pot-de-vin.",
            "Me pidió un SOBORNO para el pago",
            "Houve assédio no escritório",
            "تعرضت للتحرش في المكتب",
            "Aliomba rushwa ya shilingi elfu mbili",
            "They employ under\nage girls: child\nlabour",
        ):
            with self.subTest(body):
                ticket = self.receive(letter(body=body))

                self.assertTrue(ticket.is_sealed)
                self.assertEqual(ticket.team_id, self.sealed_team)
                self.assertTrue(ticket.seal_word)
                self.assert_hidden(ticket)
                self.assert_hidden(ticket.message_ids)

    def test_other_letters_are_not_sealed(self):
        for body in (
            "The water point is locked.",
            "Violet grapes are late",
            "My daughter Sexta was left out",
        ):
            ticket = self.receive(letter(body=body))

            self.assertFalse(ticket.is_sealed, body)

    def test_answer_with_such_a_word_seals_the_ticket_before_it_is_added(self):
        ticket = self.receive(letter({"Message-ID": FIRST}))
        ticket.team_id = self.north
        ticket.message_subscribe(self.officer.partner_id.ids)

        self.receive(letter(In_Reply_To=FIRST, body="And then he raped her."))

        self.assertTrue(ticket.is_sealed)
        self.assert_hidden(ticket.message_ids)
        told = ticket.message_ids.notification_ids.res_partner_id
        self.assertNotIn(self.officer.partner_id, told)

    def test_words_can_be_changed(self):
        self.env["grievance.keyword"].create(
            {
                "name": "Ours",
                "words": "zaka*",
                "category_id": self.harassment.id,
            }
        )

        self.assertTrue(self.receive(letter(body="ZAKATI")).is_sealed)

    def test_default_officer_of_an_alias_does_not_get_it(self):
        ticket = self.ticket(
            subject="He harassed me", user_id=self.officer.id, team_id=self.north.id
        )

        self.assertTrue(ticket.is_sealed)
        self.assertFalse(ticket.user_id)
        self.assertNotIn(self.officer.partner_id, ticket.message_partner_ids)

    def test_acknowledgement_tells_nothing_of_what_it_is_about(self):
        ticket = self.receive(letter(Subject="Rape", body="He tried to rape me."))

        mail = self.acknowledgements(ticket)
        said = f"{mail.subject} {mail.body_html}".lower()
        self.assertIn(ticket.number.lower(), said)
        for word in ("rape", "sexual", "sensitive", "protection", "sealed"):
            self.assertNotIn(word, said)

    def test_subject_of_further_mails_and_its_name_elsewhere_are_the_number(self):
        self.assertEqual(self.sealed.display_name, f"[{self.sealed.number}]")
        self.assertEqual(
            self.sealed._message_compute_subject(), f"[{self.sealed.number}]"
        )

    def test_officer_takes_one_down_and_is_told_its_number(self):
        [shown] = self.tickets.with_user(self.officer).web_save(
            {"subject": "Told by phone", "category_id": self.harassment.id},
            {"number": {}, "is_withheld": {}, "category_id": {}},
        )

        ticket = self.tickets.browse(shown["id"])
        self.assertTrue(ticket.is_sealed)
        self.assertEqual(shown["number"], ticket.number)
        self.assertTrue(shown["is_withheld"])
        self.assertFalse(shown["category_id"])

    # ------------------------------------------------------------ raising and lowering

    def test_officer_seals_what_they_work_on(self):
        ticket = self.ticket(team_id=self.north.id, user_id=self.officer.id)

        [shown] = ticket.with_user(self.officer).web_save(
            {"sensitivity": "highly_sensitive"}, {"number": {}, "sensitivity": {}}
        )

        self.assertTrue(ticket.is_sealed)
        self.assertFalse(ticket.user_id)
        self.assertFalse(shown["sensitivity"])
        self.assert_hidden(ticket)

    def test_only_the_sealed_team_unseals(self):
        other = self.env.ref("mail_gateway_plus_grievance.category_other")
        for user in (self.manager, self.officer):
            with self.assertRaises(AccessError):
                self.sealed.with_user(user).sensitivity = "standard"

        sealed = self.sealed.with_user(self.keeper)
        with self.assertRaises(ValidationError):
            sealed.sensitivity = "standard"
        sealed.write({"sensitivity": "standard", "category_id": other.id})

        self.assertFalse(self.sealed.is_sealed)
        self.assertEqual(self.seen_by(self.manager, self.sealed), self.sealed)

    def test_sealed_ticket_stays_with_sealed_people(self):
        sealed = self.sealed.with_user(self.keeper)

        with self.assertRaises(ValidationError):
            self.sealed.team_id = self.north
        with self.assertRaises(ValidationError):
            self.sealed.user_id = self.officer
        sealed.action_take()

        self.assertEqual(self.sealed.user_id, self.keeper)

    def test_manager_does_not_join_the_sealed_team(self):
        team = self.sealed_team.with_user(self.manager)

        with self.assertRaises(AccessError):
            team.member_ids = [Command.link(self.manager.id)]
        with self.assertRaises(AccessError):
            team.active = False
        self.keeper.group_ids = [
            Command.link(
                self.env.ref("mail_gateway_plus_grievance.group_grievance_manager").id
            )
        ]
        self.sealed_team.with_user(self.keeper).member_ids = [
            Command.link(self.outsider.id)
        ]
        self.assertIn("Outsider", self.last_entry("membership").reason)

    def test_managers_see_to_it_as_long_as_the_team_is_empty(self):
        self.sealed_team.member_ids = False

        self.assertEqual(self.seen_by(self.manager, self.sealed), self.sealed)
        self.assertFalse(self.seen_by(self.officer, self.sealed))

    # -------------------------------------------------------------------- break-glass

    def last_entry(self, event):
        return self.env["grievance.seal.log"].search([("event", "=", event)], limit=1)

    def break_seal(self, user, number=None, reason="She is in danger", hours=4):
        wizard = self.env["grievance.break.seal"].with_user(user)
        return wizard.create(
            {"number": number or self.sealed.number, "reason": reason, "hours": hours}
        ).action_confirm()

    def test_broken_seal_is_logged_and_the_team_told_at_once(self):
        action = self.break_seal(self.manager)

        self.assertEqual(action["res_id"], self.sealed.id)
        entry = self.last_entry("broken")
        self.assertEqual(
            (entry.user_id, entry.number, entry.reason),
            (self.manager, self.sealed.number, "She is in danger"),
        )
        ticket = self.sealed.with_user(self.manager)
        self.assertEqual(ticket.read(["subject"])[0]["subject"], SECRET)
        self.assertTrue(ticket.message_ids)
        told = self.env["mail.message"].search(
            [("subject", "=", f"Seal broken: {self.sealed.number}")]
        )
        self.assertEqual(told.notification_ids.res_partner_id, self.keeper.partner_id)

    def test_broken_seal_lets_read_and_not_change(self):
        self.break_seal(self.manager)

        for operation in ("write", "unlink"):
            self.assertFalse(self.may(self.manager, operation, self.sealed))

    def test_broken_seal_closes_again(self):
        self.break_seal(self.manager)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE grievance_seal_log SET expires_at = %s WHERE event = 'broken'",
            [fields.Datetime.subtract(fields.Datetime.now(), minutes=1)],
        )
        self.env.invalidate_all()

        self.assert_hidden(self.sealed)
        self.assert_hidden(self.sealed.message_ids)

    def test_seal_is_broken_by_managers_with_a_reason_and_for_one_ticket(self):
        other = self.ticket(category_id=self.harassment.id)
        with self.assertRaises(AccessError):
            self.break_seal(self.supervisor)
        with self.assertRaises(UserError):
            self.break_seal(self.manager, reason=" ")
        with self.assertRaises(UserError):
            self.break_seal(self.manager, number="GRV/0000/00000")

        self.break_seal(self.manager)

        self.assertFalse(self.seen_by(self.manager, other))

    def test_log_is_never_changed(self):
        self.break_seal(self.manager)
        entry = self.last_entry("broken")

        for records in (entry, entry.with_user(self.manager)):
            with self.assertRaises(UserError):
                records.write({"reason": "x"})
            with self.assertRaises(UserError):
                records.unlink()
        self.assertNotIn(SECRET, str(entry.with_user(self.manager).read()))
