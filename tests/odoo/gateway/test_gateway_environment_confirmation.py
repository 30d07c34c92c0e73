"""What the environment changes has to be proven anew, and what is wrong in it said."""

import json
from pathlib import Path

from environment_case import SECRET, EnvironmentCase

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestConfirmation(EnvironmentCase):
    def test_new_value_of_a_connection_setting_calls_for_a_new_test(self):
        for setting, value in {
            "HOST": "smtp.city.example",
            "PORT": "2525",
            "ENCRYPTION": "ssl_strict",
            "USER": "robot",
            "PASSWORD": SECRET,
        }.items():
            with self.subTest(setting):
                server = self.main()
                self.assertEqual(server.state, "done")

                self.name(**{setting: value})

                self.assertEqual(server.state, "draft")
                self.assertFalse(self.chosen())
                self.assertIn(f"MAIL_GATEWAY_MAIN_{setting}", server.environment_notice)
                self.name(**{setting: None})
                self.assertEqual(server.state, "done")
                server.unlink()

    def test_other_settings_call_for_none(self):
        server = self.main()

        self.name(SUBJECT_PREFIX="[City]", PRIORITY="3")

        self.assertEqual(server.state, "done")
        self.assertFalse(server.environment_notice)

    def test_confirmation_holds_for_the_environment_of_the_test(self):
        server = self.main(state="draft")
        self.name(PORT="2525", PASSWORD=SECRET)

        server.write({"state": "done"})
        self.restart()
        self.assertEqual(server.state, "done")

        self.name(PASSWORD="another")
        self.assertEqual(server.state, "draft")
        self.assertIn("MAIL_GATEWAY_MAIN_PASSWORD", server.environment_notice)
        self.assertNotIn("MAIL_GATEWAY_MAIN_PORT", server.environment_notice)

    def test_variable_that_is_gone_calls_for_a_new_test_too(self):
        server = self.main(state="draft")
        self.name(PORT="2525")
        server.write({"state": "done"})

        self.name(PORT=None)

        self.assertEqual(server.state, "draft")

    def test_file_whose_secret_was_changed_calls_for_a_new_test(self):
        path = self.secret_file()
        self.name(PASSWORD=f"file:{path}")
        server = self.main()
        self.assertEqual(server.state, "done")

        Path(path).write_text("another\n")
        self.restart()

        self.assertEqual(server.state, "draft")

    def test_stored_setting_that_changed_meanwhile_is_not_forgotten(self):
        server = self.main()
        self.name(PORT="2525")
        self.assertEqual(server.state, "draft")
        self.assertEqual(self.stored(server, "state"), "done")

        server.smtp_host = "other.example"

        self.assertEqual(self.stored(server, "state"), "draft")
        self.name(PORT=None)
        self.assertEqual(server.state, "draft")

    def test_confirmation_taken_back_meanwhile_is_not_forgotten(self):
        server = self.support()
        self.name("SUPPORT", PORT="993")
        server.set_draft()

        self.assertEqual(self.stored(server, "state"), "draft")
        self.name("SUPPORT", PORT=None)
        self.assertEqual(server.state, "draft")

    def test_code_that_brings_other_settings_calls_for_a_new_test(self):
        self.name(PORT="2525")
        server = self.outgoing("Main", 25)

        server.environment_code = "MAIN"
        self.assertEqual(server.state, "draft")

        server.write({"state": "done"})
        self.restart()
        server.environment_code = False
        self.assertEqual(server.state, "draft")

    def test_server_that_is_not_confirmed_is_not_made_so(self):
        server = self.main(state="draft")

        self.name(PORT="2525")

        self.assertEqual(server.state, "draft")
        self.assertFalse(server.environment_notice)

    def test_mail_does_not_go_to_the_command_lines_server_instead(self):
        self.main()
        self.name(PORT="2525")

        with self.assertRaisesRegex(UserError, "No outgoing mail server is confirmed"):
            self.env["ir.mail_server"]._check_command_line_is_meant()

    def test_test_that_passes_confirms_with_the_environments_settings(self):
        _sink, port = self.sink()
        self.env.user.email = "admin@city.example"
        server = self.main()
        self.name(PORT=str(port))
        self.assertEqual(server.state, "draft")

        with self.really_sending():
            server.action_test_and_confirm()
        self.restart()

        self.assertEqual(server.state, "done")
        self.assertEqual(self.stored(server, "smtp_port"), 25)

    def test_no_proof_tells_what_it_proves(self):
        server = self.main(state="draft")
        other = self.outgoing("Other", 25, environment_code="OTHER", state="draft")
        self.name(PASSWORD=SECRET)
        self.name("OTHER", PASSWORD=SECRET)

        (server | other).write({"state": "done"})

        proofs = [json.loads(s.environment_proof)["PASSWORD"] for s in (server, other)]
        self.assertNotIn(SECRET, repr(proofs))
        self.assertNotEqual(*proofs)


@tagged("post_install", "-at_install")
class TestProblems(EnvironmentCase):
    def test_wrong_value_puts_the_server_out_of_use_and_names_the_variable(self):
        server = self.main()

        self.name(PORT="abc")

        self.assertEqual(server.state, "draft")
        self.assertTrue(server.environment_has_problem)
        self.assertIn("MAIL_GATEWAY_MAIN_PORT", server.environment_notice)
        self.assertIn("abc", server.environment_notice)
        self.assertFalse(self.chosen())
        with self.assertRaisesRegex(UserError, "MAIL_GATEWAY_MAIN_PORT"):
            server.action_diagnose()

    def test_other_servers_go_on(self):
        self.main(sequence=1)
        other = self.outgoing("Other", 25, sequence=2)

        self.name(PORT="abc")

        self.assertEqual(self.chosen(), other)

    def test_server_that_was_chosen_by_hand_is_not_used_either(self):
        server = self.main()
        self.name(PORT="abc")

        with (
            self.really_sending(),
            self.assertRaisesRegex(UserError, "MAIL_GATEWAY_MAIN_PORT"),
        ):
            self.env["ir.mail_server"]._connect__(mail_server_id=server.id)

    def test_wrong_value_of_anything_counts(self):
        server = self.main()

        self.name(WHEN_SPENT="never")

        self.assertEqual(server.state, "draft")
        self.assertIn("next, wait", server.environment_notice)

    @mute_logger("odoo.addons.mail_gateway_plus.models.fetchmail_server_fetch")
    def test_mailbox_is_not_read_and_says_why_and_the_others_are(self):
        wrong = self.support()
        self.name("SUPPORT", PORT="abc")

        error = self.fetch(wrong)

        self.assertIn("MAIL_GATEWAY_SUPPORT_PORT", str(error))
        self.assertIn("MAIL_GATEWAY_SUPPORT_PORT", wrong.error_message)
        self.assertEqual(wrong.failure_count, 1)

    @mute_logger("odoo.addons.mail_gateway_plus.models.fetchmail_server_fetch")
    def test_mailbox_whose_environment_changed_says_so_instead_of_resting(self):
        server = self.support()
        self.name("SUPPORT", HOST="imap.city.example")

        self.fetch(server)

        self.assertIn("MAIL_GATEWAY_SUPPORT_HOST", server.error_message)
        self.assertIn("Test & Confirm", server.error_message)
