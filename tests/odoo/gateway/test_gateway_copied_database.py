"""A copied database neither fetches, nor sends, nor answers what waits in it."""

import os
from unittest.mock import patch

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestCopiedDatabase(GatewayCase):
    def neutralize(self):
        """Do to this database what ``odoo neutralize`` does to a copy."""
        self.env.flush_all()
        modules = ["base", "mail", "mail_gateway_plus"]
        for query in get_neutralization_queries(modules):
            self.env.cr.execute(query)
        self.env.invalidate_all()

    def test_servers_are_neither_active_nor_confirmed(self):
        outgoing, incoming = self.outgoing("Main", 25), self.mailbox()

        self.neutralize()

        self.assertFalse(outgoing.active or incoming.active)
        self.assertEqual([outgoing.state, incoming.state], ["draft", "draft"])

    def test_environment_of_the_original_says_nothing_about_the_copy(self):
        variables = {
            "MAIL_GATEWAY_MAIN_HOST": "smtp.city.example",
            "MAIL_GATEWAY_MAIN_PASSWORD": "s3cret",
            "MAIL_GATEWAY_SUPPORT_HOST": "imap.city.example",
        }
        with patch.dict(os.environ, variables):
            outgoing = self.outgoing("Main", 25, environment_code="MAIN")
            incoming = self.mailbox(environment_code="SUPPORT")
            self.assertEqual(outgoing.smtp_host, "smtp.city.example")

            self.neutralize()
            outgoing.write({"active": True, "state": "done"})  # somebody takes it up

            self.assertEqual(outgoing.smtp_host, "127.0.0.1")
            self.assertFalse(outgoing._secret("PASSWORD"))
            self.assertEqual(incoming.server, "127.0.0.1")

    def test_mail_goes_nowhere_and_not_to_the_command_lines_server(self):
        self.outgoing("Main", 25)

        self.neutralize()

        found, _smtp_from = self.env["ir.mail_server"]._find_mail_server("a@b.example")
        self.assertEqual(found.smtp_host, "invalid")

    def test_waiting_messages_are_not_processed(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)

        self.neutralize()
        self.process()

        row = self.rows(server)
        self.assertEqual(row.state, "quarantined")
        self.assertFalse(row.res_id)

    def test_parked_messages_are_not_tried_again_after_an_update(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        self.rows(server).write({"state": "quarantined", "parked_under": "before"})
        self.env["ir.config_parameter"].set_param(
            "mail_gateway_plus.replay_after_update", "True"
        )

        self.neutralize()
        self.process()

        self.assertEqual(self.rows(server).state, "quarantined")

    def test_round_trip_mail_on_its_way_is_not_followed(self):
        trip = self.env["mail.gateway.round.trip"].create(
            {
                "server_id": self.outgoing("Main", 25).id,
                "recipient": "box@city.example",
                "state": "sent",
            }
        )

        self.neutralize()

        self.assertEqual((trip.state, trip.next_look_at), ("failed", False))
