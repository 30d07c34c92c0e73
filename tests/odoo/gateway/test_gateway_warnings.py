"""What calls for a person while mail still flows is told once, until it is mended."""

from datetime import date, timedelta
from unittest.mock import patch

from gateway_case import GatewayCase
from round_trip_case import RoundTripCase

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.models import mail_gateway_warning_certificate


def received(address, by="relay.city.example", sender="odoo"):
    return (
        f"Received: from {sender} ({sender} [{address}]) by {by} with ESMTPSA; "
        "Sat, 28 Nov 2026 12:00:00 +0000\r\n"
    ).encode()


@tagged("post_install", "-at_install")
class TestEgress(RoundTripCase):
    def setUp(self):
        super().setUp()
        self.sink_, port = self.sink()
        self.main = self.server(port)
        self.warnings = self.env["mail.gateway.warning"]

    def trip_from(self, address, relay="9.9.9.10"):
        """Have a round-trip mail arrive that the relay got from an address."""
        trip = self.send(self.main)
        way = received(relay, "mx.provider.example", "relay") + received(address)
        self.arrive(way + self.sink_.contents[-1])
        self.assertEqual(trip.state, "arrived")
        return trip

    def told(self):
        return self.warnings._about(self.main)

    def test_first_address_and_the_same_again_are_no_news(self):
        self.trip_from("9.9.8.1")
        self.trip_from("9.9.8.1")

        self.assertFalse(self.told())

    def test_new_address_is_told_once_and_shown_on_the_form(self):
        self.trip_from("9.9.8.1")

        self.trip_from("9.9.8.2")
        warning = self.told()
        self.trip_from("9.9.8.2")

        self.assertEqual(self.told(), warning)
        self.assertEqual((warning.topic, warning.subject), ("egress", "9.9.8.2/32"))
        self.assertEqual(len(warning.alert_ids), len(self.warnings._administrators()))
        self.assertIn("9.9.8.2/32", self.main.standing_warnings)
        self.assertTrue(self.main.is_egress_news)

    def test_new_address_that_mail_leaves_from_is_told_of_an_own_relay(self):
        self.trip_from("9.9.8.1", relay="9.9.9.10")
        self.trip_from("9.9.8.1", relay="9.9.9.11")
        self.trip_from("9.9.8.1", relay="9.9.9.11")

        warning = self.told()
        self.assertEqual((warning.topic, warning.subject), ("sending", "9.9.9.11/32"))
        self.assertIn("SPF", warning.text)

    def test_providers_addresses_are_the_providers_care(self):
        gmail = self.env["mail.gateway.preset"].search([("code", "=", "gmail")])
        self.main.preset_id = gmail
        self.trip_from("9.9.8.1", relay="9.9.9.10")
        self.trip_from("9.9.8.1", relay="9.9.9.11")

        self.assertFalse(self.told())

    def test_address_that_was_noted_beforehand_is_no_news(self):
        self.trip_from("9.9.8.1")
        self.main.egress_note = "9.9.8.2/32, registered with the provider"

        self.trip_from("9.9.8.2")

        self.assertFalse(self.told())

    def test_noting_the_address_settles_it(self):
        self.trip_from("9.9.8.1")
        self.trip_from("9.9.8.2")
        alerts = self.told().alert_ids

        self.main.action_note_egress()
        self.trip_from("9.9.8.2")

        self.assertFalse(self.told())
        self.assertFalse(alerts.exists())
        self.assertIn("9.9.8.2/32", self.main.egress_note)
        with self.assertRaisesRegex(UserError, "No address is new"):
            self.main.action_note_egress()

    def test_noting_another_address_settles_nothing(self):
        self.trip_from("9.9.8.1")
        self.trip_from("9.9.8.2")

        self.main.egress_note = "9.9.8.3/32"

        self.assertEqual(self.told().subject, "9.9.8.2/32")

    def test_old_address_that_is_back_settles_it(self):
        self.trip_from("9.9.8.1")
        self.trip_from("9.9.8.2")

        self.trip_from("9.9.8.1")

        self.assertFalse(self.told())

    def test_archived_server_is_forgotten(self):
        self.trip_from("9.9.8.1")
        self.trip_from("9.9.8.2")
        other = self.outgoing("Other", 25)
        self.warnings._warn(other, "egress", "9.9.8.9/32", "Title", "Text")
        self.main.action_archive()

        self.warnings._gc_warnings()

        self.assertEqual(self.warnings.search([]).mail_server_id, other)

    def test_operator_sees_no_warnings(self):
        operator = mail_new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        with self.assertRaises(AccessError):
            self.main.with_user(operator).read(["standing_warnings"])


@tagged("post_install", "-at_install")
class TestCertificates(GatewayCase):
    def setUp(self):
        super().setUp()
        self.relay = self.outgoing("Relay", 587, smtp_encryption="starttls_strict")
        self.box = self.mailbox(connection_security="ssl")
        self.looked_at = []

    def look(self, **days_left):
        """Look at the certificates of servers, each good for so many days."""

        def peek(target, _seconds):
            name = target.protocol.value
            self.looked_at.append(name)
            if name not in days_left:
                return {}
            ends = date.today() + timedelta(days=days_left[name])
            return {"days_left": days_left[name], "expires": ends.isoformat()}

        with (
            patch.object(mail_gateway_warning_certificate, "peek", peek),
            self.committing(self.env["mail.gateway.warning"]) as warnings,
        ):
            warnings._watch_certificates()

    def told(self, server):
        return self.env["mail.gateway.warning"]._about(server)

    def test_certificate_that_ends_soon_is_told_once_for_each_server(self):
        self.look(smtp=9, imap=-1)
        warning = self.told(self.relay)
        self.look(smtp=9, imap=-1)

        self.assertEqual(self.told(self.relay), warning)
        self.assertEqual(warning.topic, "certificate")
        self.assertTrue(warning.alert_ids)
        self.assertIn("renew the certificate", self.relay.standing_warnings)
        self.assertIn(self.told(self.box).subject, self.box.standing_warnings)
        self.assertFalse(self.relay.is_egress_news)

    def test_renewed_certificate_settles_it(self):
        self.look(smtp=9)

        self.look(smtp=80)

        self.assertFalse(self.told(self.relay))
        self.assertFalse(self.relay.standing_warnings)

    def test_certificate_that_counts_no_more_is_not_warned_of(self):
        self.look(smtp=9)
        self.relay.smtp_encryption = "none"
        self.relay.state = "done"

        self.look()

        self.assertFalse(self.told(self.relay))

    def test_server_that_cannot_be_reached_is_for_others_to_tell(self):
        self.look(smtp=9)

        self.look()

        self.assertTrue(self.told(self.relay))
        self.assertFalse(self.told(self.box))

    def test_certificate_that_nobody_checks_is_not_looked_at(self):
        self.relay.smtp_encryption = "starttls"
        self.relay.state = "done"
        self.outgoing("Clear", 25)
        self.box.connection_security = "none"
        self.box.state = "done"

        self.look(smtp=9, imap=9)

        self.assertEqual(self.looked_at, [])

    def test_server_that_is_not_confirmed_is_not_looked_at(self):
        self.relay.state = self.box.state = "draft"

        self.look(smtp=9, imap=9)

        self.assertEqual(self.looked_at, [])
