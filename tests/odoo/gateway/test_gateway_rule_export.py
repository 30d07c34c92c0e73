"""Rules leave as data records that load again; who reads and who writes them."""

from tempfile import NamedTemporaryFile

from rule_case import RuleCase, letter

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools.convert import convert_xml_import

WRITTEN = ("name", "scope", "match", "action", "record_type", "reason", "forward_to")
WRITTEN += ("find_value", "is_for_parties", "stops", "active", "note", "sentence")


@tagged("post_install", "-at_install")
class TestRuleExport(RuleCase):
    def setUp(self):
        super().setUp()
        mailbox = self.mailbox(name="City's “mailbox”")
        ticket = self.tickets.create({"subject": "All of them"})
        field = self.env["ir.model.fields"]._get("grievance.ticket", "number")
        tag = self.env["res.partner.category"].create({"name": "Bank & <Co>"})
        self.rule(
            'Invoices & "others"',
            ("sender", "ends", "@bank.example", True),
            ("subject", "regex", r"(?P<no>GRV/\d+)\s*<"),
            ("header", "greater", "5", False, "X-Spam-Score"),
            action="create",
            record_type="res.partner",
            values=[("name", "{{ group.no }}"), ("category_id", tag)],
            mailbox_ids=[(6, 0, mailbox.ids)],
            stops=True,
            note="Two\nlines",
        )
        self.rule("Same", action="attach", record=f"grievance.ticket,{ticket.id}")
        self.rule(
            "By number",
            ("subject", "regex", r"(?P<no>GRV/\d+/\d+)"),
            action="find",
            find_field_id=field.id,
            find_value="{{ group.no }}",
            scope="any",
        )
        self.rule("Adverts", action="ignore", reason="Ads", active=False)

    def test_exported_rules_load_again(self):
        rules = self.rules.with_context(active_test=False)
        before = rules.search([])
        told = [before_rule.read(WRITTEN)[0] for before_rule in before]
        mailboxes = before.mapped("mailbox_ids")
        data = before._export_data()
        before.unlink()

        with NamedTemporaryFile(suffix=".xml") as file:
            file.write(data)
            file.seek(0)
            convert_xml_import(self.env, "mail_gateway_plus", file, {}, mode="init")

        after = rules.search([])
        again = [after_rule.read(WRITTEN)[0] for after_rule in after]
        for record in told + again:
            del record["id"]
        self.assertEqual(again, told)
        self.assertEqual(after.mapped("mailbox_ids"), mailboxes)

    def test_export_is_the_same_each_time(self):
        rules = self.rules.search([])
        self.assertEqual(rules._export_data(), rules[::-1]._export_data())


@tagged("post_install", "-at_install")
class TestRuleAccess(RuleCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env, "olga", groups="mail_gateway_plus.group_operator"
        )
        self.ticket = self.tickets.create({"subject": "Sealed"})
        self.made = self.rule(
            "Lights",
            ("subject", "contains", "light"),
            values=[("priority", "2"), ("user_id", self.env.ref("base.user_admin"))],
        )

    def test_operators_read_rules_and_change_none(self):
        rule = self.made.with_user(self.operator)
        names = ("name", "sentence", "hit_count", "error_count", "condition_ids")
        self.assertIn("Priority: 2", rule.read(names)[0]["sentence"])
        for act in (
            lambda: rule.write({"name": "Mine"}),
            lambda: rule.condition_ids.write({"value": "x"}),
            lambda: rule.value_ids.unlink(),
            lambda: rule.copy(),
            lambda: rule.action_reset_counters(),
            lambda: rule.action_export(),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_operators_can_open_the_form(self):
        rule = self.made.with_user(self.operator)
        name = {"fields": {"display_name": {}}}
        lines = {"field_id": name, "kind": {}, "record": name, "template": {}}
        spec = {
            "condition_ids": {"fields": {"aspect": {}, "value": {}}},
            "value_ids": {"fields": {**lines, "related_model_id": name}},
            "find_field_id": name,
            "template_id": name,
            "record": name,
        }
        [read] = rule.web_read(spec)
        first, second = read["value_ids"]
        self.assertIn("Priority", first["field_id"]["display_name"])
        self.assertEqual(second["kind"], "many2one")
        views = rule.get_views([(False, "form"), (False, "list")])["views"]
        self.assertNotIn("mailbox_ids", views["form"]["arch"])
        self.assertNotIn("action_dry_run", views["list"]["arch"])

    def test_others_do_not_see_rules(self):
        other = new_test_user(self.env, "otto", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.made.with_user(other).read(["name"])

    def test_name_of_a_record_is_told_to_those_who_may_see_it(self):
        rule = self.rule(
            "S", action="attach", record=f"grievance.ticket,{self.ticket.id}"
        )
        self.assertIn("Sealed", rule.sentence)
        self.assertNotIn("Sealed", rule.with_user(self.operator).sentence)

    def test_rules_of_another_company_are_out_of_sight(self):
        company = self.env["res.company"].create({"name": "Other"})
        self.made.company_id = company
        rules = self.rules.with_user(self.operator)
        self.assertNotIn(self.made, rules.search([]))
        self.assertEqual(self.receive(letter("light")).rules_held, False)

    def test_operators_find_the_rules_in_the_menu(self):
        menu = self.env.ref("mail_gateway_plus.menu_incoming_rule")
        visible = self.env["ir.ui.menu"].with_user(self.operator)._visible_menu_ids()
        self.assertIn(menu.id, visible)

    def test_file_is_downloaded_by_administrators_only(self):
        url = self.made.action_export()["url"]
        self.env.ref("base.user_admin").password = "admin-password"
        self.authenticate("admin", "admin-password")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("mail_rule_1_lights", answer.text)

        self.authenticate("olga", "olga")
        self.assertEqual(self.url_open(url).status_code, 404)
