"""Scheduled actions that move mail go on being tried, whatever happens."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase, tagged

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

    def test_success_ends_the_count(self):
        cron, told = self.fail(MAIL_CRONS[0], 5, CompletionStatus.FULLY_DONE)

        self.assertEqual((cron.failure_count, told), (0, []))

    def test_other_jobs_are_switched_off_as_odoo_does(self):
        cron, told = self.fail(OTHER_CRON, failures=5)

        self.assertFalse(cron.active)
        self.assertIn("deactivated", told[0])
