"""What a local MTA hands over by Odoo's script goes through the journal."""

from xmlrpc.client import Binary

from gateway_case import GatewayCase, letter

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import mail_new_test_user


@tagged("post_install", "-at_install")
class TestHandover(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "mail_gateway_plus.group_operator"
        cls.operator = mail_new_test_user(cls.env, "mta", groups=groups)

    def hand_over(self, raw, user=None):
        """Call what ``odoo-mailgate.py`` calls; return the new rows."""
        before = self.journal.search([])
        thread = self.env["mail.thread"].with_user(user or self.operator)
        thread.message_process(False, Binary(raw))
        return self.journal.search([]) - before

    def test_L17_message_is_written_down_whole(self):
        row = self.hand_over(letter("Dark street"))

        self.assertEqual((row.state, row.subject), ("pending", "Dark street"))
        self.assertEqual(row.server_name, "odoo-mailgate")
        self.assertEqual(
            self.env["mail.gateway.raw"]._read(row.id), letter("Dark street")
        )

    def test_L17_message_that_nobody_takes_is_quarantined_and_not_bounced(self):
        row = self.hand_over(letter())

        self.process()

        self.assertEqual(row.state, "quarantined")

    def test_L17_what_cannot_be_parsed_is_no_fault_for_the_script(self):
        rows = self.hand_over(b"\x00\xff no message at all")

        self.process()

        self.assertEqual(rows.state, "quarantined")

    def test_L17_message_for_an_alias_becomes_its_record(self):
        self.alias("grievances")
        row = self.hand_over(letter(Delivered_To=self.address))

        self.process()

        self.assertEqual(row.state, "done")
        self.assertEqual(row.res_model, "grievance.ticket")

    def test_message_that_is_handed_over_again_is_a_duplicate(self):
        self.alias("grievances")
        raw = letter(Delivered_To=self.address)
        first = self.hand_over(raw)
        self.process()

        second = self.hand_over(raw)
        self.process()

        self.assertEqual((first.state, second.state), ("done", "duplicate"))

    @mute_logger("odoo.addons.mail.models.mail_thread")
    def test_who_is_no_operator_hands_over_to_odoo_itself(self):
        clerk = mail_new_test_user(self.env, "clerk", groups="base.group_user")
        before = self.journal.search_count([])

        with self.assertRaisesRegex(ValueError, "No possible route"):
            self.hand_over(letter(), clerk)

        self.assertEqual(self.journal.search_count([]), before)

    def alias(self, name):
        domain = self.env["mail.alias.domain"].search([], limit=1)
        domain = domain or domain.create({"name": "city.example"})
        self.env["mail.alias"].create(
            {
                "alias_name": name,
                "alias_domain_id": domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        self.address = f"{name}@{domain.name}"
