"""Secrets that the environment names: used, and seen by nobody."""

from environment_case import SECRET, EnvironmentCase

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged


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
