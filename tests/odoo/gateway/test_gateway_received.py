"""The journal knows when a message was received, and deadlines count from then."""

from datetime import datetime

from gateway_case import GatewayCase, letter

from odoo.tests import tagged

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)

ARRIVED = datetime(2026, 3, 3, 9)
MAILBOX = "from mx by imap.city.example; Tue, 3 Mar 2026 08:45:00 +0000"
BORDER = "from b by mx.city.example; Tue, 3 Mar 2026 08:30:00 +0000"
SENDER = "from a by b; Thu, 1 Jan 1970 00:00:00 +0000"


@tagged("post_install", "-at_install")
class TestReceived(GatewayCase):
    def journaled(self, *lines, arrived=ARRIVED, **mailbox):
        """Return the row of a message with these Received lines."""
        server = self.mailbox(**mailbox)
        raw = b"".join(b"Received: %b\n" % line.encode() for line in lines) + letter()
        ref = MessageRef("INBOX", "1", "7")
        self.journal._store(server, [FetchedMessage(ref, raw, arrived=arrived)])
        return self.rows(server)

    def test_the_line_of_our_own_server_counts(self):
        row = self.journaled(MAILBOX, BORDER, SENDER)
        self.assertEqual(row.received_at, datetime(2026, 3, 3, 8, 45))

    def test_the_first_of_our_servers_counts_where_they_are_known(self):
        row = self.journaled(MAILBOX, BORDER, SENDER, own_hops=2)
        self.assertEqual(row.received_at, datetime(2026, 3, 3, 8, 30))

    def test_the_mailbox_tells_where_no_line_does(self):
        self.assertEqual(self.journaled().received_at, ARRIVED)

    def test_else_it_is_the_time_of_fetching(self):
        row = self.journaled(arrived=None)
        self.assertEqual(row.received_at, row.fetched_at)

    def test_the_clock_of_a_record_starts_then(self):
        row = self.journaled()
        row._process()

        ticket = self.env["grievance.ticket"].browse(row.res_id)
        self.assertEqual(ticket.received_at, ARRIVED)
