"""A rule that cannot work is refused, or does no harm."""

from rule_case import RuleCase, letter

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestRuleMistakes(RuleCase):
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
