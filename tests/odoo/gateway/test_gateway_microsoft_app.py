"""Logging in as an app of Microsoft 365: settings, secrecy, and no row is written."""

from unittest.mock import patch

from gateway_case import GatewayCase
from test_gateway_diagnosis import DiagnosisCase

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.oauth.registration import Cloud, Token
from odoo.addons.mail_gateway_plus.core.oauth.store import TokenSource
from odoo.addons.mail_gateway_plus.core.protocols.endpoint import Security

SECRET = "app-secret-of-ours"
APP = {
    "app_tenant": "city.example",
    "app_client_id": "11111111-2222-3333-4444-555555555555",
    "app_client_secret": SECRET,
}
OUTGOING = {
    "smtp_authentication": "microsoft_app",
    "smtp_encryption": "starttls_strict",
    "smtp_user": "desk@city.example",
    **APP,
}
INCOMING = {
    "server_type": "microsoft_app",
    "connection_security": "ssl",
    "user": "desk@city.example",
    "password": False,
    **APP,
}


class AppCase(GatewayCase):
    def relay(self, **values):
        return self.outgoing("Exchange", 587, **{**OUTGOING, **values})

    def box(self, **values):
        return self.mailbox(**{**INCOMING, **values})

    def both(self, **values):
        return self.relay(**values), self.box(**values)


@tagged("post_install", "-at_install")
class TestAppSettings(AppCase):
    def test_authentication_of_ours_survives_odoos_own_compute(self):
        relay = self.relay()

        self.assertIn("registered", relay.smtp_authentication_info)
        self.assertEqual(relay.smtp_authentication, "microsoft_app")

    def test_authentications_of_others_are_told_as_before(self):
        relay = self.relay()
        other = self.outgoing("Other", 25)

        (relay | other).invalidate_recordset()

        self.assertIn("username and password", other.smtp_authentication_info)
        self.assertEqual(other.smtp_authentication, "login")

    def test_choosing_it_fills_in_microsofts_servers(self):
        form = Form(self.env["ir.mail_server"])
        form.smtp_authentication = "microsoft_app"
        self.assertEqual(
            (form.smtp_host, form.smtp_port, form.smtp_encryption),
            ("smtp.office365.com", 587, "starttls_strict"),
        )

        form = Form(self.env["fetchmail.server"])
        form.server_type = "microsoft_app"

        self.assertEqual(
            (form.server, form.port, form.connection_security),
            ("outlook.office365.com", 993, "ssl"),
        )

    def test_guide_names_the_app_the_mailbox_and_the_right(self):
        for server, role in zip(
            self.both(), ("SMTP.SendAsApp", "IMAP.AccessAsApp"), strict=True
        ):
            with self.subTest(server._name):
                guide = str(server.app_guide)

                self.assertIn(role, guide)
                self.assertIn(f"-AppId {APP['app_client_id']} -ObjectId", guide)
                self.assertIn("Permission -Identity desk@city.example", guide)
                self.assertNotIn(SECRET, guide)

    def test_guide_follows_what_is_typed_in(self):
        form = Form(self.env["ir.mail_server"])
        form.smtp_authentication = "microsoft_app"
        self.assertIn("-AppId CLIENT_ID", str(form.app_guide))

        form.app_client_id = APP["app_client_id"]
        form.smtp_user = "other@city.example"

        self.assertIn(f"-AppId {APP['app_client_id']} -ObjectId", str(form.app_guide))
        self.assertIn("Identity other@city.example", str(form.app_guide))

    def test_what_was_typed_in_is_text_in_the_guide(self):
        relay = self.relay(app_client_id="<script>alert(1)</script>")

        self.assertNotIn("<script>", str(relay.app_guide))

    def test_what_is_missing_or_makes_no_sense_is_refused(self):
        for values in (
            {"app_tenant": False},
            {"app_tenant": "../common"},
            {"app_client_id": False},
        ):
            with self.subTest(values):
                with self.assertRaises(ValidationError):
                    self.relay(**values)
                with self.assertRaises(ValidationError):
                    self.box(**values)
        with self.assertRaises(ValidationError):
            self.relay(smtp_user=False)
        with self.assertRaises(ValidationError):
            self.box(user=False)

    def test_token_is_given_to_nobody_without_encryption(self):
        with self.assertRaises(ValidationError):
            self.relay(smtp_encryption="none")
        with self.assertRaises(ValidationError):
            self.box(connection_security="none")

    def test_token_is_given_to_a_verified_server_only(self):
        relay = self.relay(smtp_encryption="starttls")
        box = self.box(verify_certificate=False)

        self.assertEqual(
            (relay._endpoint().security, relay._endpoint().verify),
            (Security.STARTTLS, True),
        )
        self.assertTrue(box._endpoint().verify)

    def test_each_change_calls_for_a_new_test(self):
        changes = {
            "app_cloud": "china",
            "app_tenant": "other.example",
            "app_client_id": "other",
            "app_client_secret": "other",
        }
        for server in self.both():
            for name, value in changes.items():
                with self.subTest(f"{server._name} {name}"):
                    server.state = "done"

                    server.write({name: value})

                    self.assertEqual(server.state, "draft")

    def test_secret_is_for_administrators_only(self):
        operator = mail_new_test_user(
            self.env, "mgp-operator", groups="mail_gateway_plus.group_operator"
        )
        for server in self.both():
            with self.subTest(server._name), self.assertRaises(AccessError):
                server.with_user(operator).read(["app_client_secret"])

    def test_copy_has_no_secret_and_is_not_confirmed(self):
        for server in self.both():
            copied = server.copy()

            self.assertFalse(copied.app_client_secret)
            self.assertEqual(copied.state, "draft")


@tagged("post_install", "-at_install")
class TestAppLogin(AppCase):
    def dial(self, server):
        server = server.with_context(mail_gateway_dial_only=True)
        if server._name == "fetchmail.server":
            return server._connect__()
        with self.really_sending():
            return server._connect__(mail_server_id=server.id)

    def test_login_is_noted_without_a_token_and_without_a_network(self):
        with patch.object(TokenSource, "_request", side_effect=AssertionError):
            for server in self.both(app_cloud="us_government"):
                (step,) = self.dial(server).steps

                user, source = step.arguments
                self.assertEqual((step.method, user), ("app", "desk@city.example"))
                registration = source.registration
                self.assertEqual(registration.host, "login.microsoftonline.us")
                self.assertEqual(registration.cloud, Cloud.US_GOVERNMENT)
                self.assertEqual(registration.secret, SECRET)

    def test_both_servers_of_an_app_share_its_token(self):
        sources = [self.dial(server).steps[0].arguments[1] for server in self.both()]

        self.assertEqual(*sources)
        self.assertIs(*(source.store for source in sources))

    def test_X5_no_row_is_written_for_a_token(self):
        relay = self.relay()
        _user, source = self.dial(relay).steps[0].arguments
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self.env.cr.execute("SELECT xmin FROM ir_mail_server WHERE id = %s", [relay.id])
        version = self.env.cr.fetchone()

        with patch.object(
            TokenSource, "_request", lambda source: Token.of("hidden-word", 3600)
        ):
            source.new_token()

        self.env.flush_all()
        self.env.cr.execute("SELECT xmin FROM ir_mail_server WHERE id = %s", [relay.id])
        self.assertEqual(self.env.cr.fetchone(), version)
        self.assertEqual(self.env.cr.sql_log_count - before, 2)

    def test_environment_names_the_app_and_its_secret_is_not_stored(self):
        names = {
            "MAIL_GATEWAY_CITY_APP_TENANT": "other.example",
            "MAIL_GATEWAY_CITY_APP_CLIENT_SECRET": "from-outside",
        }
        for server in self.both(app_client_secret=False):
            with self.subTest(server._name), patch.dict("os.environ", names):
                server.environment_code = "CITY"
                server.state = "done"

                registration = self.dial(server).steps[0].arguments[1].registration

                self.assertEqual(registration.tenant, "other.example")
                self.assertEqual(registration.secret, "from-outside")
                self.assertFalse(server.app_client_secret)
                server.environment_code = False

    def test_missing_secret_is_told_before_anything_is_asked(self):
        for server in self.both(app_client_secret=False):
            with (
                self.subTest(server._name),
                self.assertRaisesRegex(UserError, "client secret"),
            ):
                self.dial(server)

    def test_place_of_the_login_service_is_a_test_s_to_change_only(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mail_gateway_plus.microsoft_login_host", "localhost:444")
        _user, source = self.dial(self.relay()).steps[0].arguments
        self.assertEqual(source.registration.host, "login.microsoftonline.com")

        parameters.set_param("mail_gateway_plus.discovery_allow_private", "True")

        _user, source = self.dial(self.relay()).steps[0].arguments
        self.assertEqual(source.registration.host, "localhost")
        self.assertEqual(
            source.registration.token_url,
            "https://localhost/city.example/oauth2/v2.0/token",
        )

    def test_password_login_is_as_before(self):
        relay = self.outgoing("Relay", 25, smtp_user="me", smtp_pass="word")

        (step,) = self.dial(relay).steps

        self.assertEqual((step.method, step.arguments), ("login", ("me", "word")))


@tagged("post_install", "-at_install")
class TestAppDiagnosis(DiagnosisCase):
    def test_test_is_planned_with_the_token_and_the_secret_hidden(self):
        relay = self.outgoing("Exchange", 587, **OUTGOING)

        target = relay._diagnosis_target()

        self.assertIn(SECRET, target.all_secrets)
        self.assertNotIn(SECRET, str(target))
        self.assertEqual(target.app_login.arguments[0], "desk@city.example")
