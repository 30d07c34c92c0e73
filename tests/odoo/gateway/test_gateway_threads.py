"""A message finds its record, says by what, and never by what anybody can write.

The tests are named after the defects of Odoo that they show to be gone.
"""

from unittest.mock import patch

from gateway_case import letter
from machine_case import MachineCase

from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.core.policy.directive import Directive

SES = (
    "<0100018b12345678-abcdef00-1111-2222-3333-444455556666-000000@email.amazonses.com>"
)
SES_NAME = SES[1:].partition("@")[0]


@tagged("post_install", "-at_install")
class TestThreads(MachineCase):
    def tagged_address(self):
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.reply_tags", "True"
        )
        alias = self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": self.domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        return self.ticket._mail_gateway_tagged(alias.alias_full_name)

    # ------------------------------------------------------------------- strong ones

    def test_reply_says_what_it_answers(self):
        self.sent()

        row = self.received(letter("Re", In_Reply_To="<7.odoo@city.example>"))

        self.assertCame(row)
        self.assertIn("It answers <7.odoo@city.example>", row.route_notes)
        self.assertFalse(row.has_opened)

    def test_new_message_says_what_makes_its_record(self):
        row = self.received(letter())

        self.assertIn("Its mailbox makes records", row.route_notes)

    def test_I3_reply_to_mail_that_was_deleted_comes_to_its_record(self):
        mail, _attempt = self.sent()
        mail.mail_message_id.unlink()
        self.assertFalse(mail.exists())

        row = self.received(letter("Re", In_Reply_To="<7.odoo@city.example>"))

        self.assertCame(row)
        self.assertIn("a mail that was sent for this record", row.route_notes)

    def test_I3_reply_to_an_id_that_the_provider_made_comes_to_its_record(self):
        self.sent(queue_id=SES_NAME)

        row = self.received(letter("Re", In_Reply_To=SES))

        self.assertCame(row)

    def test_I3_stock_odoo_makes_another_record(self):
        self.sent(queue_id=SES_NAME)
        process = self.env["mail.thread"].message_process

        record = process("grievance.ticket", letter("Re", In_Reply_To=SES))

        self.assertNotEqual(record, self.ticket.id)

    def test_I3_reply_without_any_id_is_found_by_the_address(self):
        address = self.tagged_address()
        raw = letter("New words", sender="else@home.example").replace(
            b"To: grievances@city.example", f"To: {address}".encode()
        )

        row = self.received(raw)

        self.assertCame(row)
        self.assertIn("names its record", row.route_notes)
        message = self.ticket.message_ids[0]
        self.assertNotIn("+r", message.incoming_email_to or "")

    def test_changed_tag_leads_nowhere(self):
        address = self.tagged_address()
        local, _at, domain = address.partition("@")
        head, _dash, signature = local.rpartition("-")
        changed = signature[::-1]
        raw = letter().replace(
            b"To: grievances@city.example", f"To: {head}-{changed}@{domain}".encode()
        )

        self.assertOpened(self.received(raw))

    def test_replies_go_to_the_tagged_address_where_that_is_wished(self):
        address = self.tagged_address()
        self.ticket.intake_address = f"grievances@{self.domain.name}"

        reply_to = self.ticket._notify_get_reply_to()[self.ticket.id]

        self.assertIn(address, reply_to)

    def test_signed_number_in_the_subject_leads_anybody_to_the_record(self):
        reference = self.ticket._mail_gateway_signed_reference()

        row = self.received(letter(f"About [{reference}]", sender="x@else.example"))

        self.assertCame(row)
        self.assertIn("signed", row.route_notes)

    def test_subjects_of_mail_name_the_record_signed_where_that_is_wished(self):
        mail, _attempt = self.sent()
        mail.state = "outgoing"
        plain = mail._prepare_outgoing_list()[0]["subject"]
        self.assertNotIn(self.ticket.number, plain or "")

        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mail_gateway_plus.subject_references", "True")
        subject = mail._prepare_outgoing_list()[0]["subject"]

        signed = self.ticket._mail_gateway_signed_reference()
        self.assertEqual(subject, f"{plain} [{signed}]")
        row = self.received(letter(subject, sender="Bo <bo@else.example>"))
        self.assertCame(row)

    def test_acknowledgement_names_the_record_signed(self):
        row = self.received(letter())
        ticket = self.env["grievance.ticket"].browse(row.res_id)
        of_ticket = [("model", "=", ticket._name), ("res_id", "=", ticket.id)]
        mail = self.env["mail.mail"].search(of_ticket, limit=1)
        self.assertIn(ticket._mail_gateway_signed_reference(), mail.subject)

        raw = letter(f"Fwd: {mail.subject}", "<2@x>", sender="Bo <bo@else.example>")

        self.assertCame(self.received(raw), ticket)

    def test_mail_about_nothing_that_has_a_number_keeps_its_subject(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mail_gateway_plus.subject_references", "True")
        for values in ({}, {"model": "res.partner", "res_id": self.partner.id}):
            subject = self.mail(**values)._prepare_outgoing_list()[0]["subject"]
            self.assertEqual(subject, "Your grievance")

    # --------------------------------------------------------------------- weak ones

    def test_I3_number_in_the_subject_counts_from_the_complainant(self):
        row = self.received(letter(f"Re: [{self.ticket.number}] lamp"))

        self.assertCame(row)
        self.assertIn(self.ticket.number, row.route_notes)

    def test_number_in_the_subject_does_not_count_from_somebody_else(self):
        row = self.received(
            letter(f"Re: [{self.ticket.number}] lamp", sender="x@else.example")
        )

        self.assertOpened(row)

    def test_number_does_not_count_from_a_forged_sender(self):
        examination = self.registry["mail.gateway.examination"]

        with patch.object(examination, "_is_forged", lambda *args: True):
            row = self.received(letter(f"Re: [{self.ticket.number}] lamp"))

        self.assertOpened(row)

    def test_number_never_leads_to_a_sealed_record(self):
        ticket_class = self.registry["grievance.ticket"]

        with patch.object(ticket_class, "_mail_gateway_is_sealed", lambda ticket: True):
            row = self.received(letter(f"Re: [{self.ticket.number}] lamp"))

        self.assertOpened(row)

    def test_nothing_leads_into_another_company(self):
        other = self.env["res.company"].create({"name": "Other City"})
        reference = self.ticket._mail_gateway_signed_reference()

        for subject in (self.ticket.number, reference):
            row = self.received(
                letter(f"[{subject}]", f"<{subject}@x>"), company_id=other.id
            )

            self.assertOpened(row)
            self.assertIn("another company", row.route_notes)

    def test_number_does_not_count_at_another_types_alias(self):
        self.env["mail.alias"].create(
            {
                "alias_name": "partners",
                "alias_domain_id": self.domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        raw = letter(f"[{self.ticket.number}]").replace(
            b"grievances@city.example", f"partners@{self.domain.name}".encode()
        )

        row = self.received(raw)

        self.assertEqual(row.res_model, "res.partner")

    def test_old_message_id_of_odoo_counts_from_the_complainant(self):
        name = f"<1.2-openerp-{self.ticket.id}-grievance.ticket@old-host>"

        self.assertCame(self.received(letter("Re", In_Reply_To=name)))
        other = letter("Re", "<2@x>", sender="x@else.example", In_Reply_To=name)
        self.assertOpened(self.received(other))

    def test_rule_that_directs_a_message_says_so_itself(self):
        examination = self.registry["mail.gateway.examination"]

        def direct(station, trace, message, message_dict):
            trace.directive = Directive("grievance.ticket", self.ticket.id)
            trace.notes.append("A rule.")

        with patch.object(examination, "_limit", direct):
            row = self.received(letter())

        self.assertCame(row)
        self.assertEqual(row.route_notes, "A rule.")
