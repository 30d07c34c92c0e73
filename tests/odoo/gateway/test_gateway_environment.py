"""Settings of a server that the environment of Odoo's process names."""

import json
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from gateway_case import GatewayCase
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

SECRET = "s3cret-from-the-environment"


class EnvironmentCase(GatewayCase):
    def setUp(self):
        super().setUp()
        patcher = patch.dict(os.environ)
        patcher.start()
        self.addCleanup(patcher.stop)

    def name(self, code="MAIN", **variables):
        """Set variables of a code, as a restart of Odoo would."""
        for setting, value in variables.items():
            variable = f"MAIL_GATEWAY_{code}_{setting}"
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
        self.restart()

    def restart(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def secret_file(self, text=f"{SECRET}\n"):
        handle, path = tempfile.mkstemp()
        os.write(handle, text.encode())
        os.close(handle)
        self.addCleanup(lambda: Path(path).unlink(missing_ok=True))
        return path

    def main(self, **values):
        return self.outgoing("Main", 25, environment_code="MAIN", **values)

    def support(self, **values):
        return self.mailbox(environment_code="SUPPORT", **values)

    def stored(self, server, column):
        self.env.flush_all()
        self.env.cr.execute(
            f'SELECT "{column}" FROM "{server._table}" WHERE id = %s', [server.id]
        )
        return self.env.cr.fetchone()[0]

    def chosen(self):
        found, _from = self.env["ir.mail_server"]._find_mail_server("a@b.example")
        return found


@tagged("post_install", "-at_install")
class TestValues(EnvironmentCase):
    def test_environment_wins_over_what_is_stored_and_is_not_stored(self):
        server = self.main(smtp_user="stored")

        self.name(HOST="smtp.city.example", PORT="2525", USER="robot", DEBUG="true")

        self.assertEqual(
            (server.smtp_host, server.smtp_port, server.smtp_user, server.smtp_debug),
            ("smtp.city.example", 2525, "robot", True),
        )
        server.write({"name": "Renamed"})
        self.assertEqual(self.stored(server, "smtp_host"), "127.0.0.1")
        self.assertEqual(self.stored(server, "smtp_port"), 25)
        self.assertEqual(self.stored(server, "smtp_user"), "stored")

    def test_incoming_server_takes_its_settings_too(self):
        server = self.support()

        self.name(
            "SUPPORT",
            HOST="imap.city.example",
            ENCRYPTION="ssl",
            FOLDERS="Complaints",
            AFTER_FETCH="leave",
            READ_EVERY_MINUTES="5",
        )

        endpoint = server._endpoint()
        self.assertEqual(
            (endpoint.host, endpoint.security.value), ("imap.city.example", "ssl")
        )
        self.assertTrue(server.is_ssl)
        self.assertEqual(server._folder_names(), ["Complaints"])
        self.assertEqual(server._aftercare().action.value, "leave")
        self.assertEqual(server.poll_minutes, 5)

    def test_every_setting_has_a_field_that_is_stored(self):
        for model in ("ir.mail_server", "fetchmail.server"):
            servers = self.env[model]
            for setting, field in servers._environment_fields().items():
                with self.subTest(f"{model} {setting}"):
                    self.assertTrue(servers._fields[field].store)

    def test_values_are_shown_by_read_list_and_export(self):
        server = self.main()
        self.name(HOST="smtp.city.example")

        [read] = server.read(["smtp_host"])
        [listed] = self.env["ir.mail_server"].search_read(
            [("id", "=", server.id)], ["smtp_host"]
        )
        exported = server.export_data(["smtp_host"])["datas"]

        self.assertEqual(read["smtp_host"], "smtp.city.example")
        self.assertEqual(listed["smtp_host"], "smtp.city.example")
        self.assertEqual(exported, [["smtp.city.example"]])

    def test_priority_counts_when_a_server_is_chosen(self):
        self.outgoing("Other", 25, sequence=5)
        server = self.main(sequence=10)
        self.assertNotEqual(self.chosen(), server)

        self.name(PRIORITY="1")

        self.assertEqual(self.chosen(), server)

    def test_from_filter_counts_when_a_server_is_chosen(self):
        self.outgoing("Other", 25, sequence=5)
        server = self.main(sequence=10)

        self.name(FROM_FILTER="b.example")

        self.assertEqual(self.chosen(), server)

    def test_server_without_a_code_costs_no_query_more(self):
        servers = self.outgoing("One", 25) | self.outgoing("Two", 25)
        self.env.flush_all()
        servers.invalidate_recordset()

        with self.assertQueryCount(1):
            servers.mapped("smtp_host")

    def test_duplicate_has_neither_code_nor_values_of_the_environment(self):
        server = self.main()
        self.name(HOST="smtp.city.example")

        copy = server.copy()

        self.assertFalse(copy.environment_code)
        self.assertFalse(self.stored(copy, "smtp_host"))


@tagged("post_install", "-at_install")
class TestWriting(EnvironmentCase):
    def test_what_comes_from_the_environment_is_not_changed_here(self):
        server = self.main()
        self.name(HOST="smtp.city.example")

        with self.assertRaisesRegex(UserError, "comes from the environment"):
            server.smtp_host = "other.example"

        self.assertEqual(self.stored(server, "smtp_host"), "127.0.0.1")

    def test_writing_what_it_says_anyway_stores_nothing(self):
        server = self.main()
        self.name(HOST="smtp.city.example")

        server.write({"smtp_host": "smtp.city.example", "name": "Renamed"})

        self.assertEqual(server.name, "Renamed")
        self.assertEqual(self.stored(server, "smtp_host"), "127.0.0.1")

    def test_secret_of_the_environment_is_not_changed_here_either(self):
        server = self.main(smtp_user="robot", smtp_pass="stored")
        self.name(PASSWORD=SECRET)

        with self.assertRaisesRegex(UserError, "comes from the environment"):
            server.smtp_pass = "guess"

    def test_secret_that_is_stored_besides_can_be_removed(self):
        server = self.main(smtp_user="robot", smtp_pass="stored")
        self.name(PASSWORD=SECRET)

        server.smtp_pass = False

        self.assertFalse(self.stored(server, "smtp_pass"))
        self.assertEqual(server._own_login(), ("robot", SECRET))

    def test_form_shows_values_and_does_not_let_them_be_changed(self):
        server = self.main()
        self.name(HOST="smtp.city.example", PASSWORD=SECRET)

        form = Form(server)

        self.assertEqual(form.smtp_host, "smtp.city.example")
        with self.assertRaisesRegex(AssertionError, "readonly"):
            form.smtp_host = "other.example"
        form.name = "Renamed"
        form.save()
        self.assertEqual(self.stored(server, "smtp_host"), "127.0.0.1")

    def test_choice_that_sets_other_fields_is_saved_all_the_same(self):
        server = self.main()
        self.name(HOST="smtp.city.example", USER="robot")
        sendgrid = self.env["mail.gateway.preset"].search([("code", "=", "sendgrid")])

        form = Form(server)
        form.preset_id = sendgrid
        form.save()

        self.assertEqual(server.preset_id, sendgrid)
        self.assertEqual(server.smtp_user, "robot")
        self.assertEqual(self.stored(server, "smtp_host"), "127.0.0.1")
        self.assertFalse(self.stored(server, "smtp_user"))

    def test_incoming_form_wants_no_password_that_the_environment_has(self):
        server = self.support(state="draft")
        self.name("SUPPORT", PASSWORD=SECRET)
        server.password = False

        form = Form(server)
        form.name = "Renamed"
        form.save()

        self.assertEqual(server.name, "Renamed")

    def test_code_is_checked(self):
        for code in ("main", "1A", "A__B", "A-B", "A_"):
            with self.subTest(code), self.assertRaises(ValidationError):
                self.outgoing("Main", 25, environment_code=code)

    def test_code_belongs_to_one_server_of_both_kinds(self):
        self.main()

        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.outgoing("Second", 25, environment_code="MAIN")
        with self.assertRaisesRegex(ValidationError, "would mean both"):
            self.mailbox(environment_code="MAIN")

    def test_code_is_refused_whose_variables_are_those_of_another(self):
        # MAIL_GATEWAY_MAIN_FROM_NAME would be FROM_NAME of MAIN.
        self.main()

        self.outgoing("Second", 25, environment_code="MAIN_FROM")
        with self.assertRaisesRegex(ValidationError, "MAIL_GATEWAY_MAIN_LINK_SIZE_MB"):
            with patch.object(
                self.registry["fetchmail.server"],
                "_environment_fields",
                lambda server: {"SIZE_MB": "size_limit"},
            ):
                self.mailbox(environment_code="MAIN_LINK")


@tagged("post_install", "-at_install")
class TestSecrets(EnvironmentCase):
    def test_secret_is_used_at_the_login(self):
        server = self.main(smtp_user="robot", smtp_pass="stored")
        for secret in (SECRET, f"file:{self.secret_file()}"):
            with self.subTest(secret):
                self.name(PASSWORD=secret)

                self.assertEqual(server._own_login(), ("robot", SECRET))

    def test_secret_is_used_at_the_login_of_a_mailbox(self):
        for server_type in ("imap", "pop"):
            with self.subTest(server_type):
                server = self.support(server_type=server_type)
                self.name("SUPPORT", PASSWORD=SECRET)

                [step] = server._dial(server_type).steps

                self.assertEqual(step.arguments, ("grievances@city.example", SECRET))
                self.assertEqual(server.password, "secret")
                server.environment_code = False

    def test_file_that_is_gone_is_said_and_the_stored_secret_not_used(self):
        server = self.main(smtp_user="robot", smtp_pass="stored")
        self.name(PASSWORD="file:/run/secrets/gone")

        for use in (server._own_login, server.action_diagnose):
            with (
                self.subTest(use),
                self.assertRaisesRegex(
                    UserError, "MAIL_GATEWAY_MAIN_PASSWORD.*/run/secrets/gone"
                ),
            ):
                use()

    def test_incoming_file_that_is_gone_is_said_and_the_stored_secret_not_used(self):
        server = self.support()
        self.name("SUPPORT", PASSWORD="file:/run/secrets/gone")

        for use in (
            server.action_diagnose,
            server.button_confirm_login,
            lambda: server._connect__(allow_archived=True),
        ):
            with (
                self.subTest(use),
                self.assertRaisesRegex(
                    UserError, "MAIL_GATEWAY_SUPPORT_PASSWORD.*/run/secrets/gone"
                ),
            ):
                use()

    def test_secret_never_leaves_by_the_orm(self):
        servers = [self.main(smtp_user="robot"), self.support(password=False)]
        self.name(PASSWORD=SECRET, PRIVATE_KEY=SECRET, CERTIFICATE=SECRET)
        self.name("SUPPORT", PASSWORD=f"file:{self.secret_file()}")

        for server in servers:
            names = [name for name, field in server._fields.items() if name != "id"]
            exportable = [n for n in names if server._fields[n].exportable]
            told = [
                server.read(names),
                server.web_read({name: {} for name in names}),
                server.export_data(exportable)["datas"],
                server.copy_data(),
                Form(server)._values,
                server.onchange({}, [], {name: {} for name in names}),
                server.web_search_read(
                    [("id", "=", server.id)], {name: {} for name in names}
                ),
                server._tested_values(),
                repr(server._environment()),
            ]

            self.assertNotIn(SECRET, repr(told))

    def test_secret_is_no_answer_to_a_search(self):
        self.main(smtp_user="robot")
        self.name(PASSWORD=SECRET)
        servers = self.env["ir.mail_server"]

        self.assertFalse(servers.search([("smtp_pass", "like", "s3c")]))
        self.assertFalse(
            servers.search([]).filtered_domain([("smtp_pass", "!=", False)])
        )
        groups = servers._read_group([("smtp_host", "!=", False)], ["smtp_pass"])
        self.assertEqual(groups, [(False,)])

    def test_secret_is_nowhere_in_the_database(self):
        server = self.main(smtp_user="robot", state="draft")
        self.name(PASSWORD=SECRET)

        server.write({"state": "done"})
        self.env.flush_all()

        self.env.cr.execute("SELECT * FROM ir_mail_server WHERE id = %s", [server.id])
        self.assertNotIn(SECRET, repr(self.env.cr.fetchall()))

    def test_operator_sees_nothing_of_it(self):
        server = self.support()
        self.name("SUPPORT", PASSWORD=SECRET, HOST="imap.city.example")
        operator = new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        for name in ("environment_code", "environment_variables", "server", "password"):
            with self.subTest(name), self.assertRaises(AccessError):
                server.with_user(operator).read([name])

    def test_transcript_of_a_test_knows_what_to_hide(self):
        server = self.main(smtp_user="robot")
        self.name(PASSWORD=SECRET)

        self.env.user.email = "admin@city.example"
        target = server._diagnosis_target()

        self.assertIn(SECRET, target.secrets)
        self.assertNotIn(SECRET, repr(target.endpoint))

    def test_debug_log_is_off_while_it_would_show_the_secret(self):
        server = self.main(smtp_user="robot", smtp_debug=True)
        self.assertTrue(server._may_debug())

        self.name(PASSWORD=SECRET)

        self.assertFalse(server._may_debug())

    def test_certificate_comes_from_files_too(self):
        self.name(CERTIFICATE="PEM of the certificate", PRIVATE_KEY="PEM of the key")

        server = self.main(
            smtp_authentication="certificate", smtp_encryption="ssl_strict"
        )

        self.assertEqual(server._pem("CERTIFICATE"), b"PEM of the certificate")
        with self.assertRaisesRegex(UserError, "cannot be used"):
            server._own_context()


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


@tagged("post_install", "-at_install")
class TestVariables(EnvironmentCase):
    def test_form_lists_the_variables_and_never_a_secret(self):
        server = self.main()
        self.name(
            HOST="smtp.city.example", PASSWORD=SECRET, PORT="abc", PASSWROD="typo"
        )

        listed = server.environment_variables

        self.assertIn("MAIL_GATEWAY_MAIN_FROM_FILTER", listed)
        self.assertIn("smtp.city.example", listed)
        self.assertIn("is no number", listed)
        self.assertIn("MAIL_GATEWAY_MAIN_PASSWROD", listed)
        self.assertNotIn(SECRET, listed)
        self.assertNotIn("typo", listed)

    def test_variables_of_another_server_are_not_taken_for_misspelt(self):
        server = self.main()
        self.outgoing("Second", 25, environment_code="MAIN_2")
        self.name("MAIN_2", HOST="smtp.city.example")

        self.assertNotIn("MAIN_2", server.environment_variables)

    def test_template_has_what_is_set_and_leaves_secrets_to_files(self):
        server = self.main(smtp_user="robot", smtp_pass="stored")
        self.name(HOST="smtp.city.example")

        lines = server.environment_template.splitlines()

        self.assertIn("MAIL_GATEWAY_MAIN_HOST=smtp.city.example", lines)
        self.assertIn("MAIL_GATEWAY_MAIN_PORT=25", lines)
        self.assertIn("MAIL_GATEWAY_MAIN_USER=robot", lines)
        self.assertIn("# MAIL_GATEWAY_MAIN_REPLY_TO=", lines)
        self.assertIn(
            "MAIL_GATEWAY_MAIN_PASSWORD=file:/run/secrets/main_password", lines
        )
        self.assertNotIn("stored", server.environment_template)

    def test_server_without_a_code_has_none(self):
        server = self.outgoing("Main", 25)

        self.assertFalse(server.environment_variables)
        self.assertFalse(server.environment_template)
