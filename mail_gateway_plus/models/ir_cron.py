from odoo import SUPERUSER_ID, api, models

from odoo.addons.base.models.ir_cron import (
    MIN_FAILURE_COUNT_BEFORE_DEACTIVATION,
    CompletionStatus,
)

MAIL_MODELS = {
    "fetchmail.server",
    "ir.mail_server",
    "mail.gateway.inbound",
    "mail.mail",
}


class IrCron(models.Model):
    """Scheduled actions that move mail are never switched off or passed over."""

    _inherit = "ir.cron"

    @classmethod
    def _process_job(cls, cron_cr, job):
        """Run a job that moves mail also when it was killed three times in a row.

        Odoo takes that for a job that never ends and leaves it out until its next turn,
        which is an hour for the queue. Ours end in time, and find out and park what
        kills them; who restarts Odoo several times must not have mail wait for it.
        """
        env = api.Environment(cron_cr, SUPERUSER_ID, {})
        if env[cls._name]._moves_mail(job):
            job = {**job, "timed_out_counter": 0}
        return super()._process_job(cron_cr, job)

    def _update_failure_count(self, job, status):
        """Have a job that fails go on being tried; tell administrators now and then.

        Odoo switches one off that has failed for a week: from then on no mail comes or
        goes, and nothing shows it.
        """
        if status is not CompletionStatus.FAILED or not self._moves_mail(job):
            return super()._update_failure_count(job, status)
        failures = job["failure_count"] + 1
        if failures % MIN_FAILURE_COUNT_BEFORE_DEACTIVATION == 0:
            self._notify_admin(
                self.env._(
                    "The scheduled action %(name)s (%(id)s) has failed %(count)s times "
                    "in a row. It moves mail and goes on being tried. What is wrong "
                    "stands in the server's log.",
                    name=repr(job["cron_name"]),
                    id=job["id"],
                    count=failures,
                )
            )
        # Only a job that has failed for long is switched off.
        return super()._update_failure_count(
            {**job, "first_failure_date": None}, status
        )

    def _moves_mail(self, job):
        return self.browse(job["id"]).model_id.model in MAIL_MODELS
