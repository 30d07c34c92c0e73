"""An administrator chooses a provider, is warned of mistakes and puts them right.

Numbers of seeds are those of the feature list that users' manuals were read for.
"""

from gateway_case import GatewayCase

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.mail.tests.common import mail_new_test_user


class SetupCase(GatewayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.presets = cls.env["mail.gateway.preset"]

    def preset(self, code):
        return self.env.ref(f"mail_gateway_plus.preset_{code}")

    def outgoing_form(self):
        return Form(
            self.env["ir.mail_server"].with_context(mail_gateway_screen=True),
            view="base.ir_mail_server_form",
        )

    def incoming_form(self, record=None):
        return Form(
            record or self.env["fetchmail.server"],
            view="mail.view_email_server_form",
        )


@tagged("post_install", "-at_install")
class TestProviders(SetupCase):
    def test_seed_49_51_provider_fills_the_outgoing_server(self):
        form = self.outgoing_form()

        form.preset_id = self.preset("ovh")

        self.assertEqual(form.name, "OVHcloud MX Plan")
        self.assertEqual(form.smtp_host, "ssl0.ovh.net")
        self.assertEqual(form.smtp_port, 465)
        self.assertEqual(form.smtp_encryption, "ssl_strict")

    def test_seed_123_provider_fills_the_incoming_server(self):
        form = self.incoming_form()

        form.preset_id = self.preset("ovh")

        self.assertEqual(form.server, "ssl0.ovh.net")
        self.assertEqual(form.port, 993)
        self.assertEqual(form.connection_security, "ssl")
        self.assertEqual(form.server_type, "imap")

    def test_other_type_takes_the_providers_other_half(self):
        form = self.incoming_form()
        form.preset_id = self.preset("yahoo")

        form.server_type = "pop"

        self.assertEqual(form.server, "pop.mail.yahoo.com")
        self.assertEqual(form.port, 995)

    def test_seed_78_sendgrid_has_its_user_name_filled_in(self):
        form = self.outgoing_form()

        form.preset_id = self.preset("sendgrid")

        self.assertEqual(form.smtp_user, "apikey")

    def test_seed_79_region_is_part_of_the_host(self):
        form = self.outgoing_form()

        form.preset_id = self.preset("ses")
        first = form.smtp_host
        form.preset_region_id = self.env.ref(
            "mail_gateway_plus.preset_ses_eu_central_1"
        )

        self.assertEqual(first, "email-smtp.us-east-1.amazonaws.com")
        self.assertEqual(form.smtp_host, "email-smtp.eu-central-1.amazonaws.com")

    def test_region_without_a_name_is_a_region(self):
        form = self.outgoing_form()
        form.preset_id = self.preset("mailgun")
        self.assertEqual(form.smtp_host, "smtp.mailgun.org")

        form.preset_region_id = self.env.ref("mail_gateway_plus.preset_mailgun_eu")

        self.assertEqual(form.smtp_host, "smtp.eu.mailgun.org")

    def test_port_of_the_provider_outlives_its_encryption(self):
        form = self.outgoing_form()

        form.preset_id = self.preset("microsoft365_direct")

        self.assertEqual(
            (form.smtp_encryption, form.smtp_port), ("starttls_strict", 25)
        )

    def test_host_of_a_connector_is_named_after_the_domain(self):
        form = self.outgoing_form()
        form.from_filter = "city.example"

        form.preset_id = self.preset("microsoft365_direct")

        self.assertEqual(form.smtp_host, "city-example.mail.protection.outlook.com")

    def test_seed_47_oauth_is_chosen_where_passwords_are_on_their_way_out(self):
        form = self.outgoing_form()

        form.preset_id = self.preset("microsoft365")

        self.assertEqual(form.smtp_authentication, "outlook")
        self.assertEqual(form.smtp_port, 587)

    def test_seed_3_gmail_is_set_up_with_an_app_password_until_oauth_is_registered(
        self,
    ):
        form = self.outgoing_form()
        form.preset_id = self.preset("gmail")
        self.assertEqual(form.smtp_authentication, "login")
        self.assertEqual((form.smtp_encryption, form.smtp_port), ("ssl_strict", 465))

        self.env["ir.config_parameter"].set_param("google_gmail_client_id", "odoo")
        form = self.outgoing_form()
        form.preset_id = self.preset("gmail")

        self.assertEqual(form.smtp_authentication, "gmail")

    def quotas(self, server):
        rows = server.quota_ids
        return [(q.max_messages, q.max_recipients, q.window_unit) for q in rows]

    def test_providers_limits_become_quotas(self):
        form = self.outgoing_form()
        form.preset_id = self.preset("gmail")

        server = form.save()

        self.assertEqual(self.quotas(server), [(500, 0, "day")])

    def test_another_providers_limits_take_their_place(self):
        server = self.outgoing("Main", 25)
        for code in ("gmail", "google_workspace"):
            with Form(server, view="base.ir_mail_server_form") as form:
                form.preset_id = self.preset(code)

        self.assertEqual(self.quotas(server), [(2000, 10000, "day")])

    def test_limits_entered_by_hand_stay(self):
        server = self.outgoing("Main", 25)
        server.quota_ids = [Command.create({"max_messages": 7, "window_unit": "hour"})]

        with Form(server, view="base.ir_mail_server_form") as form:
            form.preset_id = self.preset("gmail")

        self.assertEqual(self.quotas(server), [(7, 0, "hour")])

    def test_no_more_sessions_than_the_provider_allows(self):
        preset = self.presets.create(
            {"name": "Own", "code": "own", "smtp_host": "relay.example"}
        )
        server = self.outgoing("Main", 25)

        for connections, sessions in ((0, 4), (2, 2)):
            preset.connections = connections
            with Form(server, view="base.ir_mail_server_form") as form:
                form.preset_id = self.presets
                form.preset_id = preset
            self.assertEqual(server.session_limit, sessions)

    def test_incoming_server_of_microsoft_is_read_by_oauth(self):
        form = self.incoming_form()

        form.preset_id = self.preset("microsoft365")

        self.assertEqual(form.server_type, "outlook")

    def test_seed_5_6_guide_says_what_to_do_first_and_what_goes_wrong(self):
        form = self.outgoing_form()

        form.preset_id = self.preset("google_relay")

        self.assertIn("203.0.113.15/32", form.preset_guide)
        self.assertIn("Mail relay denied", form.preset_guide)

    def test_seed_77_limits_are_told(self):
        self.assertIn("500 messages a day", str(self.preset("gmail")._guide()))

    def test_no_provider_says_nothing(self):
        form = self.outgoing_form()

        self.assertFalse(form.preset_guide)
        self.assertFalse(form.setup_findings)

    def test_every_provider_fills_both_forms(self):
        for preset in self.presets.search([]):
            with self.subTest(preset.code):
                outgoing, incoming = self.outgoing_form(), self.incoming_form()
                outgoing.preset_id = preset
                incoming.preset_id = preset
                self.assertNotIn("{", outgoing.smtp_host or "")
                self.assertNotIn("{", incoming.server or "")


@tagged("post_install", "-at_install")
class TestEncryptionAndPort(SetupCase):
    def test_seed_49_choosing_an_encryption_sets_its_port(self):
        form = self.outgoing_form()

        for encryption, port in (
            ("ssl_strict", 465),
            ("starttls_strict", 587),
            ("ssl", 465),
            ("starttls", 587),
            ("none", 25),
        ):
            form.smtp_encryption = encryption
            self.assertEqual(form.smtp_port, port, encryption)

    def test_port_of_ones_own_stays(self):
        form = self.outgoing_form()
        form.smtp_port = 2525

        form.smtp_encryption = "starttls_strict"

        self.assertEqual(form.smtp_port, 2525)

    def test_S9_object_does_not_reset_a_port_of_ones_own(self):
        form = self.incoming_form()
        form.port = 1993

        form.object_id = self.env["ir.model"]._get("grievance.ticket")

        self.assertEqual(form.port, 1993)

    def test_mailboxes_have_their_ports(self):
        form = self.incoming_form()

        for kind, security, port in (
            ("imap", "starttls", 143),
            ("imap", "ssl", 993),
            ("pop", "ssl", 995),
            ("pop", "starttls", 110),
        ):
            form.server_type = kind
            form.connection_security = security
            self.assertEqual(form.port, port, (kind, security))


@tagged("post_install", "-at_install")
class TestFindings(SetupCase):
    def relay(self, **values):
        return self.outgoing(
            "Relay",
            587,
            smtp_host="mail.city.example",
            smtp_encryption="ssl_strict",
            smtp_user="odoo@city.example",
            smtp_pass="secret",
            state="draft",
            **values,
        )

    def test_seed_50_mismatch_is_warned_of_and_put_right(self):
        server = self.relay()
        self.assertIn("port 587 expects the other kind", server.setup_findings)

        server.action_use_settings()

        self.assertEqual(
            (server.smtp_port, server.smtp_encryption), (465, "ssl_strict")
        )
        self.assertFalse(server.setup_findings)

    def test_warning_shows_before_the_server_is_saved(self):
        form = self.outgoing_form()
        form.smtp_host = "https://mail.city.example:465"

        self.assertIn("holds more than a name", form.setup_findings)

    def test_seed_4_app_password_loses_its_blanks(self):
        server = self.relay()
        server.write(
            {
                "smtp_host": "smtp.gmail.com",
                "smtp_port": 465,
                "smtp_pass": "abcd efgh ijkl mnop",
            }
        )
        self.assertNotIn("abcd", server.setup_findings)

        server.action_use_settings()

        self.assertEqual(server.smtp_pass, "abcdefghijklmnop")

    def test_remedy_calls_for_another_test(self):
        server = self.relay()
        server.write({"smtp_encryption": "ssl", "smtp_port": 465, "state": "done"})
        self.assertIn("not confidential", server.setup_findings)

        server.action_use_settings()

        self.assertEqual(server.smtp_encryption, "ssl_strict")
        self.assertEqual(server.state, "draft")

    def test_server_that_works_is_only_warned_of_what_lasts(self):
        server = self.relay()

        server.state = "done"

        self.assertFalse(server.setup_findings)

    def test_incoming_server_is_warned_of_and_put_right(self):
        server = self.mailbox(
            server="smtp.gmail.com", port=143, is_ssl=True, state="draft"
        )
        self.assertTrue(server.setup_has_errors)

        server.action_use_settings()

        self.assertEqual((server.server, server.port), ("imap.gmail.com", 993))

    def test_seed_99_relay_in_the_own_network_is_fine(self):
        server = self.outgoing("Relay", 25, state="draft")

        self.assertFalse(server.setup_findings)

    def test_typing_is_not_slowed_down(self):
        server = self.relay()
        self.env.flush_all()
        self.env.invalidate_all()

        # The server, the providers, their regions, the user; not one per provider.
        with self.assertQueryCount(12):
            server.read(["setup_findings"])

    def test_findings_are_not_for_everybody(self):
        server = self.relay()
        clerk = mail_new_test_user(self.env, "clerk", groups="base.group_user")

        with self.assertRaises(AccessError):
            server.with_user(clerk).read(["setup_findings"])


@tagged("post_install", "-at_install")
class TestOwnProviders(SetupCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = mail_new_test_user(cls.env, "chief", groups="base.group_system")

    def test_shipped_provider_is_not_changed_by_hand(self):
        shipped = self.preset("gmail").with_user(self.admin)

        for change in (
            lambda: shipped.write({"smtp_port": 1, "smtp_host": "evil.example"}),
            lambda: shipped.unlink(),
            lambda: shipped.region_ids.create({"preset_id": shipped.id, "name": "X"}),
        ):
            with self.assertRaises(AccessError):
                change()

    def test_duplicate_is_ones_own(self):
        own = self.preset("ses").with_user(self.admin).copy()

        own.write({"smtp_host": "mail.{region}.city.example"})

        self.assertFalse(own.is_shipped)
        self.assertEqual((own.name, own.code), ("Amazon SES (copy)", "ses_2"))
        self.assertEqual(len(own.region_ids), len(self.preset("ses").region_ids))

    def test_second_duplicate_has_a_code_of_its_own(self):
        first = self.preset("gmail").copy()

        self.assertNotEqual(self.preset("gmail").copy().code, first.code)

    def test_port_without_encryption_is_refused(self):
        for nonsense in ("465", "465/tls", "0/ssl", "ssl/465", "70000/ssl"):
            with self.assertRaises(ValidationError):
                self.presets.create(
                    {"name": "Own", "code": "own", "smtp_ways": nonsense}
                )

    def test_provider_that_servers_name_can_be_removed(self):
        own = self.presets.create({"name": "Own", "code": "own"})
        server = self.outgoing("Relay", 25, preset_id=own.id)

        own.unlink()

        self.assertFalse(server.preset_id)

    def test_operator_does_not_see_providers(self):
        operator = mail_new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        with self.assertRaises(AccessError):
            self.presets.with_user(operator).search([])
