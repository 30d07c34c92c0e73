"""What became of the mail of the last day, per server and of all of them."""

from datetime import timedelta

from gateway_case import closed_port
from outgoing_case import OutgoingCase

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

SENT_BEFORE = 100_000


@tagged("post_install", "-at_install")
class TestSummary(OutgoingCase):
    def setUp(self):
        super().setUp()
        self.attempts.search([]).unlink()
        self.mails.search([("dead_letter_at", "!=", False)]).unlink()
        self.servers = self.env["ir.mail_server"]

    def accepted(self, server, *seconds):
        values = {"outcome": "accepted", "phase": "accepted", "server_id": server.id}
        self.attempts.create([{**values, "queue_seconds": each} for each in seconds])

    def test_time_from_queue_to_acceptance_is_kept(self):
        _sink, port = self.sink()
        self.outgoing("Main", port)
        hour_ago = fields.Datetime.now() - timedelta(hours=1)
        mail = self.mail(scheduled_date=hour_ago)

        self.run_queue()

        self.assertAlmostEqual(self.attempts_of(mail).queue_seconds, 3600, delta=5)

    def test_numbers_of_each_server_and_of_all(self):
        first, second = self.outgoing("First", 25), self.outgoing("Second", 25)
        self.accepted(first, *range(1, 101))
        self.accepted(second, 10)
        failed = {"outcome": "failed", "phase": "auth", "server_id": second.id}
        self.attempts.create([failed] * 2)
        self.mail()

        self.assertAlmostEqual(first.mean_queue_seconds, 50.5)
        self.assertAlmostEqual(first.p95_queue_seconds, 95.05)
        self.assertEqual(second.p95_queue_seconds, 10)
        summary = self.servers.get_delivery_summary()
        self.assertEqual((summary["sent"], summary["failed"]), (101, 2))
        self.assertEqual((summary["queued"], summary["mean"]), (1, 50))

    def test_what_was_a_day_ago_does_not_count(self):
        server = self.outgoing("Main", 25)
        self.accepted(server, 10)
        self.env.cr.execute(
            "UPDATE mail_gateway_attempt SET create_date = now() - interval '25 hours'"
        )

        self.assertEqual(self.servers.get_delivery_summary()["sent"], 0)

    def test_dead_and_uncertain_mail_counts_for_the_server_that_was_asked(self):
        _sink, port = self.sink(refused=["no@home.example"], lost=["lost@home.example"])
        server = self.outgoing("Main", port)
        other = self.outgoing("Other", closed_port(), sequence=99)
        self.mail(email_to="no@home.example")
        self.mail(email_to="lost@home.example")

        self.run_queue()

        self.assertEqual((server.dead_count, server.uncertain_count), (1, 1))
        self.assertEqual((other.dead_count, other.uncertain_count), (0, 0))
        summary = self.servers.get_delivery_summary()
        self.assertEqual((summary["dead"], summary["uncertain"]), (1, 1))

    def test_only_administrators_see_it(self):
        user = new_test_user(self.env, "operator", "mail_gateway_plus.group_operator")

        with self.assertRaises(AccessError):
            self.servers.with_user(user).get_delivery_summary()

    def test_cost_does_not_grow_with_the_history(self):
        mail = self.mail()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "INSERT INTO mail_mail (mail_message_id, state, gateway_lane)"
                " SELECT %s, 'sent', '1_interactive' FROM generate_series(1, %s)",
                mail.mail_message_id.id,
                SENT_BEFORE,
            )
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO mail_gateway_attempt (create_date, outcome, phase)"
                " SELECT now() - n * interval '1 minute', 'accepted', 'accepted'"
                " FROM generate_series(1, %s) AS n",
                SENT_BEFORE,
            )
        )
        self.env.cr.execute("ANALYZE mail_mail, mail_gateway_attempt")

        for query, index in (
            (self.servers._last_day_query(), "mail_gateway_attempt_create_date_idx"),
            (self.servers._open_mails_query(), "mail_mail_gateway_dead_idx"),
        ):
            rows = self.env.execute_query(SQL("EXPLAIN %s", query))
            plan = "\n".join(row[0] for row in rows)
            self.assertIn(index, plan)
            self.assertNotIn("Seq Scan", plan)
