"""Rules decide what inbound mail becomes, on its whole way through Odoo."""

from unittest.mock import patch

from psycopg2.errors import ForeignKeyViolation
from rule_case import RuleCase, letter

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

LIGHTS = ("subject", "contains", "street light")
INBOUND = "odoo.addons.mail_gateway_plus.models.mail_gateway_rule_effects"


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

    # -------------------------------------------------------------------- references

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

    # -------------------------------------------------------------------- the trace

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

    # ------------------------------------------------------------------ what is refused

    def assertRefused(self, part, *args, **options):
        with self.assertRaisesRegex(ValidationError, part), self.env.cr.savepoint():
            self.rule("Wrong", *args, **options)

    def test_rule_that_cannot_work_is_refused(self):
        template = self.env["mail.template"].search([("model", "=", "res.partner")])
        partner = self.env.ref("base.partner_admin")
        create = {"action": "create"}
        self.assertRefused("record type", action="create", record_type=False)
        self.assertRefused("choose the record", action="attach")
        self.assertRefused("say why", action="ignore")
        self.assertRefused("which field", action="find")
        self.assertRefused(
            "Condition on “Size of the message”", ("size", "less", "big")
        )
        self.assertRefused("no regular expression", ("text", "regex", "("))
        self.assertRefused("no placeholder", values=[("subject", "{{ nothing }}")])
        self.assertRefused("no placeholder", values=[("subject", "{{ 7*7 }}")])
        self.assertRefused(
            "no placeholder",
            ("subject", "regex", "(?P<no>1)"),
            values=[("subject", "{{ group.other }}")],
        )
        self.assertRefused("is no value", values=[("priority", "enormous")])
        self.assertRefused("is no value", values=[("user_id", "Nobody At All")])
        self.assertRefused("another type", values=[("user_id", partner)])
        self.assertRefused("cannot set it", values=[("number", "1")])
        self.assertRefused("no address", forward_to="nobody")
        if template:
            self.assertRefused("another type", template_id=template[0].id, **create)

    def test_forwarding_to_a_mailbox_of_ours_is_refused(self):
        self.mailbox()
        self.assertRefused("read by Odoo itself", forward_to="grievances@city.example")

    @mute_logger("odoo.addons.mail_gateway_plus.models.mail_gateway_rule")
    def test_rule_whose_record_type_has_left_stops_no_mail(self):
        rule = self.rule("Old", action="create")
        self.env.cr.execute(
            "UPDATE mail_gateway_rule SET record_type = 'left.model' WHERE id = %s",
            [rule.id],
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()

        self.assertEqual(self.receive(letter()).state, "done")

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


@tagged("post_install", "-at_install")
class TestRuleMail(RuleCase):
    """What rules send: forwarded messages, and acknowledgements."""

    def setUp(self):
        super().setUp()
        self.mails = self.env["mail.mail"]

    def mails_to(self, address):
        return self.mails.search([("email_to", "=", address)])

    def test_message_is_forwarded_as_it_came(self):
        self.rule("Office", LIGHTS, forward_to="office@town.example, b@town.example")
        raw = letter()

        row = self.receive(raw)

        mail = self.mails_to("office@town.example")
        self.assertEqual(len(self.mails_to("b@town.example")), 1)
        self.assertEqual(mail.subject, "Fwd: Broken street light")
        self.assertIn("auto-generated", mail.headers)
        self.assertEqual(mail.attachment_ids.raw, raw)
        self.assertEqual(row.state, "done")
        self.assertIn("Forwarded to office@town.example", row.route_notes)

    def test_ignored_message_can_be_forwarded(self):
        self.rule(
            "Not ours",
            action="ignore",
            reason="The town's affair",
            forward_to="office@town.example",
        )

        self.assertEqual(self.receive(letter()).state, "ignored")
        self.assertTrue(self.mails_to("office@town.example"))

    def test_mail_of_machines_is_never_forwarded_or_answered(self):
        self.rule("Office", forward_to="office@town.example", **self.acknowledging())
        marks = (
            {"Auto_Submitted": "auto-replied"},
            {"Precedence": "bulk"},
            {"Return_Path": "<>"},
        )

        rows = self.receive(
            *[
                letter(str(n), f"<m{n}@home.example>", sender="m@home.example", **mark)
                for n, mark in enumerate(marks)
            ]
        )

        self.assertFalse(self.mails_to("office@town.example"))
        self.assertFalse(self.answers("m@home.example"))
        for row in rows.filtered(lambda row: row.state == "done"):
            self.assertIn("Not forwarded", row.route_notes)

    def test_sender_is_acknowledged_a_few_times_a_day(self):
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.acknowledgements_a_day", "2"
        )
        self.env["ir.config_parameter"].set_param("mail_gateway_plus.answer_limit", "9")
        self.rule("Thanks", **self.acknowledging())

        rows = self.receive(*[letter(str(n), f"<{n}@home.example>") for n in range(3)])

        [one, two] = self.answers("amina@home.example")
        self.assertEqual(one.subject, "Thank you")
        self.assertIn("auto-replied", one.headers)
        self.assertEqual(
            {one.references, two.references}, {"<0@home.example>", "<1@home.example>"}
        )
        self.assertEqual(
            rows.mapped("answered_to"), ["amina@home.example"] * 2 + [False]
        )
        self.assertIn("2 answers within a day", rows[-1].route_notes)

    def test_forged_sender_is_not_acknowledged(self):
        self.rule("Thanks", **self.acknowledging())
        examination = self.registry["mail.gateway.examination"]

        with patch.object(examination, "_is_forged", lambda self, trace: True):
            row = self.receive(letter())

        self.assertFalse(self.answers("amina@home.example"))
        self.assertIn("somebody else than amina@home.example", row.route_notes)

    @mute_logger(INBOUND, "odoo.addons.mail.models.mail_render_mixin")
    def test_template_that_fails_keeps_no_mail_from_becoming_a_record(self):
        acknowledging = self.acknowledging(body="<p t-out='object.nothing'/>")
        self.rule("Thanks", **acknowledging)

        row = self.receive(letter())

        self.assertEqual(row.state, "done")
        self.assertIn("the template fails", row.route_notes)

    def acknowledging(self, body="<p>Thank you.</p>"):
        template = self.env["mail.template"].create(
            {
                "name": "Thanks",
                "model_id": self.env["ir.model"]._get_id("grievance.ticket"),
                "subject": "Thank you",
                "body_html": body,
                "auto_delete": False,
            }
        )
        return {"record_type": "grievance.ticket", "template_id": template.id}

    def answers(self, address):
        return self.mails_to(address).filtered(lambda m: m.subject == "Thank you")
