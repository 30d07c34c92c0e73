"""What administrators see and enter of the rules for servers' replies."""

from datetime import timedelta

from gateway_case import GatewayCase

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from odoo.addons.mail_gateway_plus.core.policy.replies import judge, read_reply
from odoo.addons.mail_gateway_plus.core.policy.reply_rules import (
    BUILT_IN_RULES,
    LAST_RULE,
)
from odoo.addons.mail_gateway_plus.core.policy.verdict import Cause
from odoo.addons.mail_gateway_plus.core.protocols.smtp import Phase
from odoo.addons.mail_gateway_plus.sending_advice import CAUSE_ADVICE, CAUSE_TITLE

GMAIL, MICROSOFT = "smtp.gmail.com", "smtp.office365.com"
SES = "email-smtp.eu-west-1.amazonaws.com"


@tagged("post_install", "-at_install")
class TestReplyRules(GatewayCase):
    def setUp(self):
        super().setUp()
        self.rules = self.env["mail.gateway.reply.rule"]

    def judged(self, reply, phase="rcpt", host=""):
        return judge(Phase(phase), read_reply(reply), self.rules._rules(), host=host)

    def rule(self, **values):
        return self.rules.create({"name": "Ours", "sequence": 1, **values})

    def test_replies_of_providers_are_known(self):
        for host, phase, reply, expected in (
            (GMAIL, "mail", "550 5.4.5 Daily limit", "quota rate sending_quota"),
            ("smtp-relay.gmail.com", "rcpt", "450 4.2.1 Peak", "quota rate rate_limit"),
            (MICROSOFT, "mail", "550 5.7.30 Basic", "permanent account login_refused"),
            (MICROSOFT, "auth", "535 5.7.139 No", "permanent account login_refused"),
            (MICROSOFT, "mail", "432 4.3.2 Many", "temporary rate session_limit"),
            (
                MICROSOFT,
                "dot",
                "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceeded",
                "quota rate sending_quota",
            ),
            (
                MICROSOFT,
                "dot",
                "554 5.2.2 STOREDRV.Submission.Exception:QuotaExceeded",
                "permanent account account_full",
            ),
            (
                MICROSOFT,
                "dot",
                "554 5.2.252 SendAsDenied; a@b not allowed",
                "permanent sender sender_refused",
            ),
            ("", "dot", "550 5.7.515 No", "permanent message not_authenticated"),
            (
                SES,
                "dot",
                "454 Daily message quota exceeded",
                "quota rate sending_quota",
            ),
            (SES, "dot", "554 Address not verified", "permanent sender sender_refused"),
        ):
            with self.subTest(host=host, reply=reply):
                verdict = self.judged(reply, phase, host)
                told = f"{verdict.kind.value} {verdict.scope.value} {verdict.cause}"
                self.assertEqual(told, expected)

    def test_own_rule_counts_from_the_moment_it_is_entered(self):
        self.assertEqual(self.judged("550 Nope").cause, "recipient_refused")

        rule = self.rule(code_from=550, text="^nope$", kind="quota", wait_minutes=7)
        verdict = self.judged("550 Nope")
        self.assertEqual((verdict.rule, verdict.wait), ("Ours", timedelta(minutes=7)))

        rule.text = "yes"
        self.assertEqual(self.judged("550 Nope").cause, "recipient_refused")

        rule.text = "nope"
        rule.active = False
        self.assertEqual(self.judged("550 Nope").cause, "recipient_refused")

    def test_first_rule_in_order_counts(self):
        self.rule(name="Second", sequence=2, code_from=550)
        self.rule(name="First", sequence=1, code_from=500, code_to=559)

        self.assertEqual(self.judged("550 Nope").rule, "First")

    def test_pattern_that_could_hang_a_worker_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "very long"):
            self.rule(text="(a+)+$")

    def test_what_is_no_pattern_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "no regular expression"):
            self.rule(text="(")

    def test_what_is_no_code_is_refused(self):
        for values in (
            {"enhanced_code": "5.1"},
            {"enhanced_code": "5.1.1, six"},
            {"code_from": 250},
            {"code_from": 550, "code_to": 450},
            {"code_to": 550},
            {"wait_minutes": -1},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.rule(**values)

    def test_pasted_reply_shows_what_is_made_of_it(self):
        test = self.env["mail.gateway.test.reply"].new(
            {"phase": "rcpt", "reply": "450 4.2.0 Greylisted for 300 seconds"}
        )

        self.assertEqual((test.kind, test.scope), ("temporary", "recipient"))
        self.assertEqual((test.rule, test.wait_minutes), ("Greylisted", 5))
        self.assertEqual(test.cause, "Asked to come back later")
        self.assertIn("tried again by itself", test.advice)

    def test_every_cause_has_a_title_and_advice(self):
        self.assertEqual(set(CAUSE_TITLE), set(Cause))
        self.assertEqual(set(CAUSE_ADVICE), set(Cause))

    def test_built_in_rules_are_seen_in_their_order(self):
        rules = self.env["mail.gateway.built.in.rule"].search([])

        self.assertEqual(
            rules.mapped("name"), [r.name for r in (*BUILT_IN_RULES, LAST_RULE)]
        )
        refused = rules.filtered(lambda rule: rule.name == "Login refused")
        self.assertEqual(
            (refused.phases, refused.codes, refused.kind, refused.scope, refused.cause),
            ("Login", "500–599", "permanent", "account", "login_refused"),
        )

    def test_built_in_rules_are_found_by_their_cause(self):
        rules = self.env["mail.gateway.built.in.rule"]

        groups = rules._read_group([("kind", "=", "quota")], ["cause"])

        self.assertIn(("sending_quota",), groups)

    def test_built_in_rules_are_for_administrators_to_read(self):
        operator = new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )
        rules = self.env["mail.gateway.built.in.rule"]

        with self.assertRaises(AccessError):
            rules.with_user(operator).search([])
        with self.assertRaises(AccessError):
            rules.with_user(self.env.ref("base.user_admin")).search([]).unlink()
