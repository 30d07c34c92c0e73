"""A message tells which rules held and why, and a rule how often it did."""

from rule_case import RuleCase, letter

from odoo.tests import tagged

LIGHTS = ("subject", "contains", "street light")


@tagged("post_install", "-at_install")
class TestRuleTrace(RuleCase):
    def test_message_says_which_rules_held_and_why(self):
        self.rule("Bank", ("sender", "ends", "@bank.example"))
        self.rule("Lights", LIGHTS)

        row = self.receive(letter())

        told = [line for line in row.route_notes.splitlines() if "Rule" in line]
        self.assertEqual(
            told,
            [
                "Rule 1 “Bank” does not hold, as this fails: From ends with "
                "“@bank.example” (amina@home.example)",
                "Rule 2 “Lights” holds: Subject contains “street light” "
                "(Broken street light)",
            ],
        )

    def test_trace_of_many_rules_and_a_hostile_subject_is_bounded(self):
        for number in range(60):
            self.rule(f"Rule {number}" * 50, ("subject", "equal", "x" * 5000))

        row = self.receive(letter("y" * 900))

        self.assertLess(len(row.route_notes), 10_001)
        self.assertIn("more rules did not hold", row.route_notes)

    def test_bomb_costs_its_time_and_is_seen_on_message_and_rule(self):
        bomb = self.rule("Bomb", ("text", "regex", "(a+)+$"), action="park")
        self.rule("Lights", LIGHTS, values=[("priority", "2")])

        row = self.receive(letter(body="a" * 900 + "!\n"))

        self.assertEqual((row.state, self.record_of(row).priority), ("done", "2"))
        self.assertIn("took too long", row.route_notes)
        self.assertEqual((bomb.hit_count, bomb.error_count), (0, 1))
        self.assertTrue(bomb.last_error_at)

        bomb.action_reset_counters()
        self.assertEqual(bomb.error_count, 0)

    def test_hits_are_counted_and_summed_up(self):
        rule = self.rule("Lights", LIGHTS)
        gone = self.rule("Gone", LIGHTS)
        rows = self.receive(
            *[letter(message_id=f"<{n}@home.example>") for n in range(3)]
        )
        self.assertEqual(set(rows.mapped("rules_held")), {f",{rule.id},{gone.id},"})
        gone.unlink()

        hits = self.env["mail.gateway.rule.hit"]
        hits._gc_sum_up()

        self.assertEqual(len(hits.search([])), 1)
        self.assertEqual(rule.hit_count, 3)
        self.assertTrue(rule.last_hit_at)
        found = self.journal.search(rule.action_open_messages()["domain"])
        self.assertEqual(len(found), 3)

    def test_rule_in_words(self):
        rule = self.rule(
            "Invoices",
            ("sender", "ends", "@bank.example"),
            ("subject", "contains", "invoice", True),
            action="create",
            values=[("user_id", self.env.ref("base.user_admin")), ("priority", "2")],
            forward_to="office@town.example",
            stops=True,
        )

        self.assertEqual(
            rule.sentence,
            "From ends with “@bank.example” and Subject does not contain “invoice” → "
            "create Grievance Ticket; set Assigned to: Mitchell Admin, Priority: 2; "
            "forward to office@town.example; stop".replace(
                "Mitchell Admin", self.env.ref("base.user_admin").name
            ),
        )
