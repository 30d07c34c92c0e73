from odoo import api, fields, models

from ..core.parsing.delivery_report import DELIVERED, FAILED
from ..core.policy.fate import Outcome

BOUNCED = "bounced"


class MailMail(models.Model):
    """A mail of which a report came after it was sent."""

    _inherit = "mail.mail"

    failure_type = fields.Selection(selection_add=[("mail_bounce", "Bounced")])

    @api.model
    def _gateway_selection_cause(self):
        return [*super()._gateway_selection_cause(), (BOUNCED, self.env._("Bounced"))]

    def _gateway_note_report(self, reported):
        """List mail that bounced with what failed; settle uncertain mail that came.

        What still waits for other recipients is left alone: how it ended for this one
        is counted when it ends for all.
        """
        for mail in self:
            if reported.action == FAILED and mail.state in ("sent", "uncertain"):
                mail.write(
                    {
                        "state": "exception",
                        "failure_type": "mail_bounce",
                        "failure_reason": f"{reported.address}: {reported.words}",
                        "gateway_cause": BOUNCED,
                        "dead_letter_at": fields.Datetime.now(),
                    }
                )
            elif reported.action == DELIVERED and mail.state == "uncertain":
                if not mail._gateway_is_uncertain():
                    mail.action_it_arrived()

    def _gateway_is_uncertain(self):
        """Say whether there is a recipient of whom nobody knows."""
        rows = self.env["mail.gateway.recipient"]._settled(self)
        return any(row.outcome == Outcome.UNCERTAIN.value for row in rows.values())
