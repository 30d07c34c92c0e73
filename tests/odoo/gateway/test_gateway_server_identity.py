"""A mail looks as the server that it goes out through wants it; none is left behind."""

from gateway_case import GatewayCase

from odoo.exceptions import UserError
from odoo.tests import tagged


class Session:
    """As much of a session as preparing a message needs."""

    def __init__(self, server):
        self.gateway_identity = server._identity()
        self.from_filter = server.from_filter
        self.smtp_from = False


@tagged("post_install", "-at_install")
class TestServerIdentity(GatewayCase):
    def setUp(self):
        super().setUp()
        self.servers = self.env["ir.mail_server"].with_context(
            domain_notifications_email="notifications@odoo.example",
            domain_bounce_address="bounce@odoo.example",
        )

    def prepared(self, server, email_from="odoo@city.example", subject="Hi", **values):
        message = self.servers._build_email__(
            email_from, ["amina@home.example"], subject, "Text", **values
        )
        envelope, _to, message = self.servers._prepare_email_message__(
            message, Session(server)
        )
        return envelope, message

    def test_server_without_identity_changes_nothing(self):
        _envelope, message = self.prepared(self.outgoing("Plain", 25))

        self.assertEqual(message["From"], "odoo@city.example")
        self.assertEqual(message["Reply-To"], "odoo@city.example")
        self.assertEqual(message["Subject"], "Hi")

    def test_address_without_a_name_gets_the_servers(self):
        server = self.outgoing("City", 25, from_name="City of Example")

        _envelope, bare = self.prepared(server)
        _envelope, named = self.prepared(server, '"Jane" <jane@city.example>')

        self.assertEqual(bare["From"], "City of Example <odoo@city.example>")
        self.assertIn("Jane", named["From"])

    def test_sender_that_the_server_may_not_send_for_becomes_the_servers(self):
        server = self.outgoing(
            "City", 25, from_filter="city.example", from_address="office@city.example"
        )

        envelope, message = self.prepared(server, '"Jane" <jane@home.example>')

        self.assertEqual(message["From"], "Jane <office@city.example>")
        self.assertEqual(envelope, "office@city.example")
        self.assertEqual(message["Reply-To"], "Jane <jane@home.example>")

    def test_sender_that_the_server_sends_for_stays(self):
        server = self.outgoing(
            "City", 25, from_filter="city.example", from_address="office@city.example"
        )

        _envelope, message = self.prepared(server, "jane@city.example")

        self.assertEqual(message["From"], "jane@city.example")

    def test_mail_without_a_sender_has_the_servers(self):
        server = self.outgoing("City", 25, from_address="office@city.example")

        _envelope, message = self.prepared(server, False)

        self.assertEqual(message["From"], "office@city.example")

    def test_answers_go_where_the_server_says_unless_the_mail_does(self):
        server = self.outgoing("City", 25, reply_to="office@city.example")

        _envelope, silent = self.prepared(server)
        _envelope, told = self.prepared(server, reply_to="case-1@city.example")

        self.assertEqual(silent["Reply-To"], "office@city.example")
        self.assertEqual(told["Reply-To"], "case-1@city.example")

    def test_subject_has_the_prefix_once(self):
        server = self.outgoing("City", 25, subject_prefix="[City]")
        for subject, expected in (
            ("Light", "[City] Light"),
            ("Re: [City] Light", "Re: [City] Light"),
            ("RE: [CITY] Light", "RE: [CITY] Light"),
        ):
            _envelope, message = self.prepared(server, subject=subject)
            self.assertEqual(message["Subject"], expected)

    def test_stand_in_gives_the_mail_its_own_identity(self):
        _sink, port = self.sink()
        server = self.outgoing("Backup", port, subject_prefix="[Backup]")
        with self.really_sending():
            session = self.servers._connect__(mail_server_id=server.id)
            self.addCleanup(session.quit)
        message = self.servers._build_email__("a@b.example", ["c@d.example"], "Hi", "")

        message = self.servers._prepare_email_message__(message, session)[2]

        self.assertEqual(message["Subject"], "[Backup] Hi")

    def test_servers_texts_stand_around_the_mails_once(self):
        server = self.outgoing(
            "City",
            25,
            text_before="<p>City of Example</p>",
            text_after="<p>Do not answer <script>x()</script>this address.</p>",
        )

        _envelope, message = self.prepared(server, subtype="html")
        self.servers._prepare_email_message__(message, Session(server))

        html = message.get_body(("html",)).get_content()
        self.assertRegex(html, r"(?s)^<p>City of Example</p>Text.*this address\.</p>$")
        self.assertNotIn("script", html)
        plain = message.get_body(("plain",)).get_content()
        self.assertEqual(plain.count("City of Example"), 1)
        self.assertEqual(plain.count("this address."), 1)

    def test_text_that_was_emptied_in_the_editor_is_none(self):
        server = self.outgoing("City", 25, text_after="<p><br></p>")

        _envelope, message = self.prepared(server)

        self.assertEqual(message.get_content().strip(), "Text")

    # ---------------------------------------------------------------- queued mails

    def queue(self):
        server = self.outgoing("Old", 25)
        return server, self.mail(mail_server_id=server.id)

    def test_O13_server_with_queued_mail_is_not_archived(self):
        server, _mail = self.queue()

        with self.assertRaisesRegex(UserError, "Mails that wait to go out"):
            server.action_archive()

    def test_O13_server_with_queued_mail_is_not_deleted(self):
        server, _mail = self.queue()

        with self.assertRaisesRegex(UserError, "Old cannot be deleted"):
            server.unlink()

    def test_server_whose_mails_are_sent_may_go(self):
        server, mail = self.queue()
        mail.state = "sent"

        server.action_archive()
        server.unlink()

        self.assertFalse(server.exists())

    def test_queued_mail_is_moved_to_another_server(self):
        server, mail = self.queue()
        target = self.outgoing("New", 25)
        wizard = self.env["mail.gateway.move.mails"].with_context(
            active_model="ir.mail_server", active_id=server.id
        )

        wizard.create({"target_id": target.id}).action_move()

        self.assertEqual(mail.mail_server_id, target)
        server.action_archive()
