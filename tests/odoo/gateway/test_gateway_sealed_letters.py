"""A letter that may be for the sealed team is theirs from when it is written down."""

from unittest.mock import patch

from gateway_case import FourMethodConnection, letter
from test_gateway_sealed import SealedCase

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)

ADDON = "mail_gateway_plus_grievance"
PLAIN = letter("Water", "<1@home.example>", body="The pump is locked.\n")
SENSITIVE = letter("The foreman", "<2@home.example>", body="He raped a girl.\n")
PROCESSING = "odoo.addons.mail_gateway_plus.models.mail_gateway_inbound_processing"


class SealedLetterCase(SealedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = {
            role: mail_new_test_user(
                cls.env,
                login=f"letters_{role}",
                groups=f"{ADDON}.group_grievance_{role}",
            )
            for role in ("viewer", "officer", "supervisor", "manager")
        }
        for user in (cls.operator, *cls.roles.values()):
            user.group_ids += cls.env.ref("base.group_allow_export")
        # of the sealed team, and no operator of the gateway
        cls.member = mail_new_test_user(
            cls.env,
            login="member",
            password="member-member",
            email="member@office.example",
            groups=f"{ADDON}.group_grievance_officer",
        )
        cls.team = cls.env.ref(f"{ADDON}.team_sealed")
        cls.team.member_ids = cls.keeper | cls.member

    def park_everything(self):
        return self.env["mail.gateway.rule"].create(
            {"name": "Park", "action": "park", "reason": "To be looked at."}
        )

    def receive_letters(self, *raws, **mailbox):
        server = self.mailbox(FourMethodConnection(*raws), **mailbox)
        self.fetch(server)
        self.process()
        return self.rows(server)

    def journal_only(self, *raws, **mailbox):
        server = self.mailbox(FourMethodConnection(*raws), **mailbox)
        self.fetch(server)
        return self.rows(server)

    def assert_only_the_team_sees(self, rows):
        """Nobody else finds, counts, groups, exports or reads these rows."""
        others = [self.operator, self.env.ref("base.user_admin"), *self.roles.values()]
        for user in others:
            theirs = rows.with_user(user)
            domain = [("id", "in", rows.ids)]
            with self.subTest(user.login):
                if not theirs.browse().has_access("read"):
                    continue
                self.assertFalse(theirs.search(domain))
                self.assertFalse(theirs.search_count(domain))
                self.assertFalse(theirs.name_search(rows[0].subject))
                groups = theirs.formatted_read_group(domain, ["state"], ["__count"])
                self.assertFalse(groups)
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    theirs.read(["subject"])
                with self.assertRaises(AccessError):
                    theirs.export_data(["subject"])
        for user in (self.keeper, self.member):
            seen = rows.with_user(user)
            self.assertEqual(seen.search([("id", "in", rows.ids)]).ids, rows.ids[::-1])
            self.assertTrue(seen.read(["subject", "headers"]))

    def assert_operators_see(self, rows):
        self.assertEqual(
            rows.with_user(self.operator).search([("id", "in", rows.ids)]).sudo(),
            rows.sorted("id", reverse=True),
        )


@tagged("post_install", "-at_install")
class TestSealedLetters(SealedLetterCase):
    # ------------------------------------------------------------- before a look at it

    def test_letter_that_nobody_has_looked_at_is_the_teams(self):
        rows = self.journal_only(PLAIN, SENSITIVE)

        self.assertEqual(set(rows.mapped("state")), {"pending"})
        self.assert_only_the_team_sees(rows)

    def test_letter_to_another_mailbox_is_not(self):
        model = self.env["ir.model"]._get_id("res.partner")
        rows = self.journal_only(PLAIN, SENSITIVE, object_id=model)

        self.assert_operators_see(rows)

    def test_letter_to_an_address_of_grievances_in_a_common_mailbox_is(self):
        domain = self.env["mail.alias.domain"].create({"name": "city.example"})
        self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        rows = self.journal_only(
            SENSITIVE, object_id=False, user="catchall@city.example"
        )

        self.assert_only_the_team_sees(rows)

    def test_answer_to_a_sealed_ticket_is_wherever_it_comes(self):
        self.receive_sealed(SENSITIVE)
        answer = letter(
            "Re: your letter",
            "<3@home.example>",
            body="Thank you.\n",
            In_Reply_To="<2@home.example>",
        )
        rows = self.journal_only(answer, object_id=False)

        self.assert_only_the_team_sees(rows)

    def test_letter_that_killed_its_workers_stays_the_teams(self):
        row = self.journal_only(PLAIN)

        row._park_as_deadly("It killed Odoo.")

        self.assertEqual(row.state, "quarantined")
        self.assert_only_the_team_sees(row)

    # -------------------------------------------------------------------- parked

    def test_parked_letter_is_the_teams_if_it_is_sensitive_and_else_the_operators(self):
        self.park_everything()
        rows = self.receive_letters(PLAIN, SENSITIVE)

        self.assertEqual(rows.mapped("state"), ["quarantined", "quarantined"])
        self.assert_operators_see(rows[0])
        self.assert_only_the_team_sees(rows[1])

    def test_ignored_and_discarded_letters_are_no_exception(self):
        rule = self.park_everything()
        rule.action = "ignore"
        rows = self.receive_letters(PLAIN, SENSITIVE)
        self.assertEqual(rows.mapped("state"), ["ignored", "ignored"])
        self.assert_operators_see(rows[0])
        self.assert_only_the_team_sees(rows[1])

        rows[1].with_user(self.keeper).action_discard("By phone already")

        self.assert_only_the_team_sees(rows[1])

    def test_letter_that_could_not_be_processed(self):
        for fault in (ValueError("broken"), OSError("later")):
            with (
                self.subTest(fault),
                patch.object(
                    self.registry["grievance.ticket"], "create", side_effect=fault
                ),
                mute_logger(PROCESSING),
            ):
                rows = self.receive_letters(PLAIN, SENSITIVE)
            self.assertLessEqual(set(rows.mapped("state")), {"quarantined", "retry"})
            self.assert_operators_see(rows[0])
            self.assert_only_the_team_sees(rows[1])

    def test_rule_that_gives_it_to_the_sealed_team_says_so_of_a_parked_one_too(self):
        rule = self.env["mail.gateway.rule"].create(
            {
                "name": "Protection",
                "sequence": 1,
                "record_type": "grievance.ticket",
                "value_ids": [
                    Command.create(
                        {
                            "field_id": self.env["ir.model.fields"]
                            ._get("grievance.ticket", "sensitivity")
                            .id,
                            "template": "sensitive",
                        }
                    )
                ],
            }
        )
        self.park_everything().sequence = 2
        self.assertTrue(rule.active)

        self.assert_only_the_team_sees(self.receive_letters(PLAIN))

    def test_letter_to_a_sealed_mailbox_is_sealed_whatever_it_says(self):
        rows = self.receive_letters(PLAIN, is_sealed=True)
        ticket = self.env["grievance.ticket"].browse(rows.res_id)
        self.assertTrue(ticket.is_sealed)
        self.assertEqual(ticket.team_id, self.team)
        self.assert_only_the_team_sees(rows)

        self.park_everything()
        rows = self.receive_letters(
            letter("Pump", "<4@home.example>", body="Leaks.\n"), is_sealed=True
        )
        self.assertEqual(rows.state, "quarantined")
        self.assert_only_the_team_sees(rows)

    def test_the_team_is_told_of_it_and_of_nothing_that_it_says(self):
        self.park_everything()
        rows = self.receive_letters(PLAIN, SENSITIVE)

        told = self.env["mail.message"].search(
            [("subject", "=", "A letter waits for the sealed team")]
        )
        self.assertEqual(len(told), 1)
        self.assertEqual(told.partner_ids, (self.keeper | self.member).partner_id)
        self.assertIn(f"/{rows[1].id}", told.body)
        self.assertNotIn("foreman", told.body)

    def test_test_of_a_mailbox_names_neither_sender_nor_subject_of_such_letters(self):
        server = self.mailbox()
        seen = [
            FetchedMessage(ref=MessageRef("INBOX", "1", str(number)), raw=raw)
            for number, raw in enumerate((PLAIN, SENSITIVE), start=1)
        ]

        plain, sensitive = self.journal._rehearse(server, seen)

        self.assertEqual(plain["subject"], "Water")
        self.assertEqual((sensitive["subject"], sensitive["sender"]), ("(sealed)", ""))

    def test_flood_of_letters_to_a_sealed_mailbox_names_nobody(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "1")
        letters = [
            letter(f"Pump {number}", f"<flood-{number}@home.example>")
            for number in range(3)
        ]

        rows = self.receive_letters(*letters, is_sealed=True)

        self.assertIn("quarantined", rows.mapped("state"))
        self.assert_only_the_team_sees(rows)
        alerts = self.env["mail.activity"].search([("summary", "ilike", "much mail")])
        self.assertFalse(alerts)

    # --------------------------------------------------------------------- deciding

    def test_member_of_the_team_decides_without_being_an_operator(self):
        self.park_everything()
        rows = self.receive_letters(SENSITIVE)
        wizard = self.env["mail.gateway.decide"].with_user(self.member)
        wizard = wizard.with_context(
            active_model="mail.gateway.inbound", active_ids=rows.ids
        )
        choice = wizard.create(
            {"decision": "retry_as", "record_type": "grievance.ticket"}
        )

        choice.action_confirm()

        ticket = self.env["grievance.ticket"].browse(rows.res_id)
        self.assertEqual((rows.state, ticket.is_sealed), ("done", True))
        self.assert_only_the_team_sees(rows)
        action = rows.with_user(self.member).action_open_record()
        self.assertEqual(action["res_id"], ticket.id)

    def test_others_of_the_addon_see_nothing_of_the_journal(self):
        rows = self.receive_letters(PLAIN)

        self.assertEqual(rows.state, "done")
        for user in [*self.roles.values(), self.member]:
            journal = self.journal.with_user(user)
            self.assertFalse(journal.search([("id", "in", rows.ids)]), user.login)
            with self.assertRaises(AccessError):
                rows.with_user(user).action_download()

    def test_viewer_of_the_team_reads_and_decides_nothing(self):
        self.team.member_ids = self.roles["viewer"] | self.keeper
        self.park_everything()
        rows = self.receive_letters(SENSITIVE)
        mine = rows.with_user(self.roles["viewer"])

        self.assertTrue(mine.read(["subject"]))
        for button in ("action_retry", "action_discard"):
            with self.assertRaises(AccessError):
                getattr(mine, button)()

    def test_unsealed_ticket_gives_its_letter_to_operators_alone(self):
        rows = self.receive_letters(SENSITIVE)
        ticket = self.env["grievance.ticket"].browse(rows.res_id)
        other = self.env.ref(f"{ADDON}.category_other")

        ticket.with_user(self.keeper).write(
            {"sensitivity": "standard", "category_id": other.id}
        )

        self.assert_operators_see(rows)
        for user in [*self.roles.values(), self.member]:
            self.assertFalse(
                self.journal.with_user(user).search([("id", "in", rows.ids)])
            )

    # -------------------------------------------------------------------- who that is

    def test_managers_see_to_it_as_long_as_the_team_is_empty(self):
        self.team.member_ids = False
        rows = self.journal_only(SENSITIVE)

        found = self.journal.with_user(self.env.ref("base.user_admin")).search(
            [("id", "in", rows.ids)]
        )
        self.assertEqual(found.sudo(), rows)
        self.assertFalse(
            self.journal.with_user(self.operator).search([("id", "in", rows.ids)])
        )

    def test_letter_of_another_company_is_its_own_teams(self):
        other = self.env["res.company"].create({"name": "Other"})
        director = self.roles["officer"]
        self.env["grievance.team"].create(
            {
                "name": "Other protection",
                "is_sealed": True,
                "company_id": other.id,
                "member_ids": [Command.set(director.ids)],
            }
        )
        for user in (director, self.member):
            user.company_ids += other
        rows = self.journal_only(SENSITIVE, company_id=other.id)

        companies = director.company_ids.ids
        seen = {
            user: rows.with_user(user).with_context(allowed_company_ids=companies)
            for user in (director, self.member)
        }
        domain = [("id", "in", rows.ids)]
        self.assertTrue(seen[director].search(domain))
        self.assertFalse(seen[self.member].search(domain))

    def test_manager_makes_no_sealed_team_of_their_own_beside_it(self):
        teams = self.env["grievance.team"].with_user(self.roles["manager"])
        own = {"name": "Mine", "member_ids": [Command.set(self.env.user.ids)]}

        with self.assertRaises(AccessError):
            teams.create({**own, "is_sealed": True})
        with self.assertRaises(AccessError):
            teams.create(own).is_sealed = True


@tagged("post_install", "-at_install")
class TestSealedLetterDownload(SealedLetterCase, HttpCase):
    def test_parked_letter_is_handed_to_the_team_only(self):
        self.park_everything()
        row = self.receive_letters(SENSITIVE)

        def download(login):
            self.authenticate(login, f"{login}-{login}")
            return self.url_open(f"/mail_gateway/inbound/{row.id}/message.eml")

        self.assertEqual(download("operator").status_code, 404)
        archive = self.url_open(f"/mail_gateway/inbound/messages.zip?ids={row.id}")
        self.assertEqual(archive.status_code, 404)
        self.assertEqual(download("member").content, SENSITIVE)
