"""Each mailbox is read in its own time; a failing one is never silently given up."""

from datetime import timedelta
from unittest.mock import patch

from gateway_case import FourMethodConnection, GatewayCase

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail_gateway_plus.models.fetchmail_server_turn import Turn

FETCH_LOGGER = "odoo.addons.mail_gateway_plus.models.fetchmail_server_fetch"


@tagged("post_install", "-at_install")
class TestPolling(GatewayCase):
    def run_cron(self):
        """Fetch as the scheduler does; return the names of the mailboxes read."""
        visited = []

        def connect(server, allow_archived=False):
            visited.append(server.name)
            if "failing" in server.name:
                raise TimeoutError("no answer")
            return FourMethodConnection()

        servers = self.env["fetchmail.server"].search([("state", "=", "done")])
        cron = self.env.ref("mail.ir_cron_mail_gateway_action")
        with (
            patch.object(self.registry["fetchmail.server"], "_connect__", connect),
            mute_logger(FETCH_LOGGER),
        ):
            self.fetch(servers.with_context(cron_id=cron.id))
        return visited

    def test_mailbox_without_an_interval_is_read_at_every_run(self):
        self.mailbox(name="box")

        self.assertEqual(self.run_cron() + self.run_cron(), ["box", "box"])

    def test_mailbox_with_an_interval_waits_for_it(self):
        server = self.mailbox(name="box", poll_minutes=30)
        self.run_cron()

        self.assertEqual(self.run_cron(), [])

        server.next_poll_at = fields.Datetime.now() - timedelta(minutes=1)
        self.assertEqual(self.run_cron(), ["box"])

    def test_when_time_is_over_others_begin_only_while_an_early_one_lasts(self):
        early, late = self.mailbox(name="early"), self.mailbox(name="late")
        turn = Turn(500, 2, float("inf"), early.browse())
        turn.begin(early)

        turn.has_time = False
        self.assertTrue(turn.may_begin)
        self.assertFalse(turn.may_go_on(early))

        turn.begin(late)
        self.assertTrue(turn.may_go_on(late))

        turn.end(early)
        self.assertFalse(turn.may_begin)
        self.assertFalse(turn.may_go_on(late))

    def test_mailbox_that_was_deleted_meanwhile_ends_no_run(self):
        deleted, other = self.mailbox(name="deleted"), self.mailbox(name="other")
        turn = Turn(500, 2, float("inf"), other.browse())
        deleted.unlink()

        self.assertEqual(list(deleted.with_context(cron_id=1)._poll(turn)), [])

        self.assertEqual(turn.remaining, 1)

    def test_fetch_now_does_not_wait(self):
        server = self.mailbox(FourMethodConnection(), poll_minutes=30)
        self.fetch(server)
        before = server.next_poll_at
        server.next_poll_at = before + timedelta(minutes=1)

        self.fetch(server)

        self.assertLess(server.next_poll_at, before + timedelta(minutes=1))

    def test_K8_scheduler_is_woken_for_the_mailbox_that_is_due_next(self):
        server = self.mailbox(name="box", poll_minutes=30)
        self.run_cron()

        cron = self.env.ref("mail.ir_cron_mail_gateway_action")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(server.next_poll_at, triggers.mapped("call_at"))

    def test_mailbox_without_an_interval_does_not_wake_the_scheduler(self):
        cron = self.env.ref("mail.ir_cron_mail_gateway_action")
        self.mailbox(name="box")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()

        self.run_cron()

        self.assertFalse(
            self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        )

    def test_K1_failing_mailbox_backs_off_and_leaves_the_others_their_turn(self):
        failing = self.mailbox(name="failing")
        self.mailbox(name="healthy")

        self.assertEqual(set(self.run_cron()), {"failing", "healthy"})
        self.assertEqual(self.run_cron(), ["healthy"])

        self.assertGreater(failing.next_poll_at, fields.Datetime.now())
        self.assertEqual(failing.failure_count, 1)

    def test_L14_mailbox_that_fails_for_weeks_goes_on_being_tried(self):
        failing = self.mailbox(name="failing", error_date="2026-01-01 00:00:00")

        for _run in range(5):
            failing.next_poll_at = False
            self.run_cron()

        self.assertEqual(failing.state, "done")
        self.assertEqual(str(failing.error_date), "2026-01-01 00:00:00")
        wait = failing.next_poll_at - fields.Datetime.now()
        self.assertLess(wait, timedelta(hours=2))

    def test_L14_confirming_again_forgets_the_failures(self):
        server = self.mailbox(
            FourMethodConnection(),
            error_date="2026-01-01 00:00:00",
            failure_count=50,
            next_poll_at="2030-01-01 00:00:00",
        )

        server.button_confirm_login()

        self.assertFalse(server.error_date or server.failure_count)
        self.assertFalse(server.next_poll_at)

    def test_administrators_are_told_once_and_by_two_ways(self):
        failing = self.mailbox(name="failing mailbox")
        mails = self.env["mail.mail"].search([])

        for _run in range(5):
            failing.next_poll_at = False
            self.run_cron()

        admin = self.env.ref("base.user_admin")
        told = failing.alert_ids.user_id
        self.assertEqual(told & admin, admin)
        self.assertEqual(len(failing.alert_ids), len(told))
        mail = self.env["mail.mail"].search([]) - mails
        self.assertEqual(mail.subject, "The mailbox failing mailbox cannot be read")
        self.assertIn(admin.partner_id, mail.recipient_ids)
        self.assertIn("did not answer in time", mail.body_html)

    def test_alert_goes_when_the_mailbox_can_be_read_again(self):
        failing = self.mailbox(name="failing mailbox")
        for _run in range(3):
            failing.next_poll_at = False
            self.run_cron()
        self.assertTrue(failing.alert_ids)

        failing.write({"name": "mended", "next_poll_at": False})
        self.run_cron()

        self.assertFalse(failing.alert_ids)
        self.assertEqual(failing.failure_count, 0)

    def test_K7_scheduled_action_that_finds_no_mailbox_stays_switched_on(self):
        cron = self.env.ref("mail.ir_cron_mail_gateway_action")
        progress = self.env["ir.cron.progress"].create({"cron_id": cron.id})
        server = self.mailbox(name="box", state="draft")
        context = {"cron_id": cron.id, "ir_cron_progress_id": progress.id}

        with self.committing(server.with_context(**context)) as server:
            server._fetch_mails()

        self.assertFalse(progress.deactivate)
