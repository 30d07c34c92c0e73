from odoo import models

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
    """Scheduled actions that move mail are never switched off by themselves."""

    _inherit = "ir.cron"

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
