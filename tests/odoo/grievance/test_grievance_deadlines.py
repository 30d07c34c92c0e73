"""Deadlines count from receipt, pause while the complainant is asked, and are told."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from grievance_case import letter
from people_case import ADDON, PeopleCase

from odoo.tests import tagged
from odoo.tools import SQL

START = datetime(2026, 3, 2, 8, 0)


@tagged("post_install", "-at_install")
class TestGrievanceDeadlines(PeopleCase):
    def setUp(self):
        super().setUp()
        self.tickets.search([]).unlink()

    def at(self, **passed):
        """Return a context in which so much time has passed since the start."""
        return freeze_time(START + timedelta(**passed))

    def new(self, **values):
        with self.at():
            ticket = self.ticket(
                received_at=START,
                channel="email",
                team_id=self.north.id,
                severity="high",
                **values,
            )
            self.env.flush_all()
        return ticket

    def watch(self, **passed):
        """Run the scheduled action when so much time has passed."""
        with self.at(**passed), patch.object(self.env.cr, "commit", lambda: None):
            self.env["grievance.ticket"]._cron_watch_deadlines()

    # ---------------------------------------------------------------------- deadlines

    def test_severity_says_how_long_it_may_take(self):
        ticket = self.new()

        self.assertEqual(ticket.acknowledge_by, START + timedelta(hours=24))
        self.assertEqual(ticket.respond_by, START + timedelta(hours=48))
        self.assertEqual(ticket.resolve_by, START + timedelta(hours=72))

    def test_the_shorter_of_severity_and_category_holds(self):
        category = self.env.ref(f"{ADDON}.category_payment")
        category.write({"resolution_hours": 36, "response_hours": 100})
        part = category.create({"name": "Late", "parent_id": category.id})

        ticket = self.new(category_id=part.id)

        self.assertEqual(ticket.resolve_by, START + timedelta(hours=36))
        self.assertEqual(ticket.respond_by, START + timedelta(hours=48))

    def test_who_comes_in_person_needs_no_acknowledgement(self):
        ticket = self.ticket(channel="walk_in")

        self.assertFalse(ticket.acknowledge_by)
        self.assertTrue(ticket.acknowledged_at)

    def test_clock_of_a_letter_starts_at_our_server(self):
        hop = b"Received: from a by mx; Mon, 02 Mar 2026 08:00:00 +0000\r\n"
        ticket = self.receive(hop + letter())

        self.assertEqual(ticket.acknowledge_by, START + timedelta(hours=24))
        self.assertTrue(ticket.acknowledged_at)

    # ------------------------------------------------------------------------- status

    def test_status_goes_from_on_track_to_at_risk_to_breached(self):
        ticket = self.new()
        self.assertEqual(ticket.sla_status, "on_track")

        self.watch(hours=17)
        self.assertEqual(ticket.sla_status, "on_track")
        self.watch(hours=18)
        self.assertEqual(ticket.sla_status, "at_risk")
        self.watch(hours=24)
        self.assertEqual(ticket.sla_status, "breached")
        found = self.tickets.search([("sla_status", "=", "breached")])
        self.assertEqual(found, ticket)

    def test_what_was_done_is_no_longer_owed(self):
        ticket = self.new()
        ticket.acknowledged_at = START
        with self.at(hours=1):
            ticket.with_user(self.officer).message_post(
                body="We look into it.",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )

        self.assertEqual(ticket.responded_at, START + timedelta(hours=1))
        self.watch(hours=49)
        self.assertEqual(ticket.sla_status, "on_track", ticket.sla_check_at)
        self.watch(hours=54)
        self.assertEqual(ticket.sla_status, "at_risk")

    def test_note_is_no_response(self):
        ticket = self.new()

        ticket.with_user(self.officer).message_post(body="Hm.")

        self.assertFalse(ticket.responded_at)

    def test_clock_stands_still_while_the_complainant_is_asked(self):
        ticket = self.new()
        ticket.acknowledged_at = ticket.responded_at = START
        with self.at(hours=10):
            ticket.stage_id = self.env.ref(f"{ADDON}.stage_waiting")
            self.env.flush_all()
        self.assertEqual(ticket.sla_status, "paused")
        self.watch(hours=500)
        self.assertEqual(ticket.sla_status, "paused")

        with self.at(hours=510):
            ticket.stage_id = self.env.ref(f"{ADDON}.stage_in_progress")
            self.env.flush_all()

        self.assertEqual(ticket.paused_hours, 500)
        self.assertEqual(ticket.resolve_by, START + timedelta(hours=572))
        self.assertEqual(ticket.sla_status, "on_track")

    def test_answer_of_the_complainant_ends_the_waiting(self):
        first = "<first@complainant.example.org>"
        ticket = self.receive(letter({"Message-ID": first}))
        ticket.stage_id = self.env.ref(f"{ADDON}.stage_waiting")

        self.receive(letter(In_Reply_To=first))

        self.assertEqual(ticket.stage_id.kind, "in_progress")
        self.assertFalse(ticket.paused_at)

    def test_closed_tickets_say_whether_it_was_in_time(self):
        ended = self.env.ref(f"{ADDON}.stage_closed")
        early, late = self.new(), self.new()
        with self.at(hours=71):
            early.stage_id = ended
        with self.at(hours=73):
            late.stage_id = ended

        self.assertEqual((early.sla_status, late.sla_status), ("met", "missed"))
        self.assertFalse(early.sla_check_at)
        with self.at(hours=80):
            late.stage_id = self.env.ref(f"{ADDON}.stage_in_progress")
        self.assertEqual(late.reopened_count, 1)
        self.assertEqual(late.sla_status, "breached")

    def test_register_costs_the_watch_nothing(self):
        self.new().stage_id = self.env.ref(f"{ADDON}.stage_closed")
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = self.tickets.sudo()._search(
            [("sla_check_at", "<=", "2026-01-01")], order="sla_check_at, id"
        )
        plan = self.env.execute_query(SQL("EXPLAIN %s", query.select()))

        self.assertIn("sla_check_idx", str(plan))

    # --------------------------------------------------------------------- escalation

    def test_missed_deadline_is_told_to_supervisor_then_managers_once_each(self):
        ticket = self.new()

        self.watch(hours=24)
        self.assertEqual(ticket.escalation_level, 1)
        self.assertEqual(ticket.activity_ids.user_id, self.supervisor)
        self.assertIn("A deadline is missed", ticket.message_ids[0].body)
        self.watch(hours=47)
        self.assertEqual(ticket.escalation_level, 1)

        self.watch(hours=48)
        self.assertEqual(ticket.escalation_level, 2)
        self.assertIn(self.manager, ticket.activity_ids.user_id)
        count = len(ticket.activity_ids)
        for hours in (49, 100, 1000):
            self.watch(hours=hours)
        self.assertEqual(len(ticket.activity_ids), count)

    def test_highly_sensitive_one_is_escalated_at_once_within_its_team(self):
        self.sealed_team.supervisor_id = self.keeper

        ticket = self.new(category_id=self.harassment.id)
        self.watch(hours=24)
        self.watch(hours=72)

        self.assertEqual(ticket.escalation_level, 2)
        self.assertEqual(ticket.activity_ids.user_id, self.keeper)

    # ---------------------------------------------------------------------- cost

    def test_hours_are_looked_up_once_for_any_number_of_tickets(self):
        tickets = self.tickets.create([{"subject": "x"} for _number in range(10)])
        self.env.flush_all()
        self.env.registry.clear_cache()

        statements = []
        execute = type(self.env.cr).execute

        def listen(cursor, query, *args, **kwargs):
            text = getattr(query, "code", query)
            if "grievance_sla" in str(text):
                statements.append(text)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", listen):
            for ticket in tickets:  # as letters do, one after the other
                ticket.severity = "high"
                ticket.flush_recordset()

        self.assertEqual(len(statements), 1, statements)

    def test_changed_hours_hold_at_once(self):
        self.env["grievance.sla"].search(
            [("severity", "=", "low")]
        ).resolution_hours = 7

        ticket = self.ticket(severity="low", received_at=START)

        self.assertEqual(ticket.resolve_by, START + timedelta(hours=7))

    # -------------------------------------------------------------- after it was closed

    def test_late_answer_opens_nothing_but_asks_the_supervisor(self):
        first = "<first@complainant.example.org>"
        ticket = self.receive(letter({"Message-ID": first}))
        ticket.team_id = self.north
        ticket.stage_id = self.env.ref(f"{ADDON}.stage_closed")
        ticket.resolved_at = START - timedelta(days=365)

        self.receive(letter(In_Reply_To=first))

        self.assertTrue(ticket.is_closed)
        self.assertEqual(ticket.activity_ids.user_id, self.supervisor)
