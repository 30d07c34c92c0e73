from markupsafe import Markup

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import plaintext2html

from .grievance_ticket_seal import RANK, SENSITIVE


class GrievanceTicketLetter(models.Model):
    """Letters to the sealed team, from before they are tickets.

    The journal of the mail gateway keeps them from its operators, as long as nobody
    knows what they are about, and for good where they became no ticket.
    """

    _inherit = "grievance.ticket"

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Seal whatever comes to a mailbox that is sealed."""
        if self._intake_mailbox().is_sealed:
            values = dict(custom_values or {})
            wanted = (values.get("sensitivity") or SENSITIVE, SENSITIVE)
            custom_values = {**values, "sensitivity": max(wanted, key=RANK.get)}
        return super().message_new(msg_dict, custom_values=custom_values)

    @api.model
    def _sealed_letters_from(self):
        kept = self.env["grievance.team"]._kept_by_user()
        return ~Domain("company_id", "in", kept)

    @api.model
    def _letter_is_sealed(self, row, facts, values):
        """Look at a letter as at the ticket that it would have become."""
        would_be = {
            **values,
            "subject": facts.subject,
            "description": plaintext2html(facts.text),
        }
        is_sealed = self._with_seal(would_be).get("is_sealed")
        return bool(is_sealed or row.server_id.is_sealed)

    @api.model
    def _tell_of_parked_letter(self, row):
        """Tell the sealed team, by mail or inbox as each of them has it."""
        # sudo: they are told of it, whoever may see the team
        team = self.env["grievance.team"].sudo()._sealed_for(row.company_id)
        people = team._people().filtered("active")
        if not people:
            return
        action = "mail_gateway_plus_grievance.grievance_letter_action"
        body = Markup('<p>%s</p><p><a href="%s">%s</a></p>') % (
            self.env._(
                "A letter that may be for the sealed team did not become a grievance. "
                "Nobody else sees it: please decide what becomes of it."
            ),
            f"{self.get_base_url()}/odoo/action-{action}/{row.id}",
            self.env._("Open the letter"),
        )
        self.env["mail.thread"].message_notify(
            partner_ids=people.partner_id.ids,
            subject=self.env._("A letter waits for the sealed team"),
            body=body,
        )
