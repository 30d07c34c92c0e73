"""What becomes of replies to records that are closed, or merged into others."""

from datetime import timedelta
from unittest.mock import patch

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

    def test_reply_to_a_merged_record_goes_to_the_one_it_became(self):
        other = self.env["grievance.ticket"].create({"subject": "All lamps"})
        self.sent()
        ticket_class = self.registry["grievance.ticket"]

        def successor(ticket):
            return other if ticket == self.ticket else ticket.browse()

        with patch.object(ticket_class, "_mail_gateway_successor", successor):
            row = self.reply()

        self.assertCame(row, other)
        self.assertIn("merged", row.route_notes)

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

    def test_reply_to_a_record_that_was_merged_and_deleted_is_led_on(self):
        """As crm merges leads: messages go to the other one, the record is deleted."""
        other = self.env["grievance.ticket"].create(
            {"subject": "All lamps", "email_from": "amina@home.example"}
        )
        _mail, attempt = self.sent()
        for message in self.ticket.message_ids:
            message.write({"res_id": other.id})
        self.ticket.unlink()
        attempt.message_id = "<only.we.know@city.example>"

        row = self.reply(In_Reply_To="<only.we.know@city.example>")

        self.assertCame(row, other)
        self.assertIn("was merged into another one", row.route_notes)

    def test_reply_to_a_record_that_was_merged_and_archived_is_led_on(self):
        other = self.env["grievance.ticket"].create({"subject": "All lamps"})
        self.ticket.message_change_thread(other)
        self.sent()
        self.assertCame(self.reply(1))

        self.ticket.active = False

        self.assertCame(self.reply(2), other)

    def test_field_that_names_the_other_record_is_heeded(self):
        """Addons that merge records often have such a field, and leave the record."""
        other = self.env["grievance.ticket"].create({"subject": "All lamps"})
        self.ticket.original_ticket_id = other
        self.sent()
        module = "odoo.addons.mail_gateway_plus.models.mail_thread_closing"
        with patch(f"{module}.SUCCESSOR_FIELDS", ("user_id", "original_ticket_id")):
            self.assertCame(self.reply(), other)

    def test_merges_are_forgotten_with_the_journal(self):
        merges = self.env["mail.gateway.merge"].sudo()
        other = self.env["grievance.ticket"].create({"subject": "All lamps"})
        self.ticket.message_change_thread(other)
        row = merges.search([("res_id", "=", self.ticket.id)])
        merges._gc_old()
        self.assertTrue(row.exists())

        self.env.cr.execute(
            "UPDATE mail_gateway_merge SET create_date = create_date - %s",
            [timedelta(days=731)],
        )
        row.invalidate_recordset()
        merges._gc_old()

        self.assertFalse(row.exists())

    def test_message_that_was_moved_by_hand_is_no_merge(self):
        other = self.env["grievance.ticket"].create({"subject": "All lamps"})
        row = self.received(letter())
        record = self.env["grievance.ticket"].browse(row.res_id)
        self.assertFalse(row._move_by_order(other, "Moved by Olga"))
        record.active = False

        self.assertFalse(record._mail_gateway_successor())
