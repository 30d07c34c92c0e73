"""Round-trip mail: sent, known again in the journal, missed, told about."""

from gateway_case import closed_port, letter
from round_trip_case import RoundTripCase

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user
from odoo.addons.mail_gateway_plus.core.round_trip.mark import HEADER, find_mark

BOX = "grievances@city.example"


def report_about(raw):
    """Return a delivery report about a mail (RFC 3464)."""
    return (
        b"From: MAILER-DAEMON@mx.example\r\nTo: noreply@city.example\r\n"
        b"Message-ID: <report@mx.example>\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n'
        b"\r\n--x\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
        b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + raw + b"\r\n--x--\r\n"
    )


@tagged("post_install", "-at_install")
class TestRoundTrip(RoundTripCase):
    def setUp(self):
        super().setUp()
        self.sink_, port = self.sink()
        self.main = self.server(port)
        self.trip = self.send(self.main)
        self.raw = self.sink_.contents[0] if self.sink_.contents else b""

    def test_marked_mail_is_sent_through_the_server(self):
        self.assertEqual(self.trip.state, "sent")
        self.assertEqual(self.sink_.recipients, [BOX])
        self.assertIn(HEADER.encode(), self.raw)
        [attempt] = self.attempts.search([("server_id", "=", self.main.id)])
        self.assertEqual(attempt.outcome, "accepted")

    def test_mail_that_arrives_becomes_no_record(self):
        tickets = self.env["grievance.ticket"].search_count([])

        [row] = self.arrive(self.raw)

        self.assertEqual((row.state, row.reason), ("ignored", "Round-trip mail"))
        self.assertEqual(row.round_trip_id, self.trip)
        self.assertEqual(self.trip.state, "arrived")
        self.assertEqual(self.trip.arrived_in_id, self.box)
        self.assertEqual(self.env["grievance.ticket"].search_count([]), tickets)

    def test_nothing_else_is_asked_about_it(self):
        stations = self.env["mail.gateway.examination"]._stations()

        self.assertEqual(stations[0].__name__, "_halt_round_trip")

    def test_mail_that_arrives_twice_is_counted_and_makes_no_record_either(self):
        again = b"Received: from a by b; Sat, 28 Nov 2026 12:00:00 +0000\r\n" + self.raw

        rows = self.arrive(self.raw, again)

        self.assertEqual(self.trip.copies, 2)
        self.assertEqual(set(rows.mapped("state")), {"ignored"})
        self.assertIn("2 times", self.trip.progress["headline"])

    def test_mail_that_arrives_in_another_mailbox_is_known_there(self):
        other = self.mailbox(self.connection, name="Elsewhere", user="x@city.example")

        [row] = self.arrive(self.raw, server=other)

        self.assertEqual(row.state, "ignored")
        self.assertEqual(self.trip.arrived_in_id, other)
        self.assertIn("another mailbox: Elsewhere", self.trip.progress["headline"])

    def test_mail_that_comes_back_has_failed(self):
        [row] = self.arrive(report_about(self.raw))

        self.assertEqual((row.state, row.round_trip_id), ("ignored", self.trip))
        self.assertEqual(self.trip.state, "failed")
        self.assertIn("Undelivered Mail", self.trip.words)

    def test_report_after_the_arrival_changes_nothing(self):
        self.arrive(self.raw)
        self.arrive(report_about(self.raw))

        self.assertEqual(self.trip.state, "arrived")

    def test_mark_that_somebody_made_up_is_none(self):
        mark, _is_report = find_mark(self.raw)
        for number, forged in enumerate(
            (
                str(mark).replace(mark.signature, "0" * 64),
                str(mark).replace(mark.nonce, "0" * 32),
                str(mark).replace(f"{mark.trip_id} ", f"{mark.trip_id + 1} ", 1),
                "1 2 3",
            )
        ):
            raw = letter("Hello", f"<f{number}@home.example>", **{HEADER: forged})
            with self.subTest(forged):
                row = self.arrive(raw)[-1]
                self.assertEqual(row.state, "done")
                self.assertFalse(row.round_trip_id)

        self.assertEqual(self.trip.state, "sent")

    def test_mail_that_does_not_come_is_late_then_lost_and_told_once(self):
        self.later(self.trip, minutes=20)
        self.run_cron()
        self.assertEqual(self.trip.state, "late")
        alerts = self.trip.alert_ids
        self.assertEqual(len(alerts), len(self.trip._administrators()))

        self.later(self.trip, days=2)
        self.run_cron()

        self.assertEqual(self.trip.state, "lost")
        self.assertEqual(self.trip.alert_ids, alerts)
        self.assertFalse(self.trip.next_look_at)

    def test_form_of_the_server_says_so_until_one_arrives(self):
        self.assertFalse(self.main.standing_warnings)
        self.later(self.trip, minutes=20)
        self.run_cron()
        self.assertIn("not there after 15 minutes", self.main.standing_warnings)

        self.arrive(self.raw)

        self.assertFalse(self.main.standing_warnings)

    def test_second_late_mail_of_a_server_is_not_told_again(self):
        self.later(self.trip, minutes=20)
        self.run_cron()
        second = self.send(self.main)
        self.later(second, minutes=20)
        self.run_cron()

        self.assertEqual(second.state, "late")
        self.assertFalse(second.alert_ids)

    def test_late_mail_that_comes_after_all_withdraws_the_alert(self):
        self.later(self.trip, minutes=20)
        self.run_cron()

        self.arrive(self.raw)

        self.assertEqual(self.trip.state, "arrived")
        self.assertFalse(self.trip.alert_ids)

    def test_later_mail_that_arrives_withdraws_the_alert_of_a_lost_one(self):
        self.later(self.trip, days=2)
        self.run_cron()
        self.assertTrue(self.trip.alert_ids)

        self.send(self.main)
        self.arrive(self.sink_.contents[-1])

        self.assertEqual(self.trip.state, "lost")
        self.assertFalse(self.trip.alert_ids)

    def test_lost_mail_that_comes_after_all_is_noted(self):
        self.later(self.trip, days=2)
        self.run_cron()

        self.arrive(self.raw)

        self.assertEqual(self.trip.state, "arrived")

    def test_person_may_make_a_ticket_of_it_all_the_same(self):
        [row] = self.arrive(self.raw)

        row._decide(
            "retry_as",
            lambda r: r._process_by_order(self.env["grievance.ticket"], "By order"),
        )

        self.assertEqual(row.state, "done")

    def test_what_the_mail_shows_is_looked_at_in_the_dns(self):
        self.trip.write(
            {
                "state": "arrived",
                "sending_address": "9.9.9.10",
                "signatures": [["city.example", "s7"], ["p.example", "x"]],
            }
        )

        sender = self.main._deliverability_senders()["city.example"]

        self.assertEqual(sender.selectors, ("s7",))
        self.assertEqual(sender.signing_domains, ("city.example", "p.example"))
        self.assertEqual([str(a) for a in sender.addresses], ["9.9.9.10"])

    def test_old_ones_go_with_their_alerts(self):
        self.later(self.trip, minutes=20)
        self.run_cron()
        alerts = self.trip.alert_ids
        self.env.cr.execute(
            "UPDATE mail_gateway_round_trip SET create_date = '2020-01-01'"
        )
        self.env.invalidate_all()

        self.trips._gc_round_trips()

        self.assertFalse(self.trip.exists())
        self.assertFalse(alerts.exists())


@tagged("post_install", "-at_install")
class TestSendingRoundTrips(RoundTripCase):
    def test_server_that_cannot_be_reached_is_told_at_once(self):
        trip = self.send(self.server(closed_port()))

        self.assertEqual(trip.state, "failed")
        self.assertIn("refused", trip.words)

    def test_refused_mail_has_failed_with_the_servers_words(self):
        _sink, port = self.sink(refused=[BOX])

        trip = self.send(self.server(port))

        self.assertEqual(trip.state, "failed")
        self.assertIn("5.1.1 No such user", trip.words)

    def test_mail_that_is_put_off_is_offered_again(self):
        sink, port = self.sink(deferred=[BOX])
        trip = self.send(self.server(port))
        self.assertEqual(trip.state, "sending")
        self.assertIn("Greylisted", trip.words)

        sink.deferred.clear()
        trip.next_look_at = fields.Datetime.now()
        self.env.flush_all()
        self.run_cron()

        self.assertEqual(trip.state, "sent")
        self.assertEqual(sink.recipients, [BOX])

    def test_mail_whose_fate_is_uncertain_is_looked_for_and_not_sent_again(self):
        sink, port = self.sink(lost=[BOX])
        trip = self.send(self.server(port))
        trip.next_look_at = fields.Datetime.now()
        self.env.flush_all()
        self.run_cron()

        self.assertEqual(trip.state, "sent")
        self.assertEqual(len(sink.contents), 1)

    def test_mail_taken_by_a_worker_that_died_is_not_sent_again(self):
        sink, port = self.sink()
        trip = self.trips._start(self.server(port))
        with self.really_sending():
            self.assertTrue(trip._take_parcel())
            self.assertIsNone(trip._take_parcel())

        self.assertEqual(trip.state, "sent")

    def test_it_is_repeated_as_often_as_the_server_says(self):
        sink, port = self.sink()
        server = self.server(port, round_trip_every="day")
        self.run_cron()
        self.run_cron()
        self.assertEqual(len(sink.contents), 1)

        self.env.cr.execute(
            "UPDATE mail_gateway_round_trip"
            " SET create_date = create_date - interval '25 hours'"
        )
        self.env.invalidate_all()
        self.run_cron()

        self.assertEqual(len(sink.contents), 2)
        trips = self.trips.search([("server_id", "=", server.id)])
        self.assertTrue(all(trips.mapped("is_scheduled")))

    def test_scheduled_mail_that_is_refused_is_told(self):
        _sink, port = self.sink(refused=[BOX])
        server = self.server(port, round_trip_every="hour")

        self.run_cron()

        [trip] = self.trips.search([("server_id", "=", server.id)])
        self.assertEqual(trip.state, "failed")
        self.assertTrue(trip.alert_ids)

    def test_server_that_is_not_repeated_or_not_confirmed_sends_nothing(self):
        sink, port = self.sink()
        self.server(port)
        self.server(port, state="draft", round_trip_every="hour")

        self.run_cron()

        self.assertEqual(sink.contents, [])

    def test_spent_quota_is_waited_for(self):
        sink, port = self.sink()
        quota = {"max_messages": 1, "window_count": 1, "window_unit": "hour"}
        server = self.server(port, quota_ids=[fields.Command.create(quota)])
        server._reserve_sending(1)

        trip = self.send(server)

        self.assertEqual(trip.state, "sending")
        self.assertEqual(sink.contents, [])

    def test_missing_mailbox_is_told_before_anything_is_sent(self):
        self.box.action_archive()
        server = self.outgoing("Main", 25, from_filter="city.example")

        with self.assertRaisesRegex(UserError, "Choose under Deliverability"):
            server.action_send_round_trip()

    def test_mailbox_without_an_address_wants_one(self):
        self.box.write({"user": "grievances", "state": "done"})
        server = self.server(25)
        with self.assertRaisesRegex(UserError, "Enter under Deliverability"):
            server.action_send_round_trip()

        server.round_trip_recipient = "Box <box@city.example>"

        self.assertEqual(server._round_trip_goal(), (self.box, "box@city.example"))

    def test_only_administrators_send_and_see_them(self):
        operator = mail_new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        with self.assertRaises(AccessError):
            self.server(25).with_user(operator).action_send_round_trip()
        with self.assertRaises(AccessError):
            self.trips.with_user(operator).search([])

    def test_operator_reads_the_journal_row_of_one(self):
        sink, port = self.sink()
        self.send(self.server(port))
        [row] = self.arrive(sink.contents[0])
        operator = mail_new_test_user(
            self.env, "operator", groups="mail_gateway_plus.group_operator"
        )

        self.assertEqual(row.with_user(operator).reason, "Round-trip mail")
