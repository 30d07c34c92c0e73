"""A message leaves the journal as a file, for those who may see it."""

import io
import zipfile
from unittest.mock import patch

from gateway_case import GatewayCase, letter

from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)
from odoo.addons.mail_gateway_plus.models import mail_gateway_inbound_decision


@tagged("post_install", "-at_install")
class TestDownload(GatewayCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for login, group in {
            "operator": "mail_gateway_plus.group_operator",
            "clerk": "base.group_user",
        }.items():
            mail_new_test_user(cls.env, login, password=login * 2, groups=group)

    def journaled(self, *messages, **values):
        # Letters that may become sealed records are kept from operators.
        values.setdefault("object_id", self.env["ir.model"]._get_id("res.partner"))
        server = self.mailbox(**values)
        self.journal._store(
            server,
            [
                FetchedMessage(MessageRef(str(uid), "INBOX", "1"), raw)
                for uid, raw in enumerate(messages)
            ],
        )
        return self.rows(server)

    def get(self, url, login="operator"):
        self.authenticate(login, login * 2)
        return self.url_open(url, allow_redirects=False)

    def download(self, rows):
        action = rows.with_user(self.env.ref("base.user_admin")).action_download()
        self.env.flush_all()
        return self.get(action["url"])

    def test_message_is_handed_out_byte_for_byte(self):
        raw = letter("Dark street") + bytes(range(256))
        row = self.journaled(raw)

        answer = self.download(row)

        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.content, raw)
        headers = answer.headers
        self.assertEqual(headers["Content-Type"].partition(";")[0], "message/rfc822")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
        self.assertIn("Dark%20street.eml", headers["Content-Disposition"])

    def test_hostile_subject_makes_a_harmless_file_name(self):
        row = self.journaled(letter("../../etc/passwd\u202etxt.exe"))

        disposition = self.download(row).headers["Content-Disposition"]

        self.assertNotIn("/", disposition)
        self.assertNotIn("%E2%80%AE", disposition)

    def test_several_come_in_one_archive(self):
        messages = [letter("Same"), letter("Same", "<2@x.example>")]
        rows = self.journaled(*messages)

        answer = self.download(rows)

        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            contents = [archive.read(name) for name in archive.namelist()]
            self.assertEqual(
                set(archive.namelist()), {f"{row.id} Same.eml" for row in rows}
            )
        self.assertEqual(sorted(contents), sorted(messages))

    def test_operator_finds_it_in_the_actions_of_the_list(self):
        rows = self.journaled(letter(), letter(message_id="<2@x.example>"))
        operator = self.env["res.users"].search([("login", "=", "operator")])
        action = self.env.ref("mail_gateway_plus.action_download").with_user(operator)

        result = action.with_context(
            active_model=rows._name, active_ids=rows.ids, active_id=rows[0].id
        ).run()

        self.assertIn("messages.zip", result["url"])

    def test_too_much_at_once_is_refused(self):
        rows = self.journaled(letter(), letter(message_id="<2@x.example>"))
        url = rows.action_download()["url"]
        self.env.flush_all()

        with patch.object(mail_gateway_inbound_decision, "ARCHIVE_BYTES", 100):
            with self.assertRaisesRegex(UserError, "Select fewer"):
                rows.action_download()
            self.assertEqual(self.get(url).status_code, 413)

    def test_content_that_is_not_kept_is_not_found(self):
        row = self.journaled(letter())
        url = row.action_download()["url"]
        row.has_raw = False
        self.env.flush_all()

        self.assertEqual(self.get(url).status_code, 404)
        with self.assertRaisesRegex(UserError, "no longer kept"):
            row.action_download()

    def test_message_of_another_company_is_not_found(self):
        other = self.env["res.company"].create({"name": "Other City"})
        row = self.journaled(letter(), company_id=other.id)
        url = row.action_download()["url"]
        self.env.flush_all()

        self.assertEqual(self.get(url).status_code, 404)
        archive = f"/mail_gateway/inbound/messages.zip?ids={row.id}"
        self.assertEqual(self.get(archive).status_code, 404)

    def test_who_is_no_operator_finds_nothing(self):
        row = self.journaled(letter())
        url = row.action_download()["url"]
        self.env.flush_all()

        self.assertEqual(self.get(url, login="clerk").status_code, 404)

    def test_who_is_not_logged_in_is_sent_to_the_login(self):
        answer = self.url_open(
            "/mail_gateway/inbound/1/message.eml", allow_redirects=False
        )

        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login", answer.headers["Location"])
