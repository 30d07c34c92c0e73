"""What the gateway knows of a message is sealed with the record that it became."""

from email import message_from_bytes
from email.policy import SMTP

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import mail_new_test_user

ADDON = "mail_gateway_plus_grievance"
SEALING = letter("The foreman", "<1@home.example>", body="He raped a girl.\n")


class SealedCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = mail_new_test_user(
            cls.env,
            login="keeper",
            password="keeper-keeper",
            groups=f"{ADDON}.group_grievance_officer,mail_gateway_plus.group_operator",
        )
        cls.env.ref(f"{ADDON}.team_sealed").member_ids = cls.keeper
        cls.operator = mail_new_test_user(
            cls.env,
            login="operator",
            password="operator-operator",
            groups="mail_gateway_plus.group_operator",
        )

    def receive_sealed(self, *messages):
        server = self.mailbox(FourMethodConnection(*(messages or [SEALING])))
        self.fetch(server)
        self.process()
        return self.rows(server)

    def assert_hidden(self, records, *users):
        admin = self.env.ref("base.user_admin")
        for user in users or (self.operator, admin):
            theirs = records.with_user(user)
            domain = [("id", "in", records.ids)]
            with self.subTest(user.login, model=records._name):
                self.assertTrue(records)
                self.assertFalse(theirs.search(domain))
                self.assertFalse(theirs.search_count(domain))
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    theirs.check_access("read")


@tagged("post_install", "-at_install")
class TestSealedJournal(SealedCase):
    def test_file_held_back_from_a_sealed_record_is_hidden_from_operators(self):
        message = message_from_bytes(SEALING, policy=SMTP)
        message.add_attachment(
            b"MZ",
            maintype="application",
            subtype="octet-stream",
            filename="foreman.exe",
        )
        rows = self.receive_sealed(message.as_bytes())

        self.assertEqual(rows.sudo().held_file_ids.mapped("name"), ["foreman.exe"])
        self.assert_hidden(rows.sudo().held_file_ids)
        keepers = rows.held_file_ids.with_user(self.keeper)
        self.assertEqual(keepers.mapped("name"), ["foreman.exe"])

    def test_row_of_a_sealed_record_is_hidden_from_operators(self):
        rows = self.receive_sealed()

        self.assertEqual(rows.state, "done")
        self.assert_hidden(rows)
        journal = self.journal.with_user(self.operator)
        self.assertFalse(journal.search([("subject", "ilike", "foreman")]))
        self.assertFalse(journal.search([("email_from", "ilike", "amina")]))
        seen = rows.with_user(self.keeper)
        self.assertEqual(seen.read(["subject"])[0]["subject"], "The foreman")
        self.assertIn("Subject: The foreman", seen.headers)

    def test_reply_to_a_sealed_record_and_copies_are_hidden_too(self):
        reply = letter(
            "Re: The foreman",
            "<2@home.example>",
            body="Thank you.\n",
            In_Reply_To="<1@home.example>",
        )
        rows = self.receive_sealed(SEALING, reply)
        rows |= self.receive_sealed(SEALING)

        self.assertEqual(rows.mapped("state"), ["done", "done", "duplicate"])
        self.assert_hidden(rows)

    def test_all_of_it_stays_hidden_when_the_sealed_record_is_deleted(self):
        rows = self.receive_sealed()
        ticket = self.env["grievance.ticket"].browse(rows.res_id)
        rows |= self.receive_sealed()  # once more
        self.assertEqual(rows.mapped("state"), ["done", "duplicate"])
        file = self.env["mail.gateway.held.file"].create(
            {"inbound_id": rows[0].id, "name": "photo of the foreman.exe"}
        )
        attempt = self.attempts.create(
            {
                "server_name": "Relay",
                "message_id": "<7.odoo@city.example>",
                "res_model": ticket._name,
                "res_id": ticket.id,
                "outcome": "accepted",
                "phase": "accepted",
            }
        )

        ticket.with_user(self.keeper).sudo().unlink()

        manager = mail_new_test_user(
            self.env,
            login="sealed_manager",
            groups=f"{ADDON}.group_grievance_manager,mail_gateway_plus.group_operator",
        )
        people = (self.operator, self.env.ref("base.user_admin"), manager)
        for told in (rows, file, attempt):
            self.assert_hidden(told, *people)
        self.assertTrue(rows.with_user(self.keeper).read(["subject"]))

    def test_who_broke_the_seal_looks_and_decides_nothing(self):
        rows = self.receive_sealed()
        ticket = self.env["grievance.ticket"].browse(rows.res_id)
        file = self.env["mail.gateway.held.file"].create(
            {"inbound_id": rows.id, "name": "photo.exe"}
        )
        for groups in ("", ",mail_gateway_plus.group_operator"):
            manager = mail_new_test_user(
                self.env,
                login=f"broke{groups}",
                groups=f"{ADDON}.group_grievance_manager{groups}",
            )
            ticket.with_user(manager).sudo()._break_seal("Emergency", 1)
            before = ticket.message_ids

            self.assertTrue(rows.with_user(manager).read(["subject"]))
            with self.assertRaisesRegex(AccessError, "Only operators"):
                file.with_user(manager).action_release()
            with self.assertRaisesRegex(AccessError, "Only operators"):
                rows.with_user(manager).action_discard("No")

            self.assertEqual(ticket.message_ids, before)
        rows.with_user(self.keeper)._check_operator()

    def test_files_held_back_from_it_are_hidden(self):
        rows = self.receive_sealed()
        file = self.env["mail.gateway.held.file"].create(
            {"inbound_id": rows.id, "name": "photo of the foreman.exe"}
        )

        self.assert_hidden(file)
        with self.assertRaises(AccessError):
            file.with_user(self.operator).action_release()

    def test_row_is_hidden_as_soon_as_its_record_is_sealed(self):
        rows = self.receive_sealed(letter(body="Water.\n"))
        self.assertTrue(rows.with_user(self.operator).read(["subject"]))
        ticket = self.env["grievance.ticket"].browse(rows.res_id)

        ticket.sensitivity = "sensitive"

        self.assert_hidden(rows)

    def test_other_rows_stay(self):
        rows = self.receive_sealed(
            SEALING,
            letter(message_id="<2@home.example>", body="Water.\n"),
            letter(message_id="", body="No name.\n"),
        )

        visible = self.journal.with_user(self.operator).search(
            [("id", "in", rows.ids)], order="id"
        )
        self.assertEqual(visible.sudo(), rows[1:])

    def test_operators_decide_nothing_about_it(self):
        rows = self.receive_sealed()

        for button in ("action_retry", "action_discard", "action_download"):
            with self.subTest(button), self.assertRaises(AccessError):
                getattr(rows.with_user(self.operator), button)()

    def test_attempts_to_send_its_mails_are_hidden(self):
        rows = self.receive_sealed()
        sink, port = self.sink()
        self.outgoing("Relay", port)
        mails = self.env["mail.mail"].search(
            [("model", "=", rows.res_model), ("res_id", "=", rows.res_id)]
        )
        with self.really_sending():
            mails.send()

        attempts = self.attempts.search([("res_id", "=", rows.res_id)])
        # Of a highly sensitive one its own team is told as well.
        self.assertEqual(
            set(sink.recipients), {"amina@home.example", self.keeper.email}
        )
        self.assert_hidden(attempts)
        self.assert_hidden(attempts.recipient_ids)
        self.assert_hidden(mails, self.env.ref("base.user_admin"))

    def test_nothing_is_asked_where_nothing_is_sealed(self):
        rows = self.receive_sealed(letter(body="Water.\n"))
        ticket = self.env["grievance.ticket"].browse(rows.res_id)
        messages = ticket.message_ids.with_user(self.operator)

        self.assertFalse(messages._gateway_sealed_models())
        with self.assertQueryCount(0):
            self.assertTrue(messages._gateway_withheld_domain().is_false())


@tagged("post_install", "-at_install")
class TestSealedDownload(SealedCase, HttpCase):
    def download(self, login, row):
        self.authenticate(login, f"{login}-{login}")
        return self.url_open(f"/mail_gateway/inbound/{row.id}/message.eml")

    def test_message_is_handed_to_the_sealed_team_only(self):
        rows = self.receive_sealed()

        self.assertEqual(self.download("operator", rows).status_code, 404)
        archive = self.url_open(f"/mail_gateway/inbound/messages.zip?ids={rows.id}")
        self.assertEqual(archive.status_code, 404)
        self.assertEqual(self.download("keeper", rows).content, SEALING)
