"""A reply to a record that was merged goes to what it became, if it may go there."""

from datetime import timedelta
from unittest.mock import patch

from gateway_case import letter
from machine_case import MachineCase

from odoo.fields import Command
from odoo.tests import tagged

CLOSING = "odoo.addons.mail_gateway_plus.models.mail_thread_closing"
ELSEWHERE = "<only.we.know@city.example>"


class MergeCase(MachineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tickets = cls.env["grievance.ticket"]
        cls.other = cls.tickets.create({"subject": "All lamps"})

    def merge(self, record=None, other=None):
        """Merge as addons do: all messages go, then the record is archived."""
        record = record or self.ticket
        record.message_change_thread(self.other if other is None else other)
        record.message_post(body="Merged.")
        record.active = False

    def sent_before(self):
        """Return a name that only an attempt knows, of a mail of the ticket."""
        _mail, attempt = self.sent()
        attempt.message_id = ELSEWHERE
        return ELSEWHERE

    def answered(self, number=1, **headers):
        headers.setdefault("In_Reply_To", ELSEWHERE)
        return self.received(letter("Re", f"<reply-{number}@x>", **headers))

    def named(self, **mailbox):
        """Receive a letter that names the ticket by its number only."""
        return self.received(letter(f"Re: [{self.ticket.number}] lamp"), **mailbox)


@tagged("post_install", "-at_install")
class TestMergedRecords(MergeCase):
    """What counts as merged."""

    def test_reply_to_a_record_that_was_merged_and_deleted_is_led_on(self):
        """As crm merges leads: messages go to the other one, the record is deleted."""
        self.other.email_from = "amina@home.example"
        self.sent_before()
        for message in self.ticket.message_ids:
            message.write({"res_id": self.other.id})
        self.ticket.unlink()

        row = self.answered()

        self.assertCame(row, self.other)
        self.assertIn("was merged into another one", row.route_notes)

    def test_reply_to_a_record_that_was_merged_and_archived_is_led_on(self):
        self.sent_before()
        self.ticket.message_change_thread(self.other)
        self.ticket.message_post(body="Merged.")
        self.assertCame(self.answered(1))

        self.ticket.message_ids.unlink()
        self.ticket.active = False

        row = self.answered(2)
        self.assertCame(row, self.other)
        self.assertIn("was merged into another one", row.route_notes)

    def test_record_on_which_people_went_on_writing_is_not_merged(self):
        self.sent_before()
        self.ticket.message_change_thread(self.other)
        self.ticket.message_post(
            body="We look into it.",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.ticket.active = False

        self.assertFalse(self.ticket._mail_gateway_successor())
        self.assertCame(self.answered())

    def test_one_message_that_somebody_moved_is_no_merge(self):
        """Whatever addon or script moved it."""
        self.sent_before()
        message = self.ticket.message_post(body="Of another lamp.")
        message.write({"res_id": self.other.id})
        self.ticket.active = False

        self.assertFalse(self.ticket._mail_gateway_successor())
        self.assertCame(self.answered())

    def test_nor_is_it_where_the_record_is_deleted_then(self):
        self.other.email_from = "amina@home.example"
        self.sent_before()
        message = self.ticket.message_post(body="Of another lamp.")
        message.write({"res_id": self.other.id})
        self.ticket.unlink()

        self.assertNotEqual(self.answered().res_id, self.other.id)

    def test_message_that_was_moved_by_our_button_is_no_merge(self):
        row = self.received(letter())
        record = self.tickets.browse(row.res_id)
        self.assertFalse(row._move_by_order(self.other, "Moved by Olga"))
        record.message_ids.unlink()
        record.active = False

        self.assertFalse(record._mail_gateway_successor())

    def test_what_one_person_was_told_does_not_hold_up_a_merge(self):
        self.sent_before()
        self.ticket.message_notify(
            partner_ids=self.partner.ids, body="Look.", subject="Look"
        )
        self.merge()

        self.assertCame(self.answered(), self.other)

    def test_field_that_names_the_other_record_is_heeded(self):
        """Addons that merge records often have such a field, and leave the record."""
        self.ticket.original_ticket_id = self.other
        self.sent_before()
        with patch(f"{CLOSING}.SUCCESSOR_FIELDS", ("user_id", "original_ticket_id")):
            row = self.answered()

        self.assertCame(row, self.other)
        self.assertIn("merged", row.route_notes)

    def test_merges_are_forgotten_with_the_journal(self):
        merges = self.env["mail.gateway.merge"].sudo()
        self.ticket.message_change_thread(self.other)
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


@tagged("post_install", "-at_install")
class TestReachOfMerges(MergeCase):
    """A merge opens no way that a letter would not have had itself."""

    def other_company(self):
        company = self.env["res.company"].create({"name": "Other City"})
        self.other.company_id = company
        return company

    def test_number_leads_on_to_what_its_record_was_merged_into(self):
        self.merge()

        row = self.named()

        self.assertCame(row, self.other)
        self.assertIn("was merged into another one", row.route_notes)

    def test_number_never_leads_into_a_sealed_record(self):
        self.other.sensitivity = "sensitive"
        self.merge()

        row = self.named()

        self.assertOpened(row)
        self.assertNotEqual(row.res_id, self.other.id)

    def test_nor_does_an_old_message_id_of_odoos(self):
        self.other.sensitivity = "sensitive"
        self.merge()
        name = f"<1.2-openerp-{self.ticket.id}-grievance.ticket@old-host>"

        row = self.answered(In_Reply_To=name)

        self.assertOpened(row)
        self.assertNotEqual(row.res_id, self.other.id)

    def test_nor_does_one_merge_more(self):
        last = self.tickets.create({"subject": "The town", "sensitivity": "sensitive"})
        self.merge()
        self.merge(self.other, last)

        row = self.named()

        self.assertOpened(row)
        self.assertNotIn(row.res_id, (self.other | last).ids)

    def test_reference_of_a_rule_never_does(self):
        self.other.sensitivity = "sensitive"
        self.merge()
        self.env["mail.gateway.rule"].create(
            {
                "name": "By number",
                "scope": "any",
                "record_type": "grievance.ticket",
                "action": "find",
                "find_field_id": self.env["ir.model.fields"]
                ._get("grievance.ticket", "number")
                .id,
                "find_value": "{{ group.no }}",
                "condition_ids": [
                    Command.create(
                        {
                            "aspect": "text",
                            "operator": "regex",
                            "value": r"(?P<no>GRV/\d+/\d+)",
                        }
                    )
                ],
            }
        )

        row = self.received(letter(body=f"About {self.ticket.number}.\n"))

        self.assertOpened(row)
        self.assertNotEqual(row.res_id, self.other.id)
        self.assertIn("nothing to do with", row.route_notes)

    def test_answer_to_our_letter_does(self):
        """Only who has the letter can answer it."""
        self.other.sensitivity = "sensitive"
        self.sent_before()
        self.merge()

        self.assertCame(self.answered(sender="Bo <bo@else.example>"), self.other)

    def test_number_leads_into_no_other_company(self):
        self.other_company()
        self.merge()

        row = self.named(company_id=self.env.company.id)

        self.assertOpened(row)
        self.assertNotEqual(row.res_id, self.other.id)
        self.assertIn("another company", row.route_notes)

    def test_nor_does_an_answer_which_stays_with_its_own_record(self):
        self.other_company()
        self.sent_before()
        self.merge()

        server = {"company_id": self.env.company.id}
        reply = letter("Re", "<1@x>", In_Reply_To=ELSEWHERE)
        row = self.received(reply, **server)

        self.assertCame(row)
        self.assertIn("another company", row.route_notes)

    def test_merge_within_another_company_is_followed(self):
        company = self.other_company()
        self.ticket.company_id = company
        self.sent()
        with patch(f"{CLOSING}.SUCCESSOR_FIELDS", ("original_ticket_id",)):
            self.ticket.original_ticket_id = self.other
            row = self.received(
                letter("Re", "<1@x>", In_Reply_To="<7.odoo@city.example>"),
                company_id=self.env.company.id,
            )

        self.assertCame(row, self.other)

    def test_number_leads_from_an_address_of_grievances_into_no_other_type(self):
        self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": self.domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        self.merge(other=self.partner)
        raw = letter(f"[{self.ticket.number}]").replace(
            b"grievances@city.example", f"grievances@{self.domain.name}".encode()
        )

        row = self.received(raw)

        self.assertOpened(row)
        self.assertEqual(row.res_model, "grievance.ticket")
