"""While no mail goes out, whoever could mend it reads why and what that breaks."""

from unittest.mock import patch

from gateway_case import GatewayCase

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from odoo.addons.mail_gateway_plus.outage_texts import AFFECTED


@tagged("post_install", "-at_install")
class TestOutage(GatewayCase):
    def setUp(self):
        super().setUp()
        self.command_line("localhost")

    def command_line(self, server):
        patcher = patch.dict(config.options, {"smtp_server": server})
        patcher.start()
        self.addCleanup(patcher.stop)

    def outage(self, user=None):
        servers = self.env["ir.mail_server"]
        return (servers.with_user(user) if user else servers).get_mail_outage()

    def put_out_of_use(self, server, cause="login_refused"):
        self.env["mail.gateway.breaker"].create(
            {"server_id": server.id, "state": "open", "cause": cause}
        )

    def test_nothing_is_said_while_a_server_can_be_used(self):
        self.outgoing("Main", 25)
        self.outgoing("Second", 25, state="draft")

        self.assertEqual(self.outage(), {})

    def test_server_that_is_not_confirmed_is_named(self):
        server = self.outgoing("Main", 25, state="draft")

        outage = self.outage()

        self.assertIn("No outgoing mail server is confirmed", outage["reason"])
        self.assertEqual(
            outage["servers"],
            [{"id": server.id, "name": "Main", "why": "not confirmed"}],
        )
        self.assertTrue(outage["can_mend"])

    def test_servers_that_are_out_of_use_are_named_with_the_cause(self):
        server = self.outgoing("Main", 25)
        self.put_out_of_use(server)

        outage = self.outage()

        self.assertIn("out of use", outage["reason"])
        self.assertEqual(outage["servers"][0]["why"], server.breaker_cause)
        self.outgoing("Second", 25)
        self.assertEqual(self.outage(), {})

    def test_variable_that_is_wrong_is_named(self):
        variables = {"MAIL_GATEWAY_MAIN_PORT": "abc"}
        with patch.dict("os.environ", variables):
            self.outgoing("Main", 25, environment_code="MAIN")
            self.env.flush_all()
            self.env.invalidate_all()

            [server] = self.outage()["servers"]

        self.assertIn("MAIL_GATEWAY_MAIN_PORT", server["why"])

    def test_no_server_at_all_leads_to_setting_one_up(self):
        outage = self.outage()

        self.assertTrue(outage["is_new"])
        self.assertIn("No outgoing mail server is set up", outage["reason"])

    def test_command_lines_server_is_one_if_somebody_named_it(self):
        self.command_line("smtp.city.example")

        self.assertEqual(self.outage(), {})

    def test_localhost_is_one_if_it_lately_took_a_mail(self):
        self.attempts.sudo().create(
            {"outcome": "accepted", "phase": "accepted", "server_name": "localhost"}
        )

        self.assertEqual(self.outage(), {})

    def test_archived_and_personal_servers_do_not_count(self):
        self.outgoing("Old", 25, active=False)
        owner = new_test_user(self.env, "owner", email="owner@city.example")
        self.outgoing("Own", 25, owner_user_id=owner.id, from_filter=owner.email)

        self.assertTrue(self.outage()["is_new"])

    def test_list_of_what_breaks_fits_the_installed_addons(self):
        affected = self.outage()["affected"]

        texts = {name: str(text) for name, text in AFFECTED}
        self.assertIn(texts["auth_signup"], affected)
        self.assertIn(texts["mail_gateway_plus_grievance"], affected)
        self.assertNotIn(texts["point_of_sale"], affected)

    def test_waiting_mails_are_counted(self):
        before = self.outage()["waiting"]

        self.mail()

        self.assertEqual(self.outage()["waiting"], before + 1)

    def test_operator_reads_it_and_is_sent_to_an_administrator(self):
        self.outgoing("Main", 25, state="draft")
        operator = new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        outage = self.outage(operator)

        self.assertFalse(outage["can_mend"])
        self.assertEqual(outage["servers"][0]["name"], "Main")

    def test_nobody_else_reads_it(self):
        user = new_test_user(self.env, "someone", groups="base.group_user")

        with self.assertRaises(AccessError):
            self.outage(user)

    def test_neutralized_copy_is_meant_not_to_send_and_says_nothing(self):
        dummy = self.outgoing("neutralization - disable emails", 1025)
        dummy.flush_recordset()
        self.env.cr.execute(
            "UPDATE ir_mail_server SET state = NULL WHERE id = %s", [dummy.id]
        )
        dummy.invalidate_recordset()

        self.assertEqual(self.outage(), {})
