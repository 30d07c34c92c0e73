"""What the tests of round-trip mail share."""

from datetime import timedelta
from unittest.mock import patch

from gateway_case import FourMethodConnection, GatewayCase

from odoo import fields

from odoo.addons.mail_gateway_plus.models import mail_gateway_round_trip
from odoo.addons.mail_gateway_plus.round_trip_run import RoundTripRun


class RoundTripCase(GatewayCase):
    """A test in which round-trip mail is sent, and comes into a mailbox in memory."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trips = cls.env["mail.gateway.round.trip"]

    def setUp(self):
        super().setUp()
        # What waits for the commit is done when a test says so, and without waiting.
        for patcher in (
            patch.object(RoundTripRun, "start", RoundTripRun.run),
            patch.object(mail_gateway_round_trip, "LIVE_WAITS", (0,)),
        ):
            patcher.start()
            self.addCleanup(patcher.stop)
        self.addCleanup(self.env.cr.postcommit.clear)
        self.connection = FourMethodConnection()
        self.box = self.mailbox(self.connection)

    def server(self, port, **values):
        return self.outgoing(
            "Main",
            port,
            **{
                "from_filter": "city.example",
                "round_trip_mailbox_id": self.box.id,
                **values,
            },
        )

    def send(self, server):
        """Press the button, and wait for what it starts."""
        action = server.action_send_round_trip()
        self.env.flush_all()
        with self.really_sending(), self.enter_registry_test_mode():
            self.env.cr.postcommit.run()
        self.env.invalidate_all()
        return self.trips.browse(action["res_id"])

    def run_cron(self):
        with self.really_sending(), self.committing(self.trips) as trips:
            trips._run_due()

    def arrive(self, *messages, server=None):
        """Have messages come into the mailbox; return their journal rows."""
        number = len(self.connection.messages)
        self.connection.messages.update(
            {number + at: raw for at, raw in enumerate(messages, start=1)}
        )
        self.fetch(server or self.box)
        self.process()
        return self.rows(server or self.box)

    def later(self, trip, **time):
        """Have a mail be sent so long ago, and be due to be looked for."""
        moment = fields.Datetime.now() - timedelta(**time)
        trip.write({"sent_at": moment, "next_look_at": moment})
        self.env.flush_all()
