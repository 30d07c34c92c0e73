"""No way around the rules: whatever tells of a ticket is seen by who sees the ticket.

Another grievance addon let every employee read every ticket, and portal users write
them. A test for each way that Odoo has to a record.
"""

import json

from people_case import PeopleCase

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import mail_new_test_user

SUBJECT = "The foreman of the pump"


class SurfaceCase(PeopleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.portal = mail_new_test_user(
            cls.env,
            login="g_portal",
            password="g_portal_password",
            email="portal@home.example.org",
            groups="base.group_portal",
        )
        cls.officer.password = "g_officer_password"
        cls.complainant = cls.env["res.partner"].create(
            {"name": "Amina", "email": "amina@complainant.example.org"}
        )

    def told_of(self, **values):
        """Return a ticket and all that Odoo keeps about it, by the model's name."""
        ticket = self.ticket(subject=SUBJECT, partner_id=self.complainant.id, **values)
        self.flush_tracking()
        ticket.message_subscribe(self.complainant.ids)
        message = ticket.message_post(
            body="We ask the foreman.",
            partner_ids=self.complainant.ids,
            attachments=[("photo.txt", b"the foreman")],
            subtype_xmlid="mail.mt_comment",
        )
        ticket.severity = "low"
        self.flush_tracking()
        worker = self.keeper if ticket.is_sealed else self.manager
        ticket.activity_schedule(
            "mail.mail_activity_data_todo", summary=SUBJECT, user_id=worker.id
        )
        self.env["mail.message.translation"].create(
            {
                "message_id": message.id,
                "source_lang": "en",
                "target_lang": "fr",
                "body": "<p>Nous demandons</p>",
            }
        )
        self.env["mail.message.reaction"].create(
            {
                "message_id": message.id,
                "partner_id": self.complainant.id,
                "content": "+",
            }
        )
        self.env["mail.scheduled.message"].create(
            {
                "model": "grievance.ticket",
                "res_id": ticket.id,
                "body": SUBJECT,
                "author_id": worker.partner_id.id,
                "scheduled_date": "2090-01-01",
            }
        )
        about = [("model", "=", "grievance.ticket"), ("res_id", "=", ticket.id)]
        linked = [("res_model", "=", "grievance.ticket"), ("res_id", "=", ticket.id)]
        of_message = [("message_id", "in", ticket.message_ids.ids)]
        of_mail_message = [("mail_message_id", "in", ticket.message_ids.ids)]
        domains = {
            "mail.message": about,
            "mail.mail": about,
            "mail.scheduled.message": about,
            "mail.activity": linked,
            "mail.followers": linked,
            "ir.attachment": linked,
            "mail.notification": of_mail_message,
            "mail.tracking.value": of_mail_message,
            "mail.message.translation": of_message,
            "mail.message.reaction": of_message,
        }
        found = {model: self.env[model].search(d) for model, d in domains.items()}
        for model, records in found.items():
            self.assertTrue(records, f"nothing of {model} to hide")
        return ticket, found

    def assert_hidden(self, user, records):
        theirs = records.with_user(user)
        with self.subTest(user.login, model=records._name):
            if not theirs.browse().has_access("read"):
                return
            domain = [("id", "in", records.ids)]
            self.assertFalse(theirs.search(domain))
            self.assertFalse(theirs.search_count(domain))
            groups = theirs.formatted_read_group(domain, [], ["__count"])
            self.assertFalse(groups and groups[0]["__count"])
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                theirs.read(["display_name"])
            self.env.invalidate_all()
            words = ("body", "summary", "description", "name")
            shown = next((n for n in words if n in records._fields), "id")
            try:
                exported = str(theirs.export_data([shown])["datas"])
            except UserError:  # AccessError is one
                exported = ""
            for secret in ("foreman", "Amina", "photo"):
                self.assertNotIn(secret, exported)

    def outsiders(self):
        """Return those who see neither the south's tickets nor sealed ones."""
        return (
            self.viewer
            | self.officer
            | self.supervisor
            | self.operator
            | self.user_employee
            | self.portal
        )


@tagged("post_install", "-at_install")
class TestGrievanceSurfaces(SurfaceCase):
    # Of these Odoo shows to everybody in the house that they are there, and no content.
    SHOWN_BY_ODOO = ("mail.followers", "mail.notification")

    def test_ticket_of_another_team_is_hidden_with_all_that_tells_of_it(self):
        ticket, told = self.told_of(team_id=self.south.id)

        for user in self.outsiders():
            self.assert_hidden(user, ticket)
            for model, records in told.items():
                if model not in self.SHOWN_BY_ODOO:
                    self.assert_hidden(user, records)
        self.assertEqual(self.seen_by(self.manager, ticket), ticket)
        self.assertTrue(told["mail.message"].with_user(self.manager).read(["body"]))

    def test_sealed_ticket_is_hidden_from_managers_and_administrators_as_well(self):
        ticket, told = self.told_of(category_id=self.harassment.id)

        for user in self.outsiders() | self.manager | self.admin:
            self.assert_hidden(user, ticket)
            for records in told.values():
                self.assert_hidden(user, records)
        self.assertEqual(self.seen_by(self.keeper, ticket), ticket)
        for model in ("mail.message", "mail.notification", "ir.attachment"):
            self.assertTrue(told[model].with_user(self.keeper).read(["id"]), model)

    def test_it_is_not_found_by_its_name_or_by_what_it_is_linked_with(self):
        south, _told = self.told_of(team_id=self.south.id)
        sealed, _told = self.told_of(category_id=self.harassment.id)
        hidden = {south.id, sealed.id}

        for user in self.viewer | self.officer | self.supervisor:
            tickets = self.tickets.with_user(user)
            for name in (SUBJECT, south.number, sealed.number, "Amina"):
                found = {ticket_id for ticket_id, _name in tickets.name_search(name)}
                self.assertFalse(found & hidden)
            for domain in (
                [("message_ids.body", "ilike", "foreman")],
                [("partner_id", "=", self.complainant.id)],
                [("activity_summary", "ilike", "foreman")],
                [("message_partner_ids", "in", self.complainant.ids)],
            ):
                self.assertFalse(set(tickets.search(domain).ids) & hidden, domain)

    def test_figures_and_groups_count_what_one_sees(self):
        self.tickets.search([]).unlink()
        self.told_of(team_id=self.south.id)
        self.told_of(category_id=self.harassment.id)
        own, _told = self.told_of(team_id=self.north.id)

        for user in (self.viewer, self.officer, self.supervisor):
            tickets = self.tickets.with_user(user)
            groups = tickets.formatted_read_group([], ["team_id"], ["__count"])
            self.assertEqual([g["__count"] for g in groups], [1], user.login)
            board = tickets.web_read_group([], ["severity"], ["__count"])
            self.assertEqual([g["__count"] for g in board["groups"]], [1])
            self.assertEqual(tickets.search([]), own)
        self.assertEqual(self.tickets.with_user(self.manager).search_count([]), 2)

    def test_nobody_writes_where_they_do_not_read(self):
        south, _told = self.told_of(team_id=self.south.id)
        sealed, _told = self.told_of(category_id=self.harassment.id)

        for user in self.outsiders():
            for ticket in (south, sealed):
                theirs = ticket.with_user(user)
                with self.subTest(user.login):
                    for operation in ("write", "unlink"):
                        self.assertFalse(theirs.has_access(operation))
                    with self.assertRaises(AccessError):
                        theirs.message_post(body="I was here")
                    self.assertFalse(theirs.message_subscribe(user.partner_id.ids))
                    self.assertNotIn(user.partner_id, ticket.message_partner_ids)

    def test_portal_user_who_complained_reads_nothing_either(self):
        ticket = self.ticket(partner_id=self.portal.partner_id.id)

        with self.assertRaises(AccessError):
            ticket.with_user(self.portal).read(["subject"])
        with self.assertRaises(AccessError):
            self.tickets.with_user(self.portal).create({"subject": "x"})

    # ------------------------------------------------------------------- anonymous ones

    def test_anonymous_complainant_has_a_number_and_no_name(self):
        ticket = self.tickets.with_user(self.officer).create(
            {"subject": "Told by phone", "complainant_type": "anonymous"}
        )

        self.assertTrue(ticket.number)
        self.assertFalse(ticket.partner_id or ticket.email_from)
        self.assertFalse(ticket.complainant_name)
        self.assertNotIn(
            self.officer.partner_id, ticket._mail_get_partners()[ticket.id]
        )

    def test_anonymous_complainant_with_an_address_is_answered(self):
        ticket = self.ticket(
            complainant_type="anonymous",
            email_from="nobody@mail.example",
            channel="web",
        )
        ticket.write({"decision": "upheld", "decision_reasons": "<p>Yes.</p>"})

        ticket.action_tell_decision()

        mail = self.env["mail.mail"].search(
            [("model", "=", "grievance.ticket"), ("res_id", "=", ticket.id)]
        )
        self.assertEqual(mail.email_to, "nobody@mail.example")


@tagged("post_install", "-at_install")
class TestGrievanceRoutes(SurfaceCase, HttpCase):
    """The web's own ways to a record: links in mails, files, the chatter's calls."""

    def setUp(self):
        super().setUp()
        self.sealed, told = self.told_of(category_id=self.harassment.id)
        self.file = told["ir.attachment"]
        self.visitors = {
            "nobody": (None, None),
            "portal": ("g_portal", "g_portal_password"),
            "officer": ("g_officer", "g_officer_password"),
        }

    def visit(self, visitor):
        self.authenticate(*self.visitors[visitor])

    def call(self, route, **params):
        answer = self.url_open(
            route,
            data=json.dumps({"params": params}),
            headers={"Content-Type": "application/json"},
        )
        return answer.text

    def test_files_are_handed_to_nobody(self):
        for visitor in self.visitors:
            self.visit(visitor)
            for link in (
                f"/web/content/{self.file.id}",
                f"/web/content/{self.file.id}?access_token=x",
                f"/web/image/{self.file.id}",
                f"/web/content/grievance.ticket/{self.sealed.id}/description",
            ):
                with self.subTest(visitor, link=link):
                    page = self.url_open(link, allow_redirects=False)
                    self.assertIn(page.status_code, (303, 404, 403, 200))
                    self.assertNotIn("foreman", page.text)

    def test_link_of_a_mail_leads_nowhere(self):
        for visitor in self.visitors:
            self.visit(visitor)
            for link in (
                f"/mail/view?model=grievance.ticket&res_id={self.sealed.id}",
                f"/mail/view?model=grievance.ticket&res_id={self.sealed.id}"
                "&access_token=x",
                f"/mail/message/{self.sealed.message_ids[0].id}",
                f"/mail/unfollow?model=grievance.ticket&res_id={self.sealed.id}"
                f"&pid={self.complainant.id}&token=x",
            ):
                with self.subTest(visitor, link=link):
                    page = self.url_open(link)
                    self.assertNotIn("foreman", page.text)
        self.assertIn(self.complainant, self.sealed.message_partner_ids)

    def test_calls_of_the_chatter_tell_nothing(self):
        thread = {"thread_model": "grievance.ticket", "thread_id": self.sealed.id}
        for visitor in self.visitors:
            self.visit(visitor)
            for route, params in (
                ("/mail/thread/messages", thread),
                ("/mail/thread/recipients", thread),
                (
                    "/mail/data",
                    {
                        "fetch_params": [
                            [
                                "mail.thread",
                                {
                                    **thread,
                                    "request_list": [
                                        "activities",
                                        "attachments",
                                        "followers",
                                        "messages",
                                    ],
                                },
                            ]
                        ]
                    },
                ),
                (
                    "/mail/message/post",
                    {**thread, "post_data": {"body": "I was here"}},
                ),
            ):
                with self.subTest(visitor, route=route):
                    answer = self.call(route, **params)
                    for secret in ("foreman", "photo.txt", "We ask"):
                        self.assertNotIn(secret, answer)
        self.env.invalidate_all()
        self.assertNotIn("I was here", str(self.sealed.message_ids.mapped("body")))

    def test_keeper_sees_by_the_same_calls_what_they_hide(self):
        self.keeper.password = "g_keeper_password"
        self.authenticate("g_keeper", "g_keeper_password")

        answer = self.call(
            "/mail/thread/messages",
            thread_model="grievance.ticket",
            thread_id=self.sealed.id,
        )
        self.assertIn("foreman", answer)
        page = self.url_open(f"/web/content/{self.file.id}")
        self.assertIn("foreman", page.text)
