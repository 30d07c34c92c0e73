"""Rules decide what inbound mail becomes, on its whole way through Odoo."""

from psycopg2.errors import ForeignKeyViolation
from rule_case import RuleCase, letter

from odoo.tests import tagged
from odoo.tools import mute_logger

LIGHTS = ("subject", "contains", "street light")


@tagged("post_install", "-at_install")
class TestRules(RuleCase):
    def test_rule_says_what_a_message_becomes(self):
        self.rule(
            "Contacts",
            LIGHTS,
            action="create",
            record_type="res.partner",
            values=[("name", "{{ sender_name }}"), ("comment", "<b>{{ subject }}</b>")],
        )

        row = self.receive(letter())

        partner = self.record_of(row)
        self.assertEqual((row.state, partner._name), ("done", "res.partner"))
        self.assertEqual(partner.name, "Amina")
        self.assertIn("&lt;b&gt;Broken street light", partner.comment)

    def test_values_of_every_kind(self):
        user = self.env.ref("base.user_admin")
        stage = self.env["grievance.stage"].search([], limit=2)[-1]
        self.rule(
            "Lights",
            ("subject", "regex", r"no\. (?P<no>\d+)"),
            values=[
                ("subject", "Light {{ group.no }}"),
                ("priority", "urgent"),
                ("user_id", user),
                ("stage_id", stage.name),
                ("received_at", "2026-01-02 03:04:05"),
            ],
        )

        ticket = self.record_of(self.receive(letter("Street light No. 4711")))

        self.assertEqual(ticket.subject, "Light 4711")
        self.assertEqual(ticket.priority, "2")
        self.assertEqual(ticket.user_id, user)
        self.assertEqual(ticket.stage_id, stage)
        self.assertEqual(str(ticket.received_at), "2026-01-02 03:04:05")

    def test_tags_of_all_rules_come_together(self):
        tags = self.env["res.partner.category"].create([{"name": "A"}, {"name": "B"}])
        for number, tag in enumerate(tags):
            self.rule(
                f"Tag {tag.name}",
                record_type="res.partner",
                values=[("category_id", tag.name if number else tag)],
            )
        self.rule("All", action="create", record_type="res.partner")

        partner = self.record_of(self.receive(letter()))

        self.assertEqual(partner.category_id, tags)

    def test_value_that_a_message_does_not_give_is_left_out_and_told(self):
        self.rule(
            "Lights",
            values=[("priority", "{{ subject }}"), ("user_id", "{{ sender }}")],
        )

        row = self.receive(letter())

        self.assertEqual(row.state, "done")
        self.assertIn("could not set “priority”", row.route_notes)
        self.assertIn("could not set “user_id”", row.route_notes)

    def test_rules_are_tried_in_order_until_one_stops(self):
        self.rule("Second", LIGHTS, sequence=2, values=[("priority", "1")], stops=True)
        self.rule("Never", LIGHTS, sequence=3, action="ignore", reason="Never")
        self.rule("First", LIGHTS, sequence=1, values=[("subject", "First")])

        row = self.receive(letter())

        ticket = self.record_of(row)
        self.assertEqual((ticket.subject, ticket.priority), ("First", "1"))
        self.assertNotIn("Never", row.route_notes)

    def test_parked_message_waits_for_a_person_whose_word_counts(self):
        rule = self.rule("Threats", LIGHTS, action="park", reason="Show it to Olga")

        row = self.receive(letter())

        self.assertEqual(row.state, "quarantined")
        self.assertEqual(row.reason, "Rule “Threats”: Show it to Olga")
        self.assertFalse(self.tickets.search([("subject", "=", "Broken street light")]))

        row._process_by_order(self.tickets, "Retried by Olga")

        self.assertEqual((row.state, row.res_model), ("done", "grievance.ticket"))
        self.assertEqual(rule.hit_count, 1)

    def test_ignored_message_says_why(self):
        self.rule("Adverts", LIGHTS, action="ignore", reason="Advertising")

        row = self.receive(letter())

        self.assertEqual(
            (row.state, row.reason), ("ignored", "Rule “Adverts”: Advertising")
        )
        self.assertTrue(row.has_raw)

    def test_rule_counts_more_than_an_alias(self):
        domain = self.env["mail.alias.domain"].create({"name": "city.example"})
        self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.rule("Lights", LIGHTS, action="create", record_type="grievance.ticket")

        rows = self.receive(letter(), letter("Else", "<2@home.example>"))

        self.assertEqual(rows.mapped("res_model"), ["grievance.ticket", "res.partner"])

    def test_answer_stays_with_its_record_unless_a_rule_for_answers_says_else(self):
        self.rule("New", action="create", record_type="res.partner")
        [first, answer] = self.receive(
            letter(),
            letter("Re", "<2@home.example>", In_Reply_To="<1@home.example>"),
        )
        self.assertEqual(self.record_of(answer), self.record_of(first))

        self.rule(
            "Answers",
            ("subject", "equal", "Re: stop"),
            scope="reply",
            action="create",
            record_type="grievance.ticket",
        )
        row = self.receive(
            letter("Re: stop", "<3@home.example>", In_Reply_To="<1@home.example>")
        )
        self.assertEqual(row.res_model, "grievance.ticket")

    def test_duplicate_meets_no_rule(self):
        rule = self.rule("All", LIGHTS)

        rows = self.receive(letter(), letter(X_Way="other"))

        self.assertEqual(rows.mapped("state"), ["done", "duplicate"])
        self.assertEqual(rule.hit_count, 1)

    def test_rule_for_one_mailbox(self):
        other = self.mailbox(name="Other")
        self.rule("Other's", action="park", mailbox_ids=[(6, 0, other.ids)])

        self.assertEqual(self.receive(letter()).state, "done")

        with (
            self.assertRaises(ForeignKeyViolation),
            self.env.cr.savepoint(),
            mute_logger("odoo.sql_db"),
        ):
            other.unlink()

    def test_company_of_the_record(self):
        company = self.env["res.company"].create({"name": "Waterworks"})
        self.rule(
            "Water",
            action="create",
            record_type="grievance.ticket",
            target_company_id=company.id,
        )

        ticket = self.record_of(self.receive(letter()))

        self.assertEqual(ticket.company_id, company)

    def test_who_the_sender_is(self):
        self.env["res.partner"].create({"name": "A", "email": "amina@home.example"})
        user = self.env.ref("base.user_admin")
        user.email = "admin@city.example"
        for who in ("user", "partner", "unknown"):
            self.rule(who, ("standing", "equal", who), values=[("subject", who)])

        rows = self.receive(
            letter("1", "<1@home.example>"),
            letter("2", "<2@home.example>", sender="admin@city.example"),
            letter("3", "<3@home.example>", sender="nobody@home.example"),
            sender_policy="odoo",
        )

        subjects = [self.record_of(row).subject for row in rows]
        self.assertEqual(subjects, ["partner", "user", "unknown"])

    def test_address_of_a_user_without_proof_is_that_of_a_stranger(self):
        self.env.ref("base.user_admin").email = "admin@city.example"
        self.rule("User", ("standing", "equal", "user"), values=[("priority", "2")])

        row = self.receive(letter(sender="admin@city.example"))

        self.assertEqual(self.record_of(row).priority, "0")
        self.assertIn("Sender known as is “user” (unknown)", row.route_notes)

    def test_verdict_on_the_sender(self):
        self.rule(
            "Proven", ("verdict", "equal", "verified"), values=[("priority", "2")]
        )
        self.rule("Not", ("verdict", "equal", "unverified"), values=[("priority", "1")])

        self.assertEqual(self.record_of(self.receive(letter())).priority, "1")

    def test_time_of_receipt_is_that_of_the_company(self):
        self.env.company.partner_id.tz = "Pacific/Auckland"
        self.rule("Sunday", ("weekday", "equal", "sun"), values=[("subject", "Sunday")])
        self.rule("Early", ("time", "less", "02:00"), values=[("priority", "2")])
        received = "from a by mx.city.example; Sat, 28 Nov 2026 12:30:00 +0000"

        ticket = self.record_of(self.receive(letter(Received=received)))

        self.assertEqual((ticket.subject, ticket.priority), ("Sunday", "2"))

    def test_changed_rule_holds_at_once(self):
        rule = self.rule("Lights", LIGHTS, values=[("priority", "1")])
        self.receive(letter())
        rule.value_ids.template = "2"
        rule.condition_ids.value = "dark"

        rows = self.receive(
            letter("Dark", "<2@home.example>"),
            letter("Street light", "<3@home.example>"),
        )

        priorities = [self.record_of(row).priority for row in rows]
        self.assertEqual(priorities, ["2", "0"])
