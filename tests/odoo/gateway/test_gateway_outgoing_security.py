"""An outgoing server proves who it is, unless an administrator chose otherwise."""

import smtplib
import time
from dataclasses import astuple
from unittest.mock import patch

from gateway_case import GatewayCase

from odoo.tests import Form, tagged
from odoo.tools import config

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail_gateway_plus.core.protocols.endpoint import Security
from odoo.addons.mail_gateway_plus.core.protocols.smtp import SmtpSession
from odoo.addons.mail_gateway_plus.core.protocols.smtp_dial import SmtpDial

VERIFY_COMMAND_LINE = "mail_gateway_plus.verify_command_line_server"


class DialCase(GatewayCase):
    def dial(self, server=None, **options):
        """Return what there is to know of a server before it is reached."""
        servers = self.env["ir.mail_server"].with_context(mail_gateway_dial_only=True)
        with self.really_sending():
            return servers._connect__(
                mail_server_id=server and server.id, smtp_from="a@b.example", **options
            )

    def security_of(self, **options):
        endpoint = self.dial(**options).endpoint
        return endpoint.security, endpoint.verify


@tagged("post_install", "-at_install")
class TestOutgoingSecurity(DialCase):
    def test_S3_choice_of_the_administrator_is_kept(self):
        for encryption, expected in {
            "none": (Security.NONE, False),
            "starttls": (Security.STARTTLS, False),
            "starttls_strict": (Security.STARTTLS, True),
            "ssl": (Security.SSL, False),
            "ssl_strict": (Security.SSL, True),
        }.items():
            with self.subTest(encryption):
                server = self.outgoing("Relay", 2525, smtp_encryption=encryption)

                self.assertEqual(self.security_of(server=server), expected)

    def test_S3_strict_variant_of_a_direct_caller_is_strict(self):
        wanted = {"host": "relay.example", "encryption": "starttls_strict"}

        self.assertEqual(self.security_of(**wanted), (Security.STARTTLS, True))

    def test_S3_command_line_server_is_verified(self):
        with patch.dict(
            config.options, {"smtp_server": "relay.example", "smtp_ssl": True}
        ):
            self.assertEqual(self.security_of(), (Security.STARTTLS, True))

    def test_command_line_server_on_this_machine_needs_no_certificate(self):
        for host in ("localhost", "127.0.0.1", "::1"):
            with (
                self.subTest(host),
                patch.dict(config.options, {"smtp_server": host, "smtp_ssl": True}),
            ):
                self.assertEqual(self.security_of(), (Security.STARTTLS, False))

    def test_command_line_server_is_not_verified_where_that_was_turned_off(self):
        self.env["ir.config_parameter"].set_param(VERIFY_COMMAND_LINE, "False")
        with patch.dict(
            config.options, {"smtp_server": "relay.example", "smtp_ssl": True}
        ):
            self.assertEqual(self.security_of(), (Security.STARTTLS, False))

    def test_command_line_server_in_use_is_left_as_it_was_by_the_installation(self):
        from odoo.addons.mail_gateway_plus.hooks import post_init_hook

        options = {"smtp_server": "relay.example", "smtp_ssl": True}
        with patch.dict(config.options, options):
            post_init_hook(self.env)

            self.assertEqual(self.security_of(), (Security.STARTTLS, False))

    def test_screen_offers_verified_encryption(self):
        form = Form(self.env["ir.mail_server"])

        self.assertEqual(form.smtp_encryption, "starttls_strict")
        self.assertEqual(form.smtp_port, 587)
        self.assertFalse(form.setup_findings)

    def test_server_that_code_creates_is_as_in_stock_odoo(self):
        server = self.env["ir.mail_server"].create({"name": "x", "smtp_host": "x"})

        self.assertEqual((server.smtp_encryption, server.smtp_port), ("none", 25))

    def test_choosing_an_encryption_sets_its_port(self):
        form = Form(self.env["ir.mail_server"])
        for encryption, port in {
            "ssl_strict": 465,
            "none": 25,
            "starttls": 587,
            "ssl": 465,
            "starttls_strict": 587,
        }.items():
            form.smtp_encryption = encryption

            self.assertEqual(form.smtp_port, port, encryption)

    def test_choosing_an_encryption_keeps_a_port_of_ones_own(self):
        form = Form(self.env["ir.mail_server"])
        form.smtp_port = 2525

        form.smtp_encryption = "ssl_strict"

        self.assertEqual(form.smtp_port, 2525)


@tagged("post_install", "-at_install")
class TestOutgoingOauth(DialCase):
    def oauth_server(self, kind):
        field = {"gmail": "google_gmail", "outlook": "microsoft_outlook"}[kind]
        if f"{field}_access_token" not in self.env["ir.mail_server"]._fields:
            self.skipTest(f"{field} is not installed")
        return self.outgoing(
            kind,
            587,
            smtp_encryption="starttls",
            smtp_authentication=kind,
            smtp_user="jane@city.example",
            from_filter="jane@city.example",
            **{
                f"{field}_refresh_token": "refresh",
                f"{field}_access_token": "hidden-word",
                f"{field}_access_token_expiration": time.time() + 1_000_000,
            },
        )

    def test_S4_token_is_given_to_a_verified_server_only(self):
        for kind in ("gmail", "outlook"):
            with self.subTest(kind):
                server = self.oauth_server(kind)

                self.assertEqual(
                    self.security_of(server=server), (Security.STARTTLS, True)
                )
                self.assertNotIn("confidential", str(server.setup_findings))

    def test_login_of_the_oauth_addon_is_noted(self):
        for kind in ("gmail", "outlook"):
            with self.subTest(kind):
                (step,) = self.dial(self.oauth_server(kind)).steps

                self.assertEqual(step.method, "authenticate")
                self.assertEqual(step.arguments[0], "XOAUTH2")


@tagged("post_install", "-at_install")
class TestOutgoingDial(DialCase):
    def test_dial_needs_no_network(self):
        server = self.outgoing("Nowhere", 1, smtp_host="nowhere.invalid")

        self.assertIsInstance(self.dial(server), SmtpDial)

    def test_dial_knows_what_odoo_reads_from_a_session(self):
        server = self.outgoing("Relay", 25, from_filter="b.example")

        dial = self.dial(server)

        self.assertEqual(
            (dial.from_filter, dial.smtp_from), ("b.example", "a@b.example")
        )

    def test_domain_of_the_user_is_said_in_ascii(self):
        server = self.outgoing("Relay", 25, smtp_user="jane@städte.example")

        (step,) = self.dial(server).steps

        self.assertEqual(step.arguments[0], "jane@xn--stdte-hra.example")

    def test_login_hook_of_another_addon_is_called(self):
        def hook(server, connection, smtp_user, smtp_password):
            connection.login(smtp_user, f"{smtp_password}-of-{server.name}")

        server = self.outgoing("Relay", 25, smtp_user="jane", smtp_pass="word")
        with patch.object(self.registry["ir.mail_server"], "_smtp_login__", hook):
            (step,) = self.dial(server).steps

        self.assertEqual(step.arguments, ("jane", "word-of-Relay"))

    def test_login_hook_that_asks_the_server_gets_a_connection(self):
        asked = []

        def hook(server, connection, smtp_user, smtp_password):
            asked.append(connection.has_extn("size"))

        _sink, port = self.sink()
        server = self.outgoing("Relay", port, smtp_user="jane")
        with patch.object(self.registry["ir.mail_server"], "_smtp_login__", hook):
            session = self.dial(server)
            session.close()

        self.assertIsInstance(session, SmtpSession)
        self.assertEqual(asked, [True])

    def test_connection_of_another_addon_is_used_and_observed(self):
        _sink, port = self.sink()
        server = self.outgoing("Relay", port)

        def connect(server, *args, **kwargs):
            return smtplib.SMTP("127.0.0.1", port)

        with patch.object(IrMail_Server, "_connect__", connect):
            session = self.dial(server)

        self.assertIsInstance(session, SmtpSession)
        session.close()

    def test_session_of_a_waiting_caller_waits_no_longer_than_stock_odoo(self):
        _sink, port = self.sink()
        server = self.outgoing("Relay", port)
        with self.really_sending():
            session = server._connect__(mail_server_id=server.id)
        session.close()

        self.assertEqual(max(astuple(session.timeouts)), 60)
        with patch.dict(config.options, {"limit_time_real_cron": 0}):
            self.assertEqual(self.dial(server).timeouts.dot, 600)

    def test_session_does_not_outlive_the_worker(self):
        """Odoo kills a job after that time, and all mails that are on their way."""
        _sink, port = self.sink()
        server = self.outgoing("Relay", port)
        for limits in (
            {"limit_time_real_cron": 60},
            {"limit_time_real_cron": -1, "limit_time_real": 60},
        ):
            with self.subTest(limits), patch.dict(config.options, limits):
                self.assertLess(max(astuple(self.dial(server).timeouts)), 60)

    def test_unusable_certificate_is_told_before_the_network_is_touched(self):
        server = self.outgoing(
            "Relay",
            25,
            smtp_host="nowhere.invalid",
            smtp_encryption="ssl_strict",
            smtp_authentication="certificate",
            smtp_ssl_certificate=b"bm8=",
            smtp_ssl_private_key=b"bm8=",
        )

        with self.assertRaisesRegex(Exception, "cannot be used"):
            self.dial(server)
