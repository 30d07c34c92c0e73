"""A mailbox tells day by day what arrived and what became of it."""

from datetime import datetime, timedelta

from freezegun import freeze_time
from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import MessageRef

NOW = datetime(2026, 11, 20, 12)


@tagged("post_install", "-at_install")
class TestDays(GatewayCase):
    def setUp(self):
        super().setUp()
        self.box = self.mailbox()
        self.numbers = iter(range(1000))
        clock = freeze_time(NOW)
        clock.start()
        self.addCleanup(clock.stop)

    def journal_row(self, state, fetched_at=NOW, server=None):
        return self.journal.create(
            {
                "server_id": (server or self.box).id,
                "folder": "INBOX",
                "uid": str(next(self.numbers)),
                "state": state,
                "fetched_at": fetched_at,
            }
        )

    def days(self, **context):
        self.env.invalidate_all()
        days = self.box.with_context(**context).recent_days["days"]
        return {day["date"]: day for day in days}

    def test_last_seven_days_are_shown_the_newest_first(self):
        self.assertEqual(
            list(self.days(tz="UTC")),
            [f"2026-11-{day}" for day in range(20, 13, -1)],
        )

    def test_what_was_journaled_is_told_by_what_became_of_it(self):
        for state in self.journal._fields["state"].get_values(self.env):
            self.journal_row(state)
        self.journal_row("done")

        today = self.days(tz="UTC")["2026-11-20"]

        counts = {"done": 2, "ignored": 3, "quarantined": 1, "waiting": 2}
        self.assertEqual({name: today[name] for name in counts}, counts)
        self.assertEqual(today["journaled"], sum(counts.values()))

    def test_day_begins_at_the_users_midnight(self):
        self.journal_row("done", NOW.replace(hour=22, minute=30) - timedelta(days=1))

        self.assertEqual(self.days(tz="UTC")["2026-11-19"]["done"], 1)
        today = self.days(tz="Africa/Johannesburg")["2026-11-20"]
        self.assertEqual(today["done"], 1)
        self.assertEqual(
            (today["from"], today["until"]),
            ("2026-11-19 22:00:00", "2026-11-20 22:00:00"),
        )

    def test_older_days_and_other_mailboxes_do_not_count(self):
        self.journal_row("done", NOW - timedelta(days=7))
        self.journal_row("done", server=self.mailbox())

        days = self.days(tz="UTC").values()

        self.assertEqual(sum(day["journaled"] for day in days), 0)

    def test_what_a_folder_did_not_hand_out_is_told(self):
        ledgers = self.env["mail.gateway.folder"]
        ledgers._of(self.box, "INBOX").missing_uids = "4 7 9"
        ledgers._of(self.box, "Whole")

        self.assertEqual(
            self.box.recent_days["folders"],
            [{"name": "INBOX", "missing": 3, "uids": "4 7 9"}],
        )

    def note_missing(self, *uids):
        refs = [MessageRef("INBOX", "1", uid) for uid in uids]
        self.env["mail.gateway.folder"]._of(self.box, "INBOX")._note_missing(refs)

    def test_message_not_handed_out_arrived_on_the_day_when_that_was_noted(self):
        self.journal_row("done")
        with freeze_time(NOW - timedelta(days=2)):
            self.note_missing("4", "7")
        self.note_missing("4", "7", "9")  # the others are still missing

        days = self.days(tz="UTC")

        self.assertEqual(days["2026-11-18"]["missing"], 2)
        self.assertEqual(days["2026-11-20"]["missing"], 1)
        self.assertEqual(days["2026-11-20"]["arrived"], 2)
        for day in days.values():
            self.assertEqual(day["arrived"], day["journaled"] + day["missing"])

    def test_message_that_is_handed_out_after_all_is_missing_no_more(self):
        self.note_missing("4", "7")
        self.note_missing("7")

        self.assertEqual(self.days(tz="UTC")["2026-11-20"]["missing"], 1)

    def test_missing_of_before_the_days_were_noted_has_no_day(self):
        ledgers = self.env["mail.gateway.folder"]
        ledgers._of(self.box, "INBOX").missing_uids = "4"

        days = self.days(tz="UTC").values()

        self.assertEqual(sum(day["missing"] for day in days), 0)

    def test_new_mailbox_has_no_days(self):
        self.assertFalse(self.env["fetchmail.server"].new({}).recent_days)

    def test_message_that_comes_is_counted_at_once(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        self.process()

        self.assertEqual(server.recent_days["days"][0]["done"], 1)

    def test_counting_reads_the_days_and_not_the_history(self):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mail_gateway_inbound
                    (server_id, folder, uidvalidity, uid, state, fetched_at)
                SELECT %s, 'INBOX', '1', n::text, 'done',
                       timestamp '2026-11-20' - n * interval '10 minutes'
                  FROM generate_series(1, 50000) AS n
                """,
                self.box.id,
            )
        )
        self.env.cr.execute("ANALYZE mail_gateway_inbound")
        rows = self.journal._search(
            [
                ("server_id", "=", self.box.id),
                ("fetched_at", ">=", NOW - timedelta(days=7)),
            ],
            order="id",
        )
        plan = self.env.execute_query(SQL("EXPLAIN %s", rows.select()))

        self.assertIn("mail_gateway_inbound_day_idx", str(plan))
        self.box._count_days()  # who we are is known by now
        with self.assertQueryCount(1):
            self.box._count_days()
