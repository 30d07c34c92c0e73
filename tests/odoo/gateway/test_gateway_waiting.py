"""A reply waits for the message it answers while that is still to be processed."""

from datetime import timedelta

from gateway_case import FourMethodConnection, GatewayCase, letter

from odoo import fields
from odoo.tests import tagged

QUESTION, ANSWER = "<question@home.example>", "<answer@home.example>"


def question(**headers):
    return letter("Broken street light", QUESTION, **headers)


def answer(message_id=ANSWER, to=QUESTION, **headers):
    return letter("Re: Broken street light", message_id, In_Reply_To=to, **headers)


@tagged("post_install", "-at_install")
class TestWaiting(GatewayCase):
    def journal_of(self, *messages):
        """Return the rows of messages that are in the journal and no further."""
        server = self.mailbox(FourMethodConnection(*messages))
        self.fetch(server)
        rows = self.rows(server)
        self.assertEqual(len(rows), len(messages))
        return rows

    def postpone(self, row, **values):
        """Have a row be tried again in ten minutes."""
        later = fields.Datetime.now() + timedelta(minutes=10)
        row.write({"state": "retry", "retry_at": later, **values})
        row.flush_recordset()

    def let_time_pass(self, rows):
        rows.retry_at = fields.Datetime.now()
        rows.flush_recordset()

    def tickets_of(self, rows):
        self.assertEqual(set(rows.mapped("state")), {"done"})
        return set(rows.mapped("res_id"))

    def test_reply_before_its_message_in_one_batch_joins_its_record(self):
        rows = self.journal_of(answer(), question())

        self.process()

        self.assertEqual(len(self.tickets_of(rows)), 1)

    def test_reply_waits_for_a_message_that_is_tried_again_later(self):
        asked, replied = self.journal_of(question(), answer())
        self.postpone(asked)

        self.process()

        self.assertEqual(replied.state, "pending")
        self.assertIn("Waits for the message that it answers", replied.reason)
        self.assertGreater(replied.retry_at, asked.retry_at)
        crons = self.env.ref("mail_gateway_plus.ir_cron_process_inbound")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", crons.id)])
        self.assertIn(replied.retry_at, triggers.mapped("call_at"))

    def test_reply_joins_the_record_once_there_is_one(self):
        rows = asked, replied = self.journal_of(question(), answer())
        self.postpone(asked)
        self.process()
        self.let_time_pass(rows)

        self.process()

        self.assertEqual(len(self.tickets_of(rows)), 1)
        self.assertFalse(replied.reason)

    def test_reply_waits_when_its_message_fails_in_the_same_batch(self):
        asked, replied = self.journal_of(question(), answer())

        def fail(*args, **kwargs):
            raise MemoryError

        self.patch(self.registry["grievance.ticket"], "message_new", fail)
        self.process()

        self.assertEqual(asked.state, "retry")
        self.assertEqual((replied.state, replied.tries), ("pending", 0))

    def test_reply_to_a_reply_that_waits_waits_too(self):
        further = answer("<further@home.example>", to=ANSWER)
        asked, replied, last = self.journal_of(question(), answer(), further)
        self.postpone(asked)

        self.process()

        self.assertEqual((replied.state, last.state), ("pending", "pending"))
        self.assertTrue(last.waiting_since)

    def test_reply_goes_on_when_its_message_is_parked(self):
        asked, replied = self.journal_of(question(), answer())
        self.postpone(asked, state="quarantined")

        self.process()

        self.assertEqual(replied.state, "done")

    def test_reply_goes_on_after_an_hour(self):
        asked, replied = self.journal_of(question(), answer())
        self.postpone(asked)
        replied.waiting_since = fields.Datetime.now() - timedelta(hours=1)
        replied.flush_recordset()

        self.process()

        self.assertEqual(replied.state, "done")

    def test_reply_within_a_known_thread_does_not_wait(self):
        ticket = self.env["grievance.ticket"].create({"subject": "Street light"})
        known = ticket.message_post(body="We look into it.", message_type="email")
        both = f"{known.message_id} {QUESTION}"
        asked, replied = self.journal_of(question(), answer(References=both))
        self.postpone(asked)

        self.process()

        self.assertEqual((replied.state, replied.res_id), ("done", ticket.id))

    def test_two_that_answer_each_other_are_both_processed(self):
        rows = asked, replied = self.journal_of(question(In_Reply_To=ANSWER), answer())
        self.postpone(asked)
        self.process()
        self.assertEqual(replied.state, "done")

        self.let_time_pass(rows)
        self.process()

        self.assertEqual(len(self.tickets_of(rows)), 1)

    def test_message_that_answers_itself_is_processed(self):
        rows = self.journal_of(question(In_Reply_To=QUESTION))

        self.process()

        self.assertEqual(rows.state, "done")

    def test_whoever_had_it_retried_is_still_named(self):
        asked, replied = self.journal_of(question(), answer())
        self.postpone(asked)
        replied.write({"reason": "Retried by Olga Petrova"})
        self.process()
        self.assertTrue(replied.waiting_since)
        self.let_time_pass(replied + asked)

        self.process()

        self.assertEqual(replied.reason, "Retried by Olga Petrova")

    def test_person_who_retries_one_gets_it_at_once(self):
        asked, replied = self.journal_of(question(), answer())
        self.postpone(asked)
        replied.write({"state": "quarantined"})

        replied.action_retry()

        self.assertEqual(replied.state, "done")

    def test_batch_asks_once_and_not_at_all_without_replies(self):
        rows = self.journal_of(*(letter(f"{n}", f"<{n}@x>") for n in range(20)))
        rows.mapped("answers")
        with self.assertQueryCount(0):
            self.assertEqual(rows._ready(), rows)

        replies = self.journal_of(
            *(answer(f"<r{n}@x>", to=f"<s{n}@x>") for n in range(20))
        )
        replies.mapped("answers")
        with self.assertQueryCount(1):
            self.assertEqual(replies._ready(), replies)
