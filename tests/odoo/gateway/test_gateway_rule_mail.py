"""Rules forward messages, and answer their senders."""

from unittest.mock import patch

from rule_case import RuleCase, letter

from odoo.tests import tagged
from odoo.tools import mute_logger

LIGHTS = ("subject", "contains", "street light")
INBOUND = "odoo.addons.mail_gateway_plus.models.mail_gateway_rule_effects"


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
