"""A dry run shows what rules would make of the mail that came, and makes nothing."""

from unittest.mock import patch

from rule_case import RuleCase, letter

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.mail_gateway_plus.wizards import mail_gateway_dry_run

COUNTED = ("mail.message", "mail.mail", "grievance.ticket", "res.partner")
COUNTED += ("mail.gateway.inbound", "mail.gateway.rule.hit", "ir.attachment")


@tagged("post_install", "-at_install")
class TestDryRun(RuleCase):
    def setUp(self):
        super().setUp()
        self.journal.search([]).unlink()
        self.mail = self.receive(
            letter("Broken street light", "<1@home.example>"),
            letter("Great offer", "<2@home.example>"),
            letter("Re", "<3@home.example>", In_Reply_To="<1@home.example>"),
        )

    def run_with(self, rule=None, **options):
        values = {"rule_id": rule.id if rule else False, **options}
        run = self.env["mail.gateway.dry.run"].create(values)
        run.action_run()
        return run

    def lines(self, run):
        return {line.inbound_id.subject: line for line in run.line_ids}

    def test_nothing_changes_without_rules(self):
        run = self.run_with()

        self.assertEqual((run.looked_at, run.changed, run.remaining), (3, 0, 0))
        self.assertFalse(run.shown_line_ids)
        run.action_toggle_all()
        self.assertEqual(len(run.shown_line_ids), 3)

    def test_archived_rule_is_tried_before_it_counts(self):
        rule = self.rule(
            "Adverts",
            ("subject", "contains", "offer"),
            action="ignore",
            reason="Advertising",
            active=False,
        )

        run = self.run_with(rule)

        self.assertEqual((run.looked_at, run.changed, run.held), (3, 1, 1))
        line = run.shown_line_ids
        self.assertEqual(line.inbound_id.subject, "Great offer")
        self.assertEqual((line.then, line.now), ("done", "ignored"))
        self.assertIn("Grievance Ticket", line.was)
        self.assertEqual(line.would_be, "Rule “Adverts”: Advertising")
        self.assertIn("holds: Subject contains “offer”", line.notes)
        self.assertEqual(line.rule_names, "Adverts")

    def draft(self, changes, rule=None, **options):
        """Return the run of a rule as it stands on the form."""
        action = self.env["mail.gateway.dry.run"].action_try_draft(
            rule.id if rule else False, changes
        )
        run = self.env["mail.gateway.dry.run"].browse(action["res_id"])
        run.write(options)
        run.action_run()
        return run

    def test_rule_that_was_never_saved_is_tried(self):
        condition = self.condition("subject", "contains", "offer")
        run = self.draft(
            {
                "name": "Adverts",
                "action": "ignore",
                "reason": "Advertising",
                "condition_ids": [[0, "virtual_1", condition]],
            }
        )

        self.assertEqual((run.looked_at, run.changed, run.held), (3, 1, 1))
        self.assertEqual(run.shown_line_ids.rule_names, "Adverts")
        self.assertEqual(run.shown_line_ids.now, "ignored")
        self.assertFalse(self.rules.with_context(active_test=False).search([]))

    def test_changes_that_are_not_saved_are_tried_and_taken_back(self):
        rule = self.rule("Adverts", ("subject", "contains", "offer"), action="park")
        change = {"value": "light"}
        changes = {"condition_ids": [[1, rule.condition_ids.id, change]]}

        run = self.draft(changes, rule, is_alone=True)

        self.assertTrue(run.is_draft)
        self.assertEqual(run.shown_line_ids.inbound_id.subject, "Broken street light")
        self.env.invalidate_all()
        self.assertEqual(rule.condition_ids.value, "offer")
        row = self.receive(letter("Offer", "<9@home.example>"))
        self.assertEqual(row.state, "quarantined")

    def test_unsaved_rule_that_cannot_work_says_so(self):
        with self.assertRaisesRegex(UserError, "say why"), self.env.cr.savepoint():
            self.draft({"name": "Adverts", "action": "ignore"})

    def test_another_record_type_and_another_record_are_differences(self):
        ticket = self.tickets.create({"subject": "All offers"})
        self.rule(
            "Offers",
            ("subject", "contains", "offer"),
            action="attach",
            record=f"grievance.ticket,{ticket.id}",
        )
        self.rule("Contacts", action="create", record_type="res.partner")

        lines = self.lines(self.run_with())

        self.assertEqual(lines["Broken street light"].would_be, "New: Contact")
        self.assertIn("All offers", lines["Great offer"].would_be)
        self.assertFalse(lines["Re"].is_changed)
        self.assertEqual(lines["Re"].now, "done")

    def test_nothing_comes_of_it(self):
        self.rule(
            "All",
            action="create",
            record_type="res.partner",
            forward_to="office@town.example",
            values=[("name", "{{ subject }}")],
        )
        before = {model: self.env[model].search_count([]) for model in COUNTED}

        run = self.run_with()

        self.assertEqual(run.changed, 2)
        self.assertIn("Forwarded to office@town.example", run.line_ids[-1].notes)
        after = {model: self.env[model].search_count([]) for model in COUNTED}
        self.assertEqual(after, before)
        self.assertEqual(set(self.mail.mapped("state")), {"done"})

    def test_parked_mail_is_counted(self):
        self.rule("All", action="park")

        run = self.run_with()

        # An answer meets no rule for new messages.
        self.assertEqual((run.parked, run.changed), (2, 2))

    def test_one_rule_alone(self):
        self.rule("All", sequence=1, action="park")
        rule = self.rule("Tag", sequence=2, values=[("priority", "1")])

        self.assertEqual(self.run_with(rule).held, 0)
        self.assertEqual(self.run_with(rule, is_alone=True).held, 2)

    def test_latest_messages_of_a_mailbox_first(self):
        other = self.mailbox(name="Other")

        self.assertEqual(self.run_with(limit=1).line_ids.inbound_id, self.mail[-1])
        self.assertEqual(self.run_with(server_id=other.id).looked_at, 0)
        with self.assertRaises(UserError):
            self.run_with(limit=1_000_000)

    def test_long_run_goes_on_where_it_was(self):
        with patch.object(mail_gateway_dry_run, "SECONDS", 0):
            run = self.run_with()
            self.assertEqual((run.looked_at, run.remaining), (1, 2))
            run.action_go_on()

        run.action_go_on()

        self.assertEqual((run.looked_at, run.remaining), (3, 0))
        self.assertEqual(len(run.line_ids), 3)

    def test_message_whose_content_is_gone_is_left_out(self):
        self.mail[0].has_raw = False

        self.assertEqual(self.run_with().looked_at, 2)

    def test_broken_message_is_mended_as_on_its_way_in(self):
        raw = letter("Torn", "<4@home.example>").replace(
            b"To: grievances@city.example",
            b"To: unlisted-recipients:; (no To-header on input)",
        )
        self.receive(raw)

        line = self.lines(self.run_with())["Torn"]

        self.assertEqual((line.now, line.is_changed), ("done", False))

    def test_only_administrators_try_rules(self):
        operator = new_test_user(
            self.env, "olga", groups="mail_gateway_plus.group_operator"
        )
        with self.assertRaises(AccessError):
            self.env["mail.gateway.dry.run"].with_user(operator).create({})
