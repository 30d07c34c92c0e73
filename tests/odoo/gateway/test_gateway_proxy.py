"""A proxy is a connection setting: kept secret, proven anew, never gone past."""

from unittest.mock import patch

from gateway_case import GatewayCase, closed_port
from outgoing_case import OutgoingCase
from test_gateway_diagnosis import DiagnosisCase

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.protocols.proxy import (
    Proxy,
    ProxyFailed,
    ProxyType,
)
from odoo.addons.mail_gateway_plus.core.protocols.smtp import SmtpSession

from tests.rig.mail_proxy import MailProxy

PASSWORD = "proxy-secret-of-ours"
PROXY = {
    "proxy_type": "socks5",
    "proxy_host": "127.0.0.1",
    "proxy_port": 1080,
    "proxy_user": "odoo",
    "proxy_password": PASSWORD,
}


class ProxyCase(GatewayCase):
    def servers(self, **values):
        """Return a server of either kind with the same proxy."""
        values = {**PROXY, **values}
        return self.outgoing("Relay", 25, **values), self.mailbox(**values)


@tagged("post_install", "-at_install")
class TestProxySettings(ProxyCase):
    def test_both_kinds_of_server_are_reached_through_it(self):
        relay, mailbox = self.servers()

        expected = Proxy(ProxyType.SOCKS5, "127.0.0.1", 1080, "odoo", PASSWORD)
        self.assertEqual(relay._endpoint().proxy, expected)
        self.assertEqual(mailbox._endpoint().proxy, expected)

    def test_server_without_one_is_reached_directly(self):
        relay, mailbox = self.servers(proxy_type=False)

        self.assertIsNone(relay._endpoint().proxy)
        self.assertIsNone(mailbox._endpoint().proxy)

    def test_environment_names_it_and_its_password_is_not_stored(self):
        names = {
            "MAIL_GATEWAY_CITY_PROXY_TYPE": "http",
            "MAIL_GATEWAY_CITY_PROXY_HOST": "proxy.inside",
            "MAIL_GATEWAY_CITY_PROXY_PORT": "8080",
            "MAIL_GATEWAY_CITY_PROXY_USER": "odoo",
            "MAIL_GATEWAY_CITY_PROXY_PASSWORD": "from-outside",
        }
        for server in self.servers(proxy_type=False, proxy_password=False):
            with self.subTest(server._name), patch.dict("os.environ", names):
                server.environment_code = "CITY"

                self.assertEqual(
                    server._proxy(),
                    Proxy(ProxyType.HTTP, "proxy.inside", 8080, "odoo", "from-outside"),
                )
                self.assertFalse(server.proxy_password)
                server.environment_code = False

    def test_each_change_calls_for_a_new_test(self):
        changes = {
            "proxy_type": "http",
            "proxy_host": "other.example",
            "proxy_port": 1081,
            "proxy_user": "other",
            "proxy_password": "other",
        }
        for server in self.servers():
            for name, value in changes.items():
                with self.subTest(f"{server._name} {name}"):
                    server.state = "done"

                    server.write({name: value})

                    self.assertEqual(server.state, "draft")

    def test_place_of_the_proxy_has_to_be_complete(self):
        for values in ({"proxy_host": False}, {"proxy_port": 0}, {"proxy_port": 70000}):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.servers(**values)

    def test_usual_port_comes_with_the_kind_and_ones_own_stays(self):
        form = Form(self.env["ir.mail_server"])
        form.proxy_type = "socks5"
        self.assertEqual(form.proxy_port, 1080)
        form.proxy_type = "http"
        self.assertEqual(form.proxy_port, 3128)

        form.proxy_port = 8080
        form.proxy_type = "socks5"

        self.assertEqual(form.proxy_port, 8080)

    def test_password_is_for_administrators_only(self):
        operator = mail_new_test_user(
            self.env, "mgp-operator", groups="mail_gateway_plus.group_operator"
        )
        for server in self.servers():
            for name in ("proxy_user", "proxy_password"):
                with self.subTest(name), self.assertRaises(AccessError):
                    server.with_user(operator).read([name])

    def test_copy_has_no_password_and_is_not_confirmed(self):
        for server in self.servers():
            self.assertEqual(server.state, "done")

            copied = server.copy()

            self.assertFalse(copied.proxy_password)
            self.assertEqual(copied.state, "draft")

    def test_copy_of_a_server_whose_proxy_wants_no_password_is_as_before(self):
        relay, _mailbox = self.servers(proxy_password=False)

        self.assertEqual(relay.copy().state, "done")

    def test_connection_of_another_addon_is_not_made_past_the_proxy(self):
        relay, _mailbox = self.servers()

        def connect(server, *args, **kwargs):
            raise AssertionError("connected directly")

        with (
            patch.object(IrMail_Server, "_connect__", connect),
            self.really_sending(),
            self.assertRaisesRegex(UserError, "past the proxy"),
        ):
            self.env["ir.mail_server"]._connect__(mail_server_id=relay.id)

    def test_mailbox_of_another_addon_is_not_reached_past_the_proxy(self):
        _relay, mailbox = self.servers()
        Server = self.registry["fetchmail.server"]

        with (
            patch.object(Server, "_get_connection_type", return_value="foreign"),
            self.assertRaisesRegex(UserError, "past the proxy"),
        ):
            mailbox._connect__()

    def test_mailbox_is_not_read_past_the_proxy_once_the_addon_is_gone(self):
        from odoo.addons.mail_gateway_plus.hooks import uninstall_hook

        _relay, mailbox = self.servers()

        uninstall_hook(self.env)

        self.assertEqual(mailbox.state, "draft")


@tagged("post_install", "-at_install")
class TestSendingThroughProxy(OutgoingCase):
    def through(self, proxy, **values):
        return {**PROXY, "proxy_type": proxy._kind, "proxy_port": proxy.port, **values}

    def send(self):
        mail = self.mail()
        self.run_queue()
        return mail

    def test_mail_goes_out_through_it(self):
        for kind in ("socks5", "http"):
            sink, port = self.sink()
            with (
                self.subTest(kind),
                MailProxy(
                    kind, login=("odoo", PASSWORD), names={"mail.inside": port}
                ) as proxy,
            ):
                relay = self.outgoing(
                    "Relay", 25, smtp_host="mail.inside", **self.through(proxy)
                )

                mail = self.send()

                self.assertEqual(mail.state, "sent")
                self.assertEqual(sink.recipients, ["amina@home.example"])
                self.assertEqual(proxy.asked, [("mail.inside", 25)])
                relay.active = False

    def test_mail_goes_through_another_server_when_the_proxy_is_down(self):
        sink, port = self.sink()
        first = self.outgoing(
            "First", 25, sequence=1, **{**PROXY, "proxy_port": closed_port()}
        )
        self.outgoing("Second", port, sequence=2)

        with self.assertLogs(level="DEBUG") as logs:
            mail = self.send()

        self.assertEqual(mail.state, "sent")
        self.assertEqual(sink.recipients, ["amina@home.example"])
        [attempt] = self.attempts.search([("server_id", "=", first.id)])
        self.assertEqual(attempt.phase, "connect")
        self.assertEqual(first.breaker_cause, "Proxy gives no connection")
        self.assertNotIn(PASSWORD, f"{attempt.read()}{logs.output}")

    def test_refused_login_is_told_to_be_the_proxys(self):
        with MailProxy("http", login=("odoo", "another")) as proxy:
            relay = self.outgoing("Relay", 25, **self.through(proxy))
            with self.really_sending(), self.assertRaises(ProxyFailed) as caught:
                self.env["ir.mail_server"]._connect__(mail_server_id=relay.id)

        told = relay._explain(caught.exception)
        self.assertIn("The proxy does not accept", told)
        self.assertIn("407", told)
        self.assertNotIn(PASSWORD, told)


@tagged("post_install", "-at_install")
class TestDiagnosisThroughProxy(DiagnosisCase):
    def test_server_that_works_through_it_is_confirmed(self):
        _sink, port = self.sink()
        with MailProxy("http", login=("odoo", PASSWORD)) as proxy:
            server = self.outgoing(
                "Main",
                port,
                state="draft",
                **{**PROXY, "proxy_type": "http", "proxy_port": proxy.port},
            )
            diagnosis = self.diagnose(server)

        self.assertEqual((diagnosis.state, server.state), ("passed", "done"))
        lines = {line["name"]: line for line in diagnosis.ladder["lines"]}
        self.assertEqual(list(lines)[0], "proxy")
        self.assertEqual(lines["proxy"]["summary"], f"127.0.0.1:{proxy.port}")
        self.assertIn("same without the proxy", lines["direct"]["summary"])
        self.assertIn("curl -v --proxy http://", diagnosis.commands)

    def test_password_is_nowhere_in_what_is_kept(self):
        with MailProxy("socks5", login=("odoo", "another")) as proxy:
            server = self.outgoing("Main", 1, **{**PROXY, "proxy_port": proxy.port})
            diagnosis = self.diagnose(server)

        kept = f"{diagnosis.read()}{diagnosis.ladder}"
        self.assertEqual(diagnosis.state, "failed")
        self.assertIn("The proxy does not accept", kept)
        self.assertNotIn(PASSWORD, kept)

    def test_odoos_own_test_goes_through_it(self):
        _sink, port = self.sink()
        with MailProxy("socks5", names={"mail.inside": port}) as proxy:
            server = self.outgoing(
                "Main",
                25,
                smtp_host="mail.inside",
                from_filter="desk@city.example",
                **{**PROXY, "proxy_port": proxy.port, "proxy_user": False},
            )
            with self.really_sending():
                server.test_smtp_connection()

            self.assertEqual(proxy.asked, [("mail.inside", 25)])

    def test_session_is_smtplibs_own(self):
        _sink, port = self.sink()
        with MailProxy("socks5") as proxy:
            server = self.outgoing(
                "Main",
                port,
                **{**PROXY, "proxy_port": proxy.port, "proxy_user": False},
            )
            with self.really_sending():
                session = server._connect__(mail_server_id=server.id)
            self.assertIsInstance(session, SmtpSession)
            session.close()
