"""A message becomes a record once, whatever it is called and however often it comes.

The tests are named after the defects of Odoo that they show to be gone.
"""

from unittest.mock import patch

import psycopg2.errors
from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

CAME_TO = b"Delivered-To: %s\r\nReceived: from a by b for %s; Mon, 2 Nov 2026\r\n"


@tagged("post_install", "-at_install")
class TestIdentity(GatewayCase):
    def received(self, *messages, **values):
        """Fetch and process messages; return their journal rows."""
        server = self.mailbox(FourMethodConnection(*messages), **values)
        self.fetch(server)
        self.process()
        return self.rows(server)

    def ticket(self, row):
        self.assertEqual(row.state, "done", row.error_trace or row.reason)
        return self.env["grievance.ticket"].browse(row.res_id)

    # ------------------------------------------------------------------- the parser

    def test_L8_unreadable_headers_and_texts_become_records(self):
        part = b"\r\nContent-Type: text/plain; charset=%s\r\n\r\nGr\xfc\xdfe\r\n"
        rows = self.received(
            b"To: unlisted-recipients:; (no To-header on input)\r\n\r\ngroup",
            b"From: =?utf-8?q?A=0D=0AB?= <a@x.example>\r\n\r\nname",
            b"Subject: a\0b =?utf-8?q?c=00d?=\r\n\r\nNUL",
            b"Message-ID: <>\r\n\r\nempty",
            b"Message-ID: <[1@microsoft.com]>\r\n\r\nbrackets",
            *(b"X-Nr: 1" + part % c for c in (b"x-unknown", b"unknown-8bit", b"")),
            b"Content-Type: text/plain; charset=utf-8\r\n\r\nbo\0dy",
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ncut o",
            b"Content-Type: multipart/mixed\r\n\r\nno boundary",
            b"Content-Type: message/rfc822\r\n\r\n",
            b"",
        )

        self.assertEqual(set(rows.mapped("state")), {"done"}, rows.mapped("reason"))
        self.assertEqual(len(set(rows.mapped("res_id"))), 13)
        self.assertTrue(all(rows.mapped("mend_notes")))

    def test_L8_wrong_charset_is_read_right(self):
        row = self.received(
            b"Message-ID: <1@x>\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\n"
            + "Grüße aus Köln".encode()
        )

        self.assertIn("Grüße aus Köln", self.ticket(row).description)
        self.assertIn("x-unknown", row.mend_notes)

    def test_L8_original_is_kept_byte_for_byte(self):
        raw = (
            b"Message-ID: <1@x>\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n"
            b"\r\n\x1b$B\xff\xfe broken"
        )

        row = self.received(raw, original=True)

        original = self.ticket(row).message_ids.attachment_ids.filtered(
            lambda attachment: attachment.name == "original_email.eml"
        )
        self.assertEqual(original.raw, raw)

    def test_clean_message_carries_no_notes(self):
        row = self.received(letter())

        self.assertFalse(row.mend_notes)
        self.assertEqual(row.used_message_id, row.message_id)

    def test_winmail_dat_is_unpacked_where_the_library_is(self):
        content = b"\x78\x9f\x3e\x22 and more"
        raw = (
            b"Message-ID: <1@x>\r\nContent-Type: application/ms-tnef\r\n"
            b'Content-Disposition: attachment; filename="winmail.dat"\r\n\r\n'
        ) + content
        place = "odoo.addons.mail_gateway_plus.models.mail_thread.unpack"

        with patch(place, return_value=[("plan.pdf", b"%PDF")]):
            unpacked = self.received(raw)
        with patch(place, return_value=[]):
            left = self.received(raw.replace(b"<1@x>", b"<2@x>"))

        names = [
            self.ticket(row).message_ids.attachment_ids.mapped("name")
            for row in (unpacked, left)
        ]
        self.assertEqual(names, [["plan.pdf"], ["winmail.dat"]])

    def test_L6_number_instead_of_a_message_is_not_taken_for_one(self):
        # What Odoo's own connection yields on an unsolicited FETCH (FLAGS …).
        connection = FourMethodConnection(65)
        server = self.mailbox(connection)

        with mute_logger("odoo.addons.mail_gateway_plus.models.fetchmail_server"):
            self.assertIsInstance(self.fetch(server), TypeError)

        self.assertTrue(connection.messages, "the mailbox was told that we hold it")
        self.assertFalse(self.rows(server))
        self.assertTrue(server.error_date)

    # ----------------------------------------------------------------- the identity

    def test_I1_message_without_an_id_stays_one_when_it_is_fetched_again(self):
        raw = letter(Date="Mon, 02 Nov 2026 10:00:00 +0000").replace(
            b"Message-ID: <1@home.example>\n", b""
        )
        self.assertNotIn(b"Message-ID", raw)
        first = self.received(raw)

        # As after a change of UIDVALIDITY: another mailbox row, the same content.
        again = self.received(raw)

        self.assertEqual((first.state, again.state), ("done", "duplicate"))
        self.assertIn("no usable Message-ID", first.mend_notes)

    def test_I1_messages_without_id_and_date_differ_by_their_way(self):
        rows = self.received(
            b"Received: at 10:00\r\nSubject: disk full\r\n\r\nsame",
            b"Received: at 11:00\r\nSubject: disk full\r\n\r\nsame",
        )

        self.assertEqual(rows.mapped("state"), ["done", "done"])

    def test_L12_same_id_with_other_content_becomes_a_record(self):
        rows = self.received(letter("One"), letter("Other"))

        subjects = [self.ticket(row).subject for row in rows]
        self.assertEqual(subjects, ["One", "Other"])
        self.assertEqual(rows[1].message_id, "<1@home.example>")
        self.assertNotEqual(rows[1].used_message_id, "<1@home.example>")
        self.assertIn("had its Message-ID before", rows[1].mend_notes)

    def test_L12_other_content_that_comes_twice_stays_one(self):
        self.received(letter("One"), letter("Other"))

        again = self.received(letter("Other"), letter("One"))

        self.assertEqual(again.mapped("state"), ["duplicate", "duplicate"])

    def test_L12_changed_copy_of_a_letter_joins_its_record(self):
        date = {"Date": "Mon, 02 Nov 2026 10:00:00 +0000"}
        rows = self.received(
            letter(**date), letter("[list] Street light", body="A footer.", **date)
        )

        self.assertEqual(self.ticket(rows[1]), self.ticket(rows[0]))
        self.assertIn("joins the same record", rows[1].mend_notes)

    def test_L12_copy_in_another_mailbox_is_a_duplicate_by_default(self):
        self.received(CAME_TO % (b"a@x", b"a@x") + letter())

        copy = self.received(CAME_TO % (b"b@x", b"b@x") + letter())

        self.assertEqual(copy.state, "duplicate")

    def test_L12_copy_in_another_mailbox_is_a_record_where_chosen(self):
        first = self.received(CAME_TO % (b"a@x", b"a@x") + letter())
        raw = CAME_TO % (b"b@x", b"b@x") + letter()
        second = self.mailbox(
            FourMethodConnection(raw, b"X-Again: 1\n" + raw), duplicate_policy="mailbox"
        )
        self.fetch(second)
        self.process()

        copy, again = self.rows(second)
        self.assertNotEqual(self.ticket(copy), self.ticket(first))
        self.assertEqual(again.state, "duplicate")

    def test_answer_to_the_first_of_two_equal_ids_comes_to_its_record(self):
        rows = self.received(letter("One"), letter("Other"))

        answer = self.received(
            letter("Re: One", "<2@home.example>", In_Reply_To="<1@home.example>")
        )

        self.assertEqual(self.ticket(answer), self.ticket(rows[0]))

    # ------------------------------------------------------------------ two workers

    def test_I2_second_worker_waits_for_the_first(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        row = self.rows(server)
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
                ["<1@home.example>"],
            )
            self.env.cr.execute("SET LOCAL lock_timeout = '100ms'")
            row._process()
            self.assertEqual(row.state, "retry")
            self.assertIn("lock timeout", row.reason)
            other.rollback()

        row._process()

        self.assertEqual(row.state, "done")

    def test_I2_worker_whose_view_is_old_begins_anew(self):
        server = self.mailbox(FourMethodConnection(letter()))
        self.fetch(server)
        row = self.rows(server)
        counts = iter([0, 1])

        with (
            patch.object(
                self.registry["mail.gateway.inbound"],
                "_count_known",
                lambda journal, cr, message_id: next(counts),
            ),
            self.assertRaises(psycopg2.errors.SerializationFailure),
        ):
            row._process()

        self.assertEqual(row.state, "pending")
        self.assertFalse(row.tries)
