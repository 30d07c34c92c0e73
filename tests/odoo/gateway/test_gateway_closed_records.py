"""What becomes of replies to records that are closed."""

from datetime import timedelta

from gateway_case import letter
from machine_case import MachineCase

from odoo import fields
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestClosedRecords(MachineCase):
    def close(self):
        self.ticket.stage_id = self.env.ref("mail_gateway_plus_grievance.stage_closed")

    def reply(self, number=1, **headers):
        headers.setdefault("In_Reply_To", "<7.odoo@city.example>")
        return self.received(letter("Re", f"<reply-{number}@x>", **headers))

    def test_reply_reopens_a_grievance(self):
        self.sent()
        self.close()

        row = self.reply()

        self.assertCame(row)
        self.assertFalse(self.ticket.is_closed)
        self.assertTrue(row.has_reopened)
        self.assertIn("reopened by it", row.route_notes)

    def test_reply_leaves_closed_what_is_set_so(self):
        self.set_policy("keep")
        self.sent()
        self.close()

        self.assertCame(self.reply())
        self.assertTrue(self.ticket.is_closed)

    def test_reply_makes_a_new_record_linked_to_the_closed_one(self):
        self.set_policy("new")
        self.sent()
        self.close()

        row = self.reply()

        self.assertOpened(row)
        new = self.env["grievance.ticket"].browse(row.res_id)
        self.assertTrue(self.ticket.is_closed)
        self.assertIn("takes up", "".join(new.message_ids.mapped("body")))
        self.assertIn("became", self.notes()[0])

    def test_somebody_elses_reply_does_not_reopen(self):
        self.sent()
        self.close()

        row = self.reply(sender="x@else.example")

        self.assertCame(row)
        self.assertTrue(self.ticket.is_closed)
        self.assertIn("none of its correspondents", row.route_notes)

    def test_automatic_message_does_not_reopen(self):
        self.sent()
        self.close()

        self.reply(Auto_Submitted="auto-generated")

        self.assertTrue(self.ticket.is_closed)

    def test_L16_record_is_not_reopened_for_ever(self):
        self.sent()
        for number in range(5):
            self.close()
            row = self.reply(number)
            self.assertCame(row)

        self.assertTrue(self.ticket.is_closed)
        self.assertIn("reopened it 3 times", row.route_notes)

    def test_archived_record_of_any_type_is_closed_and_can_be_reopened(self):
        partner = self.partner
        self.assertFalse(partner._mail_gateway_is_closed())
        partner.active = False
        self.assertTrue(partner._mail_gateway_is_closed())

        partner._mail_gateway_reopen()

        self.assertTrue(partner.active)

    def set_policy(self, policy, **values):
        self.env["mail.gateway.closing"].create(
            {
                "model_id": self.env["ir.model"]._get_id("grievance.ticket"),
                "policy": policy,
                **values,
            }
        )

    def test_late_reply_makes_a_new_record_linked_to_the_closed_one(self):
        self.set_policy("keep", days=30)
        self.sent()
        self.close()
        self.assertCame(self.reply(1))

        for field in ("closed_at", "resolved_at", "date_closed"):
            if field in self.ticket._fields:
                self.ticket[field] = fields.Datetime.now() - timedelta(days=31)
        row = self.reply(2)

        self.assertOpened(row)
        self.assertTrue(self.ticket.is_closed)
        self.assertIn("a new one follows it up", row.route_notes)
