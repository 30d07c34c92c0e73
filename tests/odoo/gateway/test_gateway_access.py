"""Operators see and decide; they never see a credential or another company's mail."""

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user


@tagged("post_install", "-at_install")
class TestAccess(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = mail_new_test_user(
            cls.env, "operator", groups="mail_gateway_plus.group_operator"
        )
        cls.employee = mail_new_test_user(cls.env, "clerk", groups="base.group_user")

    def parked(self, **values):
        """Return a quarantined row."""
        server = self.mailbox(FourMethodConnection(letter()), object_id=False, **values)
        self.fetch(server)
        self.process()
        return self.rows(server)

    def test_administrator_is_an_operator(self):
        admin = self.env.ref("base.user_admin")

        self.assertTrue(admin.has_group("mail_gateway_plus.group_operator"))

    def test_operator_reads_the_journal(self):
        row = self.parked().with_user(self.operator)

        self.assertEqual(row.subject, "Broken street light")
        self.assertTrue(row.headers)

    def test_operator_discards(self):
        row = self.parked().with_user(self.operator)

        row.action_discard()

        self.assertEqual(row.state, "discarded")

    def test_operator_retries(self):
        row = self.parked()
        row.server_id.object_id = self.env["ir.model"]._get("grievance.ticket")

        row.with_user(self.operator).action_retry()

        self.assertEqual(row.state, "done")

    def test_operator_cannot_rewrite_the_journal(self):
        row = self.parked().with_user(self.operator)

        for change in (
            lambda: row.write({"state": "done"}),
            lambda: row.create({"subject": "forged"}),
            lambda: row.unlink(),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_operator_sees_no_server(self):
        server = self.mailbox().with_user(self.operator)

        for field in ("name", "password"):
            with self.assertRaises(AccessError):
                server.read([field])
        with self.assertRaises(AccessError):
            self.outgoing("Main", 25).with_user(self.operator).read(["name"])

    def test_operator_sees_no_traceback(self):
        row = self.parked().with_user(self.operator)

        with self.assertRaises(AccessError):
            row.read(["error_trace"])

    def test_employee_sees_nothing_of_the_gateway(self):
        row = self.parked().with_user(self.employee)

        for use in (
            lambda: row.read(["subject"]),
            lambda: row.action_retry(),
            lambda: row.action_discard(),
            lambda: self.attempts.with_user(self.employee).search([]),
        ):
            with self.assertRaises(AccessError):
                use()

    def test_message_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other City"})
        row = self.parked(company_id=other.id)

        found = self.journal.with_user(self.operator).search([("id", "=", row.id)])

        self.assertFalse(found)

    def test_folder_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other City"})
        ledgers = self.env["mail.gateway.folder"]
        foreign = ledgers._of(self.mailbox(company_id=other.id), "INBOX")
        common = ledgers._of(self.mailbox(), "INBOX")

        found = ledgers.with_user(self.operator).search([])

        self.assertIn(common, found)
        self.assertNotIn(foreign, found)

    def test_message_of_a_company_is_processed_in_its_name(self):
        other = self.env["res.company"].create({"name": "Other City"})
        server = self.mailbox(FourMethodConnection(letter()), company_id=other.id)

        self.fetch(server)
        self.process()

        row = self.rows(server)
        self.assertEqual(row.company_id, other)
        self.assertEqual(row._visible_record().company_id, other)

    def test_raw_bytes_are_out_of_reach_of_the_orm(self):
        raw = self.env["mail.gateway.raw"].with_user(self.env.ref("base.user_admin"))

        with self.assertRaises(AccessError):
            raw.check_access("read")
