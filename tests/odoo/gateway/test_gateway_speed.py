"""How much is asked of the database, and that it has indexes for it. No clocks."""

import gc
from functools import partial
from unittest.mock import patch

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.mail_gateway_plus.core.policy.outcome import Outcome, State, Trace
from odoo.addons.mail_gateway_plus.core.protocols.mailbox import MessageRef
from odoo.addons.mail_gateway_plus.models import (
    mail_gateway_inbound_queue,
    mail_gateway_memo,
)

# Statements for one message in steady state, its journal row and the acknowledgement
# that a grievance is answered with included. What they are, most for each message:
# savepoint and release (2), search for a bounce to reset, for the sender's contact, for
# the sender's other tickets (3), number, stage, ticket, message, followers, reply
# address (8), acknowledgement (6); for a reply its parent and thread instead of a
# ticket; the outcome (1); and a twentieth of all that is done once a batch, such as to
# lock the Message-IDs.
STATEMENTS = 23
SETTLED_ROWS = 100_000


@tagged("post_install", "-at_install")
class TestStatements(GatewayCase):
    def test_message_takes_few_statements(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@home.example"} for n in range(30)]
        )
        server = self.mailbox(FourMethodConnection(*self.letters(range(20))))
        self.fetch(server)
        self.process()
        self.mailbox(FourMethodConnection(*self.letters(range(20, 80), replies=True)))

        self.fetch(server)
        # A busy machine's batches end sooner, and share less.
        no_clock = patch.object(mail_gateway_inbound_queue, "BATCH_SECONDS", 3600)
        with no_clock, self.committing(self.journal) as journal:
            before = journal.env.cr.sql_log_count
            journal._process_queue()
            statements = journal.env.cr.sql_log_count - before

        self.assertEqual(set(self.rows(server).mapped("state")), {"done"})
        replies = self.env["mail.message"].search_count(
            [("author_id", "in", partners.ids), ("subject", "=like", "Re: %")]
        )
        self.assertTrue(replies)
        self.assertLessEqual(statements / 60, STATEMENTS)

    def test_batch_is_journaled_in_few_statements(self):
        server = self.mailbox(FourMethodConnection(*self.letters(range(20))))

        with self.committing(server) as server:
            before = server.env.cr.sql_log_count
            server._fetch_mail()
            statements = server.env.cr.sql_log_count - before

        self.assertEqual(len(self.rows(server)), 20)
        # One by one it would be three for each: row, content, acknowledgement.
        self.assertLess(statements, 40)

    def test_environments_of_a_message_end_with_it(self):
        server = self.mailbox(FourMethodConnection(*self.letters(range(20))))
        self.fetch(server)

        gc.disable()  # which may find them, or may not
        self.addCleanup(gc.enable)
        with self.committing(self.journal) as journal:
            journal._process_queue()
            known = journal.env.transaction.envs
            of_messages = [env for env in known if "mail_gateway_trace" in env.context]

        self.assertEqual(set(self.rows(server).mapped("state")), {"done"})
        self.assertEqual(of_messages, [])

    def test_content_is_compressed_by_the_quicker_method(self):
        self.cr.execute(
            "SELECT 'lz4' = ANY(enumvals) FROM pg_settings"
            " WHERE name = 'default_toast_compression'"
        )
        if self.cr.fetchall() != [(True,)]:
            self.skipTest("this PostgreSQL has no LZ4")
        body = "The street is dark.\n" * 500
        server = self.mailbox(FourMethodConnection(letter("Dark street", body=body)))

        self.fetch(server)

        self.cr.execute("SELECT pg_column_compression(data) FROM mail_gateway_raw")
        self.assertEqual(set(self.cr.fetchall()), {("lz4",)})

    def letters(self, numbers, replies=False):
        """Return letters of senders known and unknown, a third of them replies."""
        for n in numbers:
            sender = f"p{n % 60}@home.example"  # every other one has a contact
            is_reply = replies and n % 3 == 0
            headers = {"In_Reply_To": f"<{n % 20}@home.example>"} if is_reply else {}
            subject = f"{'Re: ' if is_reply else ''}No. {n}"
            yield letter(subject, f"<{n}@home.example>", sender=sender, **headers)


@tagged("post_install", "-at_install")
class TestMemo(GatewayCase):
    """Remembering must not be noticed: what a batch writes, it finds."""

    def setUp(self):
        super().setUp()
        self.domain = self.env["mail.alias.domain"].create({"name": "memo.example"})
        self.aliases = self.env["mail.alias"]
        mail_gateway_memo.begin(self.env)
        self.addCleanup(mail_gateway_memo.end, self.env)

    def find(self, address):
        return self.env["mail.alias.domain"]._find_aliases([address])

    def new_alias(self, name):
        model_id = self.env["ir.model"]._get_id("grievance.ticket")
        return self.aliases.create(
            {
                "alias_name": name,
                "alias_domain_id": self.domain.id,
                "alias_model_id": model_id,
            }
        )

    def test_search_is_made_once(self):
        find = [("alias_name", "=", "grievances")]
        self.aliases.search(find)

        with self.assertQueryCount(0):
            self.aliases.search(find)
            self.aliases.sudo(False).sudo().search(find)

    def test_new_alias_is_found(self):
        self.assertFalse(self.find("late@memo.example"))

        self.new_alias("late")

        self.assertEqual(self.find("late@memo.example"), ["late@memo.example"])

    def test_renamed_and_deleted_alias_is_not_found(self):
        alias = self.new_alias("early")
        self.assertTrue(self.find("early@memo.example"))

        alias.alias_name = "later"
        self.assertFalse(self.find("early@memo.example"))
        self.assertTrue(self.find("later@memo.example"))

        alias.unlink()
        self.assertFalse(self.find("later@memo.example"))

    def test_renamed_domain_is_known(self):
        self.new_alias("here")
        self.assertTrue(self.find("here@memo.example"))

        self.domain.name = "moved.example"

        self.assertFalse(self.find("here@memo.example"))
        self.assertTrue(self.find("here@moved.example"))

    def test_new_contact_is_found(self):
        partners = self.env["res.partner"]
        by_address = [("email_normalized", "=", "amina@home.example")]
        self.assertFalse(partners.search(by_address))

        partner = partners.create({"name": "Amina", "email": "Amina@home.example"})

        self.assertEqual(partners.search(by_address), partner)
        partner.email = "else@home.example"
        self.assertFalse(partners.search(by_address))

    def test_what_a_savepoint_undid_is_not_remembered(self):
        with self.assertRaises(ValueError), self.env.cr.savepoint():
            self.new_alias("undone")
            self.assertTrue(self.find("undone@memo.example"))
            raise ValueError

        self.assertIsNone(mail_gateway_memo.memo_of(self.env))
        mail_gateway_memo.begin(self.env)
        self.assertFalse(self.find("undone@memo.example"))

    def test_senders_of_a_batch_are_looked_up_together(self):
        partners = self.env["res.partner"]
        known = partners.create({"name": "Amina", "email": "amina@home.example"})
        partners._know_senders(["amina@home.example", "bo@home.example"])

        with self.assertQueryCount(0):
            self.assertFalse(
                partners.search([("email_normalized", "=", "bo@home.example")])
            )
        self.assertEqual(
            partners.search([("email_normalized", "in", ["amina@home.example"])]), known
        )
        self.assertTrue(
            partners.search(
                [
                    "|",
                    ("id", "=", known.id),
                    ("email_normalized", "=", "bo@home.example"),
                ]
            )
        )
        new = partners.create({"name": "Bo", "email": "bo@home.example"})
        self.assertEqual(
            partners.search([("email_normalized", "=", "bo@home.example")]), new
        )

    def test_whoever_changes_a_description_of_fields_changes_no_other(self):
        tickets = self.env["grievance.ticket"]

        described = tickets.fields_get()
        described["subject"].clear()
        described.pop("number")

        self.assertTrue(tickets.fields_get()["subject"])
        self.assertTrue("number" in tickets.fields_get())
        self.assertEqual(list(tickets.fields_get(["subject"])), ["subject"])

    def test_sender_who_opened_a_record_is_counted_from_then_on(self):
        limits = self.env["mail.gateway.examination"]._limits()
        now = fields.Datetime.now()
        server = self.mailbox(FourMethodConnection(letter("Dark street")))
        self.fetch(server)
        row = self.rows(server)
        row._know_quiet([row.sender], limits)
        count = partial(row._count_opened, row.sender, row.subject, now, limits)
        with self.assertQueryCount(0):
            self.assertEqual(count(), (0, 0))

        ticket = self.env["grievance.ticket"].create({"subject": "Dark street"})
        trace = Trace(model=ticket._name, record_id=ticket.id)
        trace.identity["has_opened"] = True
        row._note_outcome(Outcome(State.DONE), trace)

        self.assertEqual(count(), (1, 1))

    def test_users_do_not_share_what_they_may_see(self):
        user = self.env["res.users"].create({"name": "U", "login": "memo-user"})
        find = [("login", "in", ["memo-user", "admin"])]
        self.assertEqual(len(self.env["res.users"].search(find)), 2)

        keys = set(mail_gateway_memo.memo_of(self.env))
        self.env["res.users"].with_user(user).search(find)

        self.assertGreater(len(mail_gateway_memo.memo_of(self.env)), len(keys))

    def test_outside_of_a_batch_nothing_is_remembered(self):
        mail_gateway_memo.end(self.env)
        self.find("here@memo.example")

        self.assertIsNone(mail_gateway_memo.memo_of(self.env))

    def test_parent_of_an_alias_is_found(self):
        partner = self.env["res.partner"].create({"name": "Owner"})
        find = [("alias_parent_thread_id", "in", [partner.id])]
        self.assertFalse(self.aliases.search(find))
        with self.assertQueryCount(0):
            self.assertFalse(self.aliases.search([*find, ("alias_name", "!=", False)]))

        alias = self.new_alias("owned")
        alias.alias_parent_thread_id = partner.id

        self.assertEqual(self.aliases.search(find), alias)

    def test_address_is_looked_up_once_for_all_languages(self):
        self.find("late@memo.example")

        with self.assertQueryCount(0):
            domains = self.env["mail.alias.domain"].with_context(lang="fr_FR")
            self.assertFalse(domains._find_aliases(["late@memo.example"]))

    def test_job_is_woken_once_a_batch(self):
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")

        first, second = cron._trigger(), cron._trigger()

        self.assertEqual(first, second)
        later = cron._trigger(at=first.call_at.replace(year=2099))
        self.assertNotEqual(later, first)


@tagged("post_install", "-at_install")
class TestNames(GatewayCase):
    """What a batch found out about its Message-IDs must stay true."""

    def setUp(self):
        super().setUp()
        server = self.mailbox(FourMethodConnection(letter("One", "<1@home.example>")))
        self.fetch(server)
        self.row = self.rows(server)
        self.messages = self.env["mail.message"]
        self.find = [("message_id", "=", "<1@home.example>")]
        self.addCleanup(self.row._forget_unused)

    def test_new_name_is_known_to_be_new(self):
        self.row._lock_message_ids()

        with self.assertQueryCount(0):
            self.assertFalse(self.messages.search(self.find, limit=1))
            self.assertFalse(self.row._lock_message_id("<1@home.example>"))

    def test_created_message_is_found(self):
        self.row._lock_message_ids()

        message = self.messages.create({"message_id": "<1@home.example>"})

        self.assertEqual(self.messages.search(self.find), message)

    def test_renamed_message_is_found(self):
        message = self.messages.create({"message_id": "<2@home.example>"})
        self.row._lock_message_ids()

        message.message_id = "<1@home.example>"

        self.assertEqual(self.messages.search(self.find), message)

    def test_used_name_is_not_taken_for_new(self):
        message = self.messages.create({"message_id": "<1@home.example>"})
        message.flush_recordset()
        self.row._lock_message_ids()

        self.assertEqual(self.messages.search(self.find), message)

    def test_second_message_of_a_name_is_looked_at(self):
        self.row._lock_message_ids()
        self.row._lock_message_id("<1@home.example>")
        self.row.write({"state": "done"})

        self.assertTrue(self.row._lock_message_id("<1@home.example>"))


@tagged("post_install", "-at_install")
class TestIndexes(GatewayCase):
    """With a long history, and the planner left to itself."""

    def settle_many(self, server):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mail_gateway_inbound
                    (server_id, folder, uidvalidity, uid, state, settled_at,
                     acknowledged_at)
                SELECT %s, 'INBOX', '1', n::text, 'done', now(), now()
                  FROM generate_series(1, %s) AS n
                """,
                server.id,
                SETTLED_ROWS,
            )
        )
        self.env.cr.execute("ANALYZE mail_gateway_inbound")

    def plan(self, query):
        return "\n".join(row[0] for row in self.env.execute_query(_explain(query)))

    def test_claim_reads_only_open_rows(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        self.settle_many(server)

        for mailbox in (None, server):
            plan = self.plan(self.journal._claim_query(mailbox, 20))

            self.assertIn("mail_gateway_inbound_queue_idx", plan)
            self.assertNotIn("Seq Scan", plan)

    def test_queue_is_counted_without_the_history(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        self.settle_many(server)
        query = SQL(
            "SELECT count(*) FROM mail_gateway_inbound WHERE %s",
            self.journal._due_condition(None),
        )

        plan = self.plan(query)

        self.assertIn("mail_gateway_inbound_queue_idx", plan)
        self.assertNotIn("Seq Scan", plan)

    def test_what_is_left_to_do_is_found_without_the_history(self):
        server = self.mailbox(failed_folder="Failed")
        self.settle_many(server)

        plan = self.plan(self.journal._chores_query(server))

        for index in ("unacknowledged", "remove", "parked"):
            self.assertIn(f"mail_gateway_inbound_{index}_idx", plan)
        self.assertNotIn("Seq Scan", plan)

    def test_awaited_messages_are_found_by_their_index(self):
        raw = letter(In_Reply_To="<2@home.example>")
        server = self.mailbox(FourMethodConnection(raw))
        self.fetch(server)
        self.settle_many(server)
        rows = self.rows(server).filtered("answers")

        plan = self.plan(rows._awaited_query(rows))

        self.assertIn("mail_gateway_inbound__message_id_index", plan)
        # Odoo's messages are few in this database, and may be read one by one.
        self.assertNotIn("Seq Scan on mail_gateway_inbound", plan)

    def test_known_identities_are_found_by_their_index(self):
        server = self.mailbox()
        self.settle_many(server)
        refs = [MessageRef("INBOX", "1", str(uid)) for uid in range(99_990, 100_010)]

        plan = self.plan(self.journal._known_query(server, refs))

        self.assertIn("mail_gateway_inbound_identity_unique", plan)
        self.assertRegex(plan, r"Index Cond: .*server_id.*folder.*uidvalidity.*uid = ")
        self.assertEqual(len(self.journal._known(server, refs)), 11)

    def test_named_rows_are_found_by_their_index(self):
        server = self.mailbox()
        self.settle_many(server)
        refs = [MessageRef("INBOX", "1", str(uid)) for uid in range(99_990, 100_010)]

        plan = self.plan(self.journal._named_query(server, refs))

        self.assertRegex(plan, r"Index Cond: .*server_id.*folder.*uidvalidity.*uid\b")
        self.assertEqual(len(self.journal._named(server, refs)), 11)

    def test_sender_is_found_by_address(self):
        self.env.cr.execute(
            """
            INSERT INTO res_partner (name, email_normalized, active, type)
            SELECT 'P', 'p' || n || '@home.example', true, 'contact'
              FROM generate_series(1, 20000) AS n
            """
        )
        self.env.cr.execute("ANALYZE res_partner")
        partners = self.env["res.partner"]
        query = partners._search([("email_normalized", "in", ["p5@home.example"])])

        self.assertIn("res_partner_gateway_email_idx", self.plan(query.select()))


def _explain(query):
    return SQL("EXPLAIN %s", query)
