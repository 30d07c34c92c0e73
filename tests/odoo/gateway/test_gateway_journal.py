"""A message is in the journal before its mailbox is told, and ends in plain sight."""

import email
import poplib
from email.policy import SMTP
from unittest.mock import patch

import psycopg2.errors
from gateway_case import FourMethodConnection, GatewayCase, closed_port, letter

from odoo.exceptions import UserError
from odoo.tests import RecordCapturer, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_gateway_plus.core.protocols.mailbox import (
    FetchedMessage,
    MessageRef,
)

FETCH_LOGGER = "odoo.addons.mail_gateway_plus.models.fetchmail_server_fetch"


@tagged("post_install", "-at_install")
class TestJournal(GatewayCase):
    def test_message_is_journaled_before_the_mailbox_forgets_it(self):
        raw = letter()
        connection = FourMethodConnection(raw)
        server = self.mailbox(connection)
        seen = []
        connection.when_handled = lambda: seen.append(len(self.rows(server)))

        self.fetch(server)

        self.assertEqual(seen, [1])
        self.assertFalse(connection.messages)

    def test_journal_keeps_the_exact_bytes(self):
        raw = b"Subject: caf\xe9\x00\r\n\r\n" + bytes(range(256)) * 10_000
        server = self.mailbox(FourMethodConnection(raw))

        self.fetch(server)

        row = self.rows(server)
        self.assertEqual(self.env["mail.gateway.raw"]._read(row.id), raw)
        self.assertEqual(row.size, len(raw))

    def test_row_tells_who_wrote_what(self):
        server = self.mailbox(FourMethodConnection(letter("Dark street")))

        self.fetch(server)

        row = self.rows(server)
        self.assertEqual(row.subject, "Dark street")
        self.assertEqual(row.email_from, "Amina <amina@home.example>")
        self.assertEqual(row.message_id, "<1@home.example>")
        self.assertEqual(row.state, "pending")
        self.assertTrue(row.acknowledged_at)
        self.assertIn("Subject: Dark street", row.headers)

    def test_message_whose_acknowledgement_failed_is_not_journaled_again(self):
        connection = FourMethodConnection(letter())
        server = self.mailbox(connection)

        def lose_connection():
            raise ConnectionResetError("gone")

        connection.when_handled = lose_connection
        with mute_logger(FETCH_LOGGER):
            self.assertIsInstance(self.fetch(server), ConnectionResetError)
        self.assertEqual(len(self.rows(server)), 1)
        self.assertFalse(self.rows(server).acknowledged_at)
        connection.when_handled = lambda: None

        self.assertIsNone(self.fetch(server))

        self.assertEqual(len(self.rows(server)), 1)
        self.assertTrue(self.rows(server).acknowledged_at)
        self.assertFalse(connection.messages)

    def test_acknowledging_a_message_leaves_its_namesake_in_another_folder(self):
        server = self.mailbox()
        there, here = MessageRef("INBOX", "7", "5"), MessageRef("Work", "7", "5")
        self.journal._store(
            server,
            [FetchedMessage(there, letter()), FetchedMessage(here, letter("Other"))],
        )

        self.journal._mark_acknowledged(server, [here])

        told = self.rows(server).filtered("acknowledged_at")
        self.assertEqual(told.folder, "Work")

    def test_one_failing_mailbox_does_not_keep_the_others_from_being_read(self):
        connection = FourMethodConnection(letter())
        failing, healthy = self.mailbox(), self.mailbox()

        def connect(server, allow_archived=False):
            if server.id == failing.id:
                raise TimeoutError("no answer")
            return connection

        with (
            patch.object(self.registry["fetchmail.server"], "_connect__", connect),
            mute_logger(FETCH_LOGGER),
        ):
            self.fetch(failing + healthy)

        self.assertEqual(len(self.rows(healthy)), 1)
        self.assertTrue(failing.error_date)
        self.assertIn("did not answer in time", failing.error_message)
        self.assertEqual(failing.state, "done")
        self.assertFalse(healthy.error_date)

    def test_mailbox_that_waited_longest_is_read_first(self):
        visited = []

        def connect(server, allow_archived=False):
            visited.append(server.name)
            return FourMethodConnection()

        servers = self.mailbox(name="recent", date="2026-02-02 00:00:00")
        servers += self.mailbox(name="never")
        servers += self.mailbox(name="long ago", date="2026-01-01 00:00:00")

        with patch.object(self.registry["fetchmail.server"], "_connect__", connect):
            self.fetch(servers)

        self.assertEqual(visited, ["never", "long ago", "recent"])

    def test_failure_whose_words_cannot_be_stored_is_parked_all_the_same(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)

        with patch.object(
            self.registry["mail.thread"],
            "message_process",
            side_effect=UserError("unknown \0 \udce9"),
        ):
            self.process()

        self.assertEqual(self.rows(server).state, "quarantined")

    def test_mailbox_whose_words_cannot_be_stored_leaves_the_others_their_turn(self):
        connection = FourMethodConnection(letter())
        failing, healthy = self.mailbox(), self.mailbox()

        def connect(server, allow_archived=False):
            if server.id == failing.id:
                raise poplib.error_proto(b"-ERR \0")
            return connection

        with (
            patch.object(self.registry["fetchmail.server"], "_connect__", connect),
            mute_logger(FETCH_LOGGER),
        ):
            self.fetch(failing + healthy)

        self.assertEqual(len(self.rows(healthy)), 1)
        self.assertTrue(failing.error_message)

    def test_fetch_now_tells_what_came(self):
        server = self.mailbox(FourMethodConnection(letter()))

        with self.committing(server) as server:
            action = server.fetch_mail()

        self.assertEqual(action["params"]["title"], "New messages: 1")
        self.assertEqual(action["params"]["message"], "Done: 1")

    def test_fetch_now_tells_what_is_wrong(self):
        server = self.mailbox(port=closed_port())

        with self.committing(server) as server, mute_logger(FETCH_LOGGER):
            with self.assertRaisesRegex(UserError, "Nothing listens on that port"):
                server.fetch_mail()

    def test_fetch_now_works_on_an_empty_journal(self):
        self.journal.search([]).unlink()
        server = self.mailbox(FourMethodConnection(letter()))

        with self.committing(server) as server:
            told = server.fetch_mail()

        self.assertIn("Done: 1", told["params"]["message"])

    def test_failure_is_forgotten_once_the_mailbox_can_be_read(self):
        server = self.mailbox(
            FourMethodConnection(),
            error_date="2026-01-01 00:00:00",
            error_message="Nothing listens on that port.",
        )

        self.fetch(server)

        self.assertFalse(server.error_date)
        self.assertFalse(server.error_message)


@tagged("post_install", "-at_install")
class TestProcessing(GatewayCase):
    def received(self, *messages, **values):
        """Fetch and process messages; return their journal rows."""
        server = self.mailbox(FourMethodConnection(*messages), **values)
        self.fetch(server)
        self.process()
        return self.rows(server)

    def test_L13_attachment_that_the_mailbox_does_not_keep_is_in_the_journal(self):
        message = email.message_from_bytes(letter(), policy=SMTP)
        message.add_attachment(b"plan", maintype="application", subtype="pdf")
        raw = message.as_bytes()

        row = self.received(raw, attach=False)

        ticket = self.env["grievance.ticket"].browse(row.res_id)
        self.assertFalse(ticket.message_ids.attachment_ids)
        self.assertEqual(self.env["mail.gateway.raw"]._read(row.id), raw)

    def test_L13_attachment_that_the_mailbox_does_not_keep_is_named_on_the_record(self):
        message = email.message_from_bytes(letter(), policy=SMTP)
        name = "<b>plan.pdf"
        message.add_attachment(
            b"plan", maintype="application", subtype="pdf", filename=name
        )

        rows = self.received(
            message.as_bytes(), letter(message_id="<2@home.example>"), attach=False
        )

        with_file, without = self.env["grievance.ticket"].browse(rows.mapped("res_id"))
        [note] = with_file.message_ids.filtered(lambda m: "Left out" in m.body)
        self.assertIn("&lt;b&gt;plan.pdf (application/pdf,", note.body)
        self.assertTrue(note.is_internal or note.subtype_id.internal)
        self.assertFalse(without.message_ids.filtered(lambda m: "Left out" in m.body))

    def test_message_becomes_one_record(self):
        row = self.received(letter("Dark street"))

        self.assertEqual(row.state, "done")
        self.assertEqual(row.res_model, "grievance.ticket")
        ticket = self.env["grievance.ticket"].browse(row.res_id)
        self.assertEqual(ticket.subject, "Dark street")
        self.assertEqual(row.record_name, ticket.display_name)

    def test_processing_again_makes_no_second_record(self):
        before = self.env["grievance.ticket"].search_count([])
        self.received(letter())

        self.process()

        self.assertEqual(self.env["grievance.ticket"].search_count([]), before + 1)

    def test_message_known_by_its_id_is_a_duplicate(self):
        message = self.env["mail.message"].create({"message_id": "<1@home.example>"})
        self.assertTrue(message)

        rows = self.received(letter("One"))

        self.assertEqual(rows.mapped("state"), ["duplicate"])
        self.assertIn("Message-ID", rows.reason)

    def test_L7_message_without_a_destination_is_quarantined(self):
        row = self.received(letter(), object_id=False)

        self.assertEqual(row.state, "quarantined")
        self.assertIn("no alias matches", row.reason)

    def test_L3_message_whose_record_cannot_be_made_shows_the_reason(self):
        with self.failing_intake(ValueError("a required value is missing")):
            row = self.received(letter())

        self.assertEqual(row.state, "quarantined")
        self.assertIn("a required value is missing", row.reason)
        self.assertIn("Traceback", row.error_trace)
        self.assertFalse(row.res_id)

    def test_one_bad_message_does_not_harm_its_neighbours(self):
        def intake(model, message, custom_values=None):
            if "Bad" in message["subject"]:
                self.env.cr.execute("SELECT 1/0")
            return real(model, message, custom_values)

        real = self.registry["grievance.ticket"].message_new
        with (
            patch.object(self.registry["grievance.ticket"], "message_new", intake),
            mute_logger("odoo.sql_db"),
        ):
            rows = self.received(
                letter("Good", "<1@x.example>"),
                letter("Bad", "<2@x.example>"),
                letter("Good too", "<3@x.example>"),
            )

        self.assertEqual(rows.mapped("state"), ["done", "quarantined", "done"])

    def test_L2_passing_trouble_of_the_database_is_tried_again_later(self):
        with self.failing_intake(_with_code(psycopg2.errors.SerializationFailure)):
            row = self.received(letter())
        self.assertEqual(row.state, "retry")
        self.assertGreater(row.retry_at, row.fetched_at)

        row.retry_at = row.fetched_at
        self.process()

        self.assertEqual(row.state, "done")

    def test_L18_memory_that_stays_short_ends_in_quarantine(self):
        with self.failing_intake(MemoryError("again")):
            row = self.received(letter())
            for _try in range(5):
                row.retry_at = row.fetched_at
                self.process()

        self.assertEqual(row.state, "quarantined")
        self.assertEqual(row.tries, 6)

    def test_retry_makes_the_record_once_the_cause_is_gone(self):
        with self.failing_intake(ValueError("misconfigured")):
            row = self.received(letter("Dark street"))

        row.action_retry()

        self.assertEqual(row.state, "done")
        self.assertEqual(row.reason, f"Retried by {self.env.user.name}")
        self.assertEqual(row._visible_record().subject, "Dark street")

    def test_retry_of_many_is_left_to_the_scheduler(self):
        rows = self.received(letter(), letter(message_id="<2@x>"), object_id=False)

        with RecordCapturer(self.env["ir.cron.trigger"]) as triggers:
            rows.action_retry()

        self.assertEqual(set(rows.mapped("state")), {"pending"})
        self.assertEqual(
            triggers.records.cron_id,
            self.env.ref("mail_gateway_plus.ir_cron_process_inbound"),
        )

    def test_discard_settles_without_a_record(self):
        row = self.received(letter(), object_id=False)

        row.action_discard()
        self.process()

        self.assertEqual(row.state, "discarded")
        self.assertIn(self.env.user.name, row.reason)
        self.assertFalse(row.res_id)

    def test_done_message_can_be_neither_retried_nor_discarded(self):
        row = self.received(letter())

        row.action_discard()

        self.assertEqual(row.state, "done")
        with self.assertRaisesRegex(Exception, "Nothing to retry"):
            row.action_retry()

    def test_content_is_forgotten_after_its_retention(self):
        done = self.received(letter())
        parked = self.received(letter(message_id="<2@x.example>"), object_id=False)
        done.settled_at = "2026-01-01 00:00:00"

        self.journal._gc_content()

        raw = self.env["mail.gateway.raw"]
        self.env.invalidate_all()
        self.assertFalse(done.has_raw)
        self.assertEqual(raw._read(done.id), b"")
        self.assertTrue(parked.has_raw)
        self.assertTrue(raw._read(parked.id))

    def test_rest_may_come_in_small_pieces(self):
        raw = letter()
        row = self.received(raw)
        row.rest_state = "ordered"

        for piece in (raw[:10], raw[10:30], raw[30:]):
            self.env["mail.gateway.raw"]._append_coming(row.id, piece)
        row._complete_rest()

        self.assertEqual((row.rest_state, row.size), ("fetched", len(raw)))
        self.assertEqual(self.env["mail.gateway.raw"]._read(row.id), raw)

    def test_server_is_not_blamed_for_a_message_that_was_gone_before_its_move(self):
        server = self.mailbox()
        moved, gone = (MessageRef("INBOX", "1", uid) for uid in "12")

        server._note_moved({moved: MessageRef("Done", "2", "1"), gone: None})

        self.assertFalse(server.loses_moved)

    def test_rest_that_nobody_can_fetch_any_more_keeps_no_row(self):
        kept, orphan = self.received(letter()), self.received(letter(message_id="<2>"))
        rows = kept | orphan
        rows.write({"rest_state": "left", "settled_at": "2020-01-01 00:00:00"})
        orphan.server_id = False

        self.journal._gc_rows()

        self.assertEqual(rows.exists(), kept)

    def test_row_is_forgotten_after_its_retention(self):
        done = self.received(letter())
        parked = self.received(letter(message_id="<2@x.example>"), object_id=False)
        done.settled_at = "2020-01-01 00:00:00"

        self.journal._gc_rows()

        self.assertFalse(done.exists())
        self.assertTrue(parked.exists())

    def failing_intake(self, error):
        """Let every new ticket fail with ``error``."""

        def intake(model, message, custom_values=None):
            raise error

        return patch.object(self.registry["grievance.ticket"], "message_new", intake)


def _with_code(error_class):
    """Return a database error as the server sends it: psycopg2 fills in pgcode."""

    class Coded(error_class):
        pgcode = "40001"

    return Coded("could not serialize access")
