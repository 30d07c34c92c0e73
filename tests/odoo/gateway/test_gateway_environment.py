"""Settings of a server that the environment of Odoo's process names."""

from unittest.mock import patch

from environment_case import SECRET, EnvironmentCase
from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger


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

    def test_every_setting_has_a_variable(self):
        rows = {"preset_id", "preset_region_id", "object_id", "company_id"}
        rows |= {"round_trip_mailbox_id", "owner_user_id"}
        searched = {"name", "active", "description", "egress_note", "priority"}
        searched |= {"round_trip_every", "round_trip_recipient", "environment_code"}
        long_texts = {"text_before", "text_after"}
        # Odoo's own: it is what connection_security says.
        others = {"is_ssl", "owner_limit_count", "owner_limit_time"}
        # Who may read what is not for whoever starts Odoo to say.
        others.add("is_sealed")
        left_out = rows | searched | long_texts | others
        for model in ("ir.mail_server", "fetchmail.server"):
            servers = self.env[model]
            settings = {
                name
                for name, field in servers._fields.items()
                if field.store
                and not (field.readonly or field.related)
                and field.type not in ("one2many", "many2many")
                and field._module in ("base", "mail", "mail_gateway_plus")
            }
            with self.subTest(model):
                variables = set(servers._environment_fields().values())
                self.assertEqual(settings - variables - left_out, set())

    def test_policies_of_a_mailbox_come_from_there_too(self):
        server = self.support(sender_policy="odoo")

        self.name(
            "SUPPORT", SENDER_POLICY="park", OWN_HOPS="2", BELIEVED_SERVERS="mx.example"
        )

        self.assertEqual(server._trust_settings().own_hops, 2)
        self.assertEqual(server.sender_policy, "park")
        self.name("SUPPORT", OWN_HOPS="-1")
        self.assertIn("MAIL_GATEWAY_SUPPORT_OWN_HOPS", server.environment_notice)

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
