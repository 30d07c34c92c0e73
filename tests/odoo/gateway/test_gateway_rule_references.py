"""Rules add messages to the records that they name."""

from rule_case import RuleCase, letter

from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestRuleReferences(RuleCase):
    def test_message_is_added_to_the_record_that_it_names(self):
        ticket = self.tickets.create(
            {"subject": "Dark", "email_from": "amina@home.example"}
        )
        self.finding_rule()

        row = self.receive(letter(f"About {ticket.number}, please"))

        self.assertEqual(self.record_of(row), ticket)

    def test_stranger_who_names_a_record_is_not_let_in(self):
        ticket = self.tickets.create(
            {"subject": "Dark", "email_from": "bo@home.example"}
        )
        self.finding_rule()

        row = self.receive(letter(f"About {ticket.number}, please"))

        self.assertNotEqual(self.record_of(row), ticket)
        self.assertIn("nothing to do with", row.route_notes)

    def test_closed_record_that_is_named_is_opened_again(self):
        closing = self.env["grievance.stage"].search(
            [("is_closed", "=", True)], limit=1
        )
        ticket = self.tickets.create(
            {
                "subject": "Dark",
                "email_from": "amina@home.example",
                "stage_id": closing.id,
                "decision": self.tickets._fields["decision"].selection[0][0],
            }
        )
        self.finding_rule()

        row = self.receive(letter(f"About {ticket.number}, please"))

        self.assertEqual(self.record_of(row), ticket)
        self.assertFalse(ticket.is_closed)

    def test_reference_of_nothing_leads_nowhere(self):
        self.finding_rule()

        row = self.receive(letter("About GRV/1999/00001, please"))

        self.assertEqual(row.state, "done")

    def test_message_is_added_to_a_chosen_record_while_it_exists(self):
        ticket = self.tickets.create({"subject": "All of them"})
        self.rule("Same", action="attach", record=f"grievance.ticket,{ticket.id}")

        self.assertEqual(self.record_of(self.receive(letter())), ticket)

        ticket.unlink()
        row = self.receive(letter("Two", "<2@home.example>"))
        self.assertEqual(row.state, "done")
        self.assertIn("no record", row.route_notes)

    def finding_rule(self):
        field = self.env["ir.model.fields"]._get("grievance.ticket", "number")
        return self.rule(
            "By number",
            ("subject", "regex", r"(?P<no>GRV/\d+/\d+)"),
            action="find",
            find_field_id=field.id,
            find_value="{{ group.no }}",
        )
