"""Only proven servers are used by themselves; a change calls for a new proof."""

from gateway_case import GatewayCase, closed_port

from odoo.exceptions import UserError
from odoo.tests import Form, tagged


@tagged("post_install", "-at_install")
class TestOutgoingConfirmation(GatewayCase):
    def test_server_that_code_creates_is_confirmed(self):
        self.assertEqual(self.outgoing("Main", 25).state, "done")

    def test_server_that_a_person_enters_is_not_confirmed(self):
        form = Form(self.env["ir.mail_server"])
        form.name = "Main"
        form.smtp_host = "smtp.example"

        server = form.save()

        self.assertEqual(server.state, "draft")

    def test_change_of_a_connection_setting_takes_the_confirmation_back(self):
        for field, value in {
            "smtp_host": "other.example",
            "smtp_port": 587,
            "smtp_encryption": "starttls_strict",
            "smtp_user": "somebody",
            "smtp_pass": "other",
        }.items():
            with self.subTest(field):
                server = self.outgoing("Main", 25, smtp_user="me", smtp_pass="secret")

                server.write({field: value})

                self.assertEqual(server.state, "draft")

    def test_change_of_anything_else_keeps_the_confirmation(self):
        server = self.outgoing("Main", 25, smtp_user="me")

        server.write({"name": "Renamed", "sequence": 3, "smtp_user": "me"})

        self.assertEqual(server.state, "done")

    def test_duplicate_has_the_status_of_its_source(self):
        server = self.outgoing("Main", 25, state="draft")

        self.assertEqual(server.copy().state, "draft")

    def test_lowest_sequence_of_the_confirmed_is_chosen(self):
        self.outgoing("Third", 25, sequence=30)
        second = self.outgoing("Second", 25, sequence=20)
        self.outgoing("First but not confirmed", 25, sequence=10, state="draft")

        found, _smtp_from = self.env["ir.mail_server"]._find_mail_server("a@b.example")

        self.assertEqual(found, second)

    def test_mail_queue_passes_over_servers_not_confirmed(self):
        self.outgoing("Not confirmed", 25, sequence=1, state="draft")
        confirmed = self.outgoing("Confirmed", 25, sequence=2)

        [(server_id, *_rest)] = self.mail()._split_by_mail_configuration()

        self.assertEqual(server_id, confirmed.id)

    def test_row_that_neutralization_inserted_is_used(self):
        # base/data/neutralize.sql knows nothing of a status.
        dummy = self.outgoing("neutralization - disable emails", 1025)
        dummy.flush_recordset()
        self.env.cr.execute(
            "UPDATE ir_mail_server SET state = NULL WHERE id = %s", [dummy.id]
        )
        dummy.invalidate_recordset()

        found, _smtp_from = self.env["ir.mail_server"]._find_mail_server("a@b.example")

        self.assertEqual(found, dummy)

    def test_successful_test_confirms(self):
        _sink, port = self.sink()
        self.env.user.email = "admin@city.example"
        server = self.outgoing("Main", port, state="draft")

        with self.really_sending():
            action = server.action_test_and_confirm()

        self.assertEqual(server.state, "done")
        self.assertEqual(action["params"]["type"], "success")

    def test_failed_test_says_what_to_do_and_leaves_the_status(self):
        self.env.user.email = "admin@city.example"
        server = self.outgoing("Main", closed_port(), state="draft")

        with self.really_sending(), self.assertRaisesRegex(UserError, "port number"):
            server.action_test_and_confirm()

        self.assertEqual(server.state, "draft")


@tagged("post_install", "-at_install")
class TestIncomingConfirmation(GatewayCase):
    def test_S2_screen_offers_verified_tls(self):
        form = Form(self.env["fetchmail.server"])

        self.assertEqual(form.connection_security, "ssl")
        self.assertTrue(form.verify_certificate)
        self.assertEqual(form.port, 993)

    def test_S9_choosing_a_security_sets_its_port(self):
        form = Form(self.env["fetchmail.server"])

        form.connection_security = "starttls"

        self.assertEqual(form.port, 143)

    def test_S9_choosing_a_record_type_keeps_a_port_of_ones_own(self):
        form = Form(self.env["fetchmail.server"])
        form.port = 10993

        form.object_id = self.env["ir.model"]._get("res.partner")

        self.assertEqual(form.port, 10993)

    def test_security_follows_what_stock_code_writes(self):
        server = self.mailbox(is_ssl=True)
        self.assertEqual(server.connection_security, "ssl")

        server.is_ssl = False

        self.assertEqual(server.connection_security, "none")

    def test_stock_code_reads_what_the_security_means(self):
        server = self.mailbox(connection_security="ssl")
        self.assertTrue(server.is_ssl)

        server.connection_security = "starttls"

        self.assertFalse(server.is_ssl)
        self.assertEqual(server.connection_security, "starttls")

    def test_change_of_a_connection_setting_takes_the_confirmation_back(self):
        for field, value in {
            "server": "other.example",
            "port": 2,
            "password": "other",
            "folder": "Complaints",
            "connection_security": "starttls",
            "verify_certificate": False,
        }.items():
            with self.subTest(field):
                server = self.mailbox()

                server.write({field: value})

                self.assertEqual(server.state, "draft")

    def test_closed_port_is_explained(self):
        server = self.mailbox(port=closed_port(), state="draft")

        with self.assertRaisesRegex(UserError, "Nothing listens on that port"):
            server.button_confirm_login()

        self.assertEqual(server.state, "draft")

    def test_existing_mailboxes_keep_working_as_before_installation(self):
        from odoo.addons.mail_gateway_plus.hooks import post_init_hook

        used, entered = self.mailbox(), self.mailbox(state="draft")

        post_init_hook(self.env)

        self.assertEqual([used.state, entered.state], ["done", "draft"])
        self.assertFalse(used.verify_certificate)
        self.assertEqual([used.size_limit, entered.size_limit], [0, 0])
        self.assertEqual(self.mailbox().size_limit, 50)
