"""How much sending asks of the database. No clocks."""

from unittest.mock import patch

from outgoing_case import OutgoingCase

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.mail_gateway_plus.core.policy.lanes import Lane

# Statements for one mail, its claim, attempt and recipient rows included. Stock Odoo
# takes 25 without any of these.
STATEMENTS = 14
MAILS = 40
SENT_BEFORE = 100_000


@tagged("post_install", "-at_install")
class TestStatements(OutgoingCase):
    def statements_a_mail(self, **values):
        sink, port = self.sink()
        self.outgoing("Main", port)
        ticket = self.env["grievance.ticket"].create({"subject": "Dark street"})
        for number in range(MAILS):
            self.mail(
                email_to=f"p{number}@home.example",
                model=ticket._name,
                res_id=ticket.id,
                **values,
            )
        counts = []
        process = self.registry["mail.mail"]._gateway_process_outgoing

        def counting(mails, email_ids=()):
            before = mails.env.cr.sql_log_count
            process(mails, email_ids)
            counts.append(mails.env.cr.sql_log_count - before)

        with patch.object(
            self.registry["mail.mail"], "_gateway_process_outgoing", counting
        ):
            self.run_queue()
        self.assertEqual(len(sink.recipients), MAILS)
        return counts[0] / MAILS

    def test_mail_takes_few_statements(self):
        self.assertLessEqual(self.statements_a_mail(), STATEMENTS)

    def test_mail_that_is_deleted_takes_few_statements(self):
        self.assertLessEqual(self.statements_a_mail(auto_delete=True), STATEMENTS)

    def test_server_is_chosen_by_three_questions(self):
        servers = self.outgoing("Main", 25) + self.outgoing("Spare", 26)
        none_found = self.env["ir.mail_server"]
        none_found._gateway_candidates("us@city.example")  # reads what is remembered

        with self.assertQueryCount(3):  # which there are, their breakers, their quotas
            candidates = none_found._gateway_candidates("us@city.example")

        self.assertLessEqual(servers, candidates)


@tagged("post_install", "-at_install")
class TestIndexes(OutgoingCase):
    """With a long history, and the planner left to itself."""

    def test_claim_reads_only_what_is_queued(self):
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
        attempt = self.attempts.create({"outcome": "accepted", "phase": "accepted"})
        self.env.cr.execute(
            SQL(
                "INSERT INTO mail_gateway_recipient"
                " (attempt_id, mail_id, outcome, is_settled)"
                " SELECT %s, id, 'accepted', true FROM mail_mail WHERE state = 'sent'",
                attempt.id,
            )
        )
        self.env.cr.execute("ANALYZE mail_mail, mail_gateway_recipient")

        query = self.mails._gateway_claim_query(1, Lane.INTERACTIVE, 20)
        rows = self.env.execute_query(SQL("EXPLAIN %s", query))
        plan = "\n".join(row[0] for row in rows)

        self.assertIn("mail_mail_gateway_queue_idx", plan)
        self.assertNotIn("Seq Scan", plan)

    def test_attempts_at_mail_of_a_deleted_record_are_found_by_it(self):
        self.env.cr.execute(
            SQL(
                "INSERT INTO mail_gateway_attempt (outcome, phase, res_model, res_id)"
                " SELECT 'accepted', 'accepted', 'res.partner', n"
                " FROM generate_series(1, %s) AS n",
                SENT_BEFORE,
            )
        )
        self.env.cr.execute("ANALYZE mail_gateway_attempt")

        for number in (1, 200):
            of_records = [
                ("res_model", "=", "res.partner"),
                ("res_id", "in", list(range(1, number + 1))),
            ]
            query = self.attempts._search(of_records).select()
            rows = self.env.execute_query(SQL("EXPLAIN %s", query))
            plan = "\n".join(row[0] for row in rows)
            self.assertIn("mail_gateway_attempt_record_idx", plan)
            self.assertNotIn("Seq Scan", plan)
