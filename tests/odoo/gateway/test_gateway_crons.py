"""Scheduled actions that move mail go on being tried, whatever happens."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_cron import CompletionStatus

MAIL_CRONS = [
    "mail.ir_cron_mail_scheduler_action",
    "mail.ir_cron_mail_gateway_action",
    "mail_gateway_plus.ir_cron_process_inbound",
    "mail_gateway_plus.ir_cron_process_outgoing_2",
    "mail_gateway_plus.ir_cron_probe_servers",
]
OTHER_CRON = "base.autovacuum_job"


@tagged("post_install", "-at_install")
class TestMailCrons(TransactionCase):
    def fail(self, name, failures=1, status=CompletionStatus.FAILED):
        """Have a scheduled action come to this end; return what was told to whom."""
        cron = self.env.ref(name)
        job = {
            "id": cron.id,
            "cron_name": cron.name,
            "active": True,
            "failure_count": failures - 1,
            "first_failure_date": fields.Datetime.subtract(
                fields.Datetime.now(), days=8
            ),
        }
        told = []
        cron_class = self.registry["ir.cron"]
        with patch.object(cron_class, "_notify_admin", lambda _c, m: told.append(m)):
            self.env["ir.cron"]._update_failure_count(job, status)
        cron.invalidate_recordset()
        return cron, told

    def test_O7_mail_job_that_fails_for_a_week_stays_switched_on(self):
        for name in MAIL_CRONS:
            with self.subTest(name):
                cron, told = self.fail(name, failures=5)

                self.assertTrue(cron.active)
                self.assertEqual(cron.failure_count, 5)
                self.assertIn("5 times", told[0])

    def test_O7_administrators_are_told_now_and_then(self):
        self.assertFalse(self.fail(MAIL_CRONS[0], failures=4)[1])
        self.assertEqual(len(self.fail(MAIL_CRONS[0], failures=10)[1]), 1)

    def test_O7_mail_job_that_was_killed_three_times_is_not_passed_over(self):
        self.assertEqual(self.run_after_kills(MAIL_CRONS[0]), 1)

    @mute_logger("odoo.addons.base.models.ir_cron")
    def test_other_job_that_was_killed_three_times_is_passed_over_as_odoo_does(self):
        self.assertEqual(self.run_after_kills(OTHER_CRON), 0)

    def run_after_kills(self, name):
        """Return how often a job is run that has come to no end three times."""
        cron_class, runs = self.registry["ir.cron"], []
        job = cron_class._acquire_one_job(
            self.env.cr, self.env.ref(name).id, include_not_ready=True
        )
        progress = self.env["ir.cron.progress"].create({"cron_id": job["id"]})
        job = {**job, "timed_out_counter": 3, "done": 0, "progress_id": progress.id}

        def run(job):
            runs.append(job)
            return CompletionStatus.FULLY_DONE

        with patch.object(cron_class, "_run_job", run):
            cron_class._process_job(self.env.cr, job)
        return len(runs)

    def test_success_ends_the_count(self):
        cron, told = self.fail(MAIL_CRONS[0], 5, CompletionStatus.FULLY_DONE)

        self.assertEqual((cron.failure_count, told), (0, []))

    def test_other_jobs_are_switched_off_as_odoo_does(self):
        cron, told = self.fail(OTHER_CRON, failures=5)

        self.assertFalse(cron.active)
        self.assertIn("deactivated", told[0])
