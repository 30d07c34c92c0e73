"""What comes too often is parked, with one alert, and let through by the dozen.

The tests are named after the defects of Odoo that they show to be gone.
"""

from datetime import timedelta
from email.utils import format_datetime

from gateway_case import letter
from machine_case import MachineCase

from odoo import fields
from odoo.tests import tagged

SENDER = "amina@home.example"


def letters(count, start=0, **headers):
    return [
        letter(f"No. {n}", f"<flood-{n}@home.example>", **headers)
        for n in range(start, start + count)
    ]


@tagged("post_install", "-at_install")
class TestLimits(MachineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.parameters = cls.env["ir.config_parameter"].sudo()
        cls.parameters.set_param("mail.gateway.loop.threshold", 3)

    def alerts(self):
        return self.env["mail.activity"].search([("summary", "ilike", SENDER)])

    def test_L15_mailbox_without_an_alias_has_a_limit_too(self):
        rows = self.received(*letters(5))

        self.assertEqual(
            rows.mapped("state"), ["done", "done", "done", "quarantined", "quarantined"]
        )
        self.assertIn("may be a loop", rows[4].reason)
        self.assertEqual(set(rows[3:].mapped("excess")), {"sender"})

    def test_L15_stock_odoo_makes_a_record_of_each(self):
        process = self.env["mail.thread"].message_process
        records = [process("grievance.ticket", raw) for raw in letters(5)]

        self.assertEqual(len(set(records)), 5)

    def test_L9_what_is_too_much_for_an_alias_is_parked_and_nobody_is_written_to(self):
        self.env["mail.alias"].create(
            {
                "alias_name": "grievances",
                "alias_domain_id": self.domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("grievance.ticket"),
            }
        )
        to_alias = f"grievances@{self.domain.name}".encode()
        raws = [raw.replace(b"grievances@city.example", to_alias) for raw in letters(5)]
        mails = self.env["mail.mail"].search([])

        rows = self.received(*raws, object_id=False)

        self.assertEqual(rows.mapped("state").count("quarantined"), 2)
        sent = self.env["mail.mail"].search([]) - mails
        self.assertFalse(sent.filtered(lambda m: "limit" in (m.body_html or "")))
        self.assertIn(f"alias grievances@{self.domain.name}", rows[0].route_notes)

    def test_one_alert_tells_of_it(self):
        self.received(*letters(3))
        self.assertFalse(self.alerts())

        self.received(*letters(4, start=3))

        administrators = self.env["mail.gateway.alerting"]._administrators()
        self.assertEqual(len(self.alerts()), len(administrators))

    def test_released_messages_become_records_though_the_limit_holds(self):
        rows = self.received(*letters(6))
        parked = rows[3:]

        parked.action_retry()
        self.process()

        self.assertEqual(set(parked.mapped("state")), {"done"})
        self.assertFalse(parked.filtered("excess"))

    def test_allowed_senders_have_no_limit(self):
        self.env["mail.gateway.allowed"].create({"email": SENDER})

        rows = self.received(*letters(6))

        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_years_of_mail_that_come_at_once_are_no_flood(self):
        start = fields.Datetime.now() - timedelta(days=400)
        raws = [
            letter(
                "Old", f"<old-{n}@x>", Date=format_datetime(start + timedelta(days=n))
            )
            for n in range(8)
        ]

        rows = self.received(*raws)

        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_another_sender_is_not_in_the_way(self):
        self.received(*letters(5))

        row = self.received(letter("Bo", "<bo@x>", sender="bo@home.example"))

        self.assertEqual(row.state, "done")

    def test_replies_are_limited_on_one_record_whoever_writes(self):
        self.sent()
        raws = [
            letter(
                "Re: lamp",
                f"<re-{n}@x>",
                sender=f"bounce-{n}@home.example",
                In_Reply_To="<7.odoo@city.example>",
            )
            for n in range(8)
        ]

        rows = self.received(*raws)

        self.assertEqual(rows.mapped("state").count("done"), 6)
        self.assertEqual(rows[7].excess, "thread")

    def test_an_officer_may_answer_many_records_by_mail(self):
        tickets = self.env["grievance.ticket"].create(
            [{"subject": f"No. {n}"} for n in range(6)]
        )
        for number, ticket in enumerate(tickets):
            ticket.message_post(body="x", message_id=f"<m{number}@city.example>")
        raws = [
            letter("Re", f"<a{n}@x>", In_Reply_To=f"<m{n}@city.example>")
            for n in range(6)
        ]

        rows = self.received(*raws)

        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_automatic_answers_to_one_sender_end_after_a_few(self):
        self.parameters.set_param("mail.gateway.loop.threshold", 20)
        others = [letter(f"About {word}", f"<{word}@x>") for word in ("a", "b", "c")]

        self.received(*others, *letters(7))

        answers = self.env["mail.mail"].search(
            [("headers", "like", "auto-replied"), ("email_to", "=", SENDER)]
        )
        self.assertEqual(len(answers), len(others) + 2)

    def test_signed_numbers_do_not_make_answers_of_a_machine_differ(self):
        """Two servers of ours that answer each other sign the number of each record."""
        signatures = ("abcdef", "k7f3xa", "234567", "zzzzzz", "a2b3c4")
        raws = [
            letter(f"We received it [GRV/2026/{n:05}-{signature}]", f"<{n}@x>")
            for n, signature in enumerate(signatures)
        ]

        self.received(*raws)

        answers = self.env["mail.mail"].search(
            [("headers", "like", "auto-replied"), ("email_to", "=", SENDER)]
        )
        self.assertEqual(len(answers), 2)

    def test_limit_finds_its_rows_by_an_index(self):
        self.received(*letters(2))
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = (
            "EXPLAIN SELECT FROM mail_gateway_inbound WHERE sender = 'x' AND has_opened"
            " AND COALESCE(date, fetched_at) BETWEEN now() - '1h'::interval AND now()"
        )
        self.env.cr.execute(query)
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.assertIn("opened_idx", plan)
