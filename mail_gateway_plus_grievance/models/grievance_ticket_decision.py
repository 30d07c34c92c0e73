from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import consteq, hmac
from odoo.tools.mail import html2plaintext

from ..answers import Answer, read_answer
from .grievance_ticket_handling import DECISIONS

ADDON = "mail_gateway_plus_grievance"
BY_MAIL = ("email", "web")


class GrievanceTicketDecision(models.Model):
    """Telling the complainant the decision, and what they may do against it."""

    _inherit = "grievance.ticket"

    decision_told_at = fields.Datetime(
        string="Decision Told",
        readonly=True,
        copy=False,
        help="When the complainant was told the decision.",
    )
    appeal_by = fields.Date(
        compute="_compute_appeal_by",
        store=True,
        help="Until when the complainant may appeal against the decision.",
    )
    original_ticket_id = fields.Many2one(
        "grievance.ticket",
        string="Appeal against",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The ticket whose decision the complainant does not accept.",
    )
    is_appeal = fields.Boolean(
        compute="_compute_is_appeal", store=True, help="Whether it is an appeal."
    )
    appeal_ids = fields.One2many(
        "grievance.ticket",
        "original_ticket_id",
        string="Appeals",
        help="What was made of the complainant's word that the decision is not right.",
    )
    appeal_count = fields.Integer(
        compute="_compute_appeal_count", help="How many appeals there are."
    )
    satisfaction = fields.Selection(
        [("satisfied", "Satisfied"), ("unsatisfied", "Not Satisfied")],
        readonly=True,
        copy=False,
        tracking=True,
        help="What the complainant says of how the grievance was handled.",
    )
    satisfied_at = fields.Datetime(
        string="Said", readonly=True, copy=False, help="When the complainant said so."
    )

    @api.depends("decision_told_at", "company_id")
    def _compute_appeal_by(self):
        for ticket in self:
            told = ticket.decision_told_at
            days = ticket.company_id.grievance_appeal_days
            ticket.appeal_by = told and fields.Datetime.add(told, days=days).date()

    @api.depends("original_ticket_id")
    def _compute_is_appeal(self):
        for ticket in self:
            ticket.is_appeal = bool(ticket.original_ticket_id)

    @api.depends("appeal_ids")
    def _compute_appeal_count(self):
        for ticket in self:
            ticket.appeal_count = len(ticket.appeal_ids)

    @api.constrains("user_id", "decided_by_id", "original_ticket_id")
    def _check_other_officer(self):
        """Have an appeal decided by somebody who did not decide the first time."""
        # sudo: the original may be out of the reach of whoever takes the appeal
        for ticket in self.sudo():
            first = ticket.original_ticket_id.decided_by_id
            if first and first in ticket.user_id | ticket.decided_by_id:
                raise ValidationError(
                    self.env._(
                        "%s decided the first time. Somebody else has to see to the "
                        "appeal.",
                        first.name,
                    )
                )

    # ------------------------------------------------------------ telling the decision

    def action_tell_decision(self):
        """Tell the complainant the decision, in the way that they came to us."""
        self.check_access("write")
        for ticket in self:
            if not ticket.decision:
                raise UserError(self.env._("Enter the decision first."))
            if ticket.channel in BY_MAIL and ticket.email_normalized:
                ticket._resolve()
                ticket._mail_decision()
            else:
                ticket.activity_schedule(
                    "mail.mail_activity_data_call",
                    summary=self.env._("Tell the complainant the decision"),
                    user_id=(ticket.user_id or self.env.user).id,
                )
        return True

    def action_note_told(self):
        """Note that the complainant was told the decision in person."""
        self.check_access("write")
        for ticket in self:
            if not ticket.decision:
                raise UserError(self.env._("Enter the decision first."))
            ticket._resolve()
            # sudo: nobody enters this otherwise
            ticket.sudo().decision_told_at = fields.Datetime.now()
        self.activity_feedback(["mail.mail_activity_data_call"])
        return True

    def _resolve(self):
        """Bring the ticket into the stage for resolved ones, unless it is closed."""
        stages = self.env["grievance.stage"]
        if not self.is_closed:
            stage = stages.search([("kind", "=", "resolved")], limit=1)
            if stage:
                self.stage_id = stage

    def _mail_decision(self):
        """Queue the mail with the decision; it stands in the conversation."""
        self.ensure_one()
        ticket = self.sudo()  # the template is rendered for the complainant
        ticket.decision_told_at = fields.Datetime.now()
        template = self.env.ref(f"{ADDON}.mail_template_decision").sudo()
        company = ticket.company_id
        reply_to = ticket._notify_get_reply_to(
            default=company.email_formatted, author_id=company.partner_id.id
        )
        template.send_mail(ticket.id, email_values={"reply_to": reply_to[ticket.id]})
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _decision_label(self):
        """Return the decision in the language of the context."""
        self.ensure_one()
        labels = dict(self._fields["decision"]._description_selection(self.env))
        return labels.get(self.decision or DECISIONS[0][0])

    # --------------------------------------------------------------------------- appeal

    def action_appeal(self):
        """Make an appeal of what the complainant says."""
        self.ensure_one()
        self.check_access("write")
        appeal = self._appeal()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": appeal.id,
            "views": [[False, "form"]],
        }

    def action_open_appeals(self):
        """Show the appeals against the decision."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Appeals"),
            "res_model": self._name,
            "domain": [("original_ticket_id", "=", self.id)],
            "views": [[False, "list"], [False, "form"]],
        }

    def _appeal(self, words="", message_id=""):
        """Return a new ticket about the decision on this one.

        :param words: the complainant's, as HTML
        """
        if not self.decision:
            raise UserError(
                self.env._("There is no decision yet that could be appealed against.")
            )
        # sudo: it goes to others than who is at work here
        original = self.sudo()
        values = original._same_matter_values()
        appeal = original.with_context(mail_create_nosubscribe=True).create(
            {
                **values,
                "subject": self.env._("Appeal: %s", original.subject),
                "description": words or original.description,
                "original_ticket_id": original.id,
            }
        )
        original.message_post(body=self.env._("Appeal: %s", appeal.number))
        if message_id and appeal._may_acknowledge():
            appeal._acknowledge(message_id)
        return appeal.sudo(False).with_env(self.env)

    def _same_matter_values(self):
        """Return the values of another ticket about the same matter.

        As sensitive as this one: what is sealed stays so in what follows it.
        """
        copied = (
            "partner_id complainant_name complainant_type complainant_phone email_from "
            "intake_address language channel location programme vulnerability "
            "category_id severity sensitivity concerned_user_ids team_id company_id "
            "has_consent"
        )
        return self._convert_to_write({name: self[name] for name in copied.split()})

    def _mail_gateway_follow_up_values(self):
        # sudo: the gateway asks, whoever has it process the letter
        closed = self.sudo()
        values = closed._same_matter_values()
        del values["language"], values["channel"], values["intake_address"]
        return {**values, "previous_ticket_id": closed.id}

    def _read_answer(self, text):
        """Read what an answer says of the decision (:func:`read_answer`)."""
        if not (self.decision and self.is_closed):
            return None, False
        return read_answer(text)

    def _mail_gateway_stays_closed(self, facts):
        """Leave it closed for an appeal, which is another ticket, and for thanks."""
        answer, goes_on = self._read_answer(facts.text)
        is_thanks = answer is Answer.SATISFIED and not goes_on
        return answer is Answer.APPEAL or is_thanks

    def _take_answer(self, msg_dict):
        """Take the complainant at the word that the answer starts with."""
        text = html2plaintext(msg_dict.get("body") or "")
        answer, goes_on = self._read_answer(text)
        if answer and self._is_hearsay():
            self._ask_about_word(answer)
            answer = None
        if answer is Answer.APPEAL:
            self._appeal(msg_dict.get("body"), msg_dict.get("message_id"))
            return
        if answer:
            self._take_feedback(answer.value)
        if answer is not Answer.SATISFIED or goes_on:
            super()._take_answer(msg_dict)

    def _mail_gateway_followed_up(self, facts):
        """Note here what the complainant says of the decision that was made here."""
        answer, _goes_on = self._read_answer(facts.text)
        if answer and self._is_hearsay():
            self._ask_about_word(answer)
        elif answer:
            self._take_feedback(answer.value)

    @api.model
    def _is_hearsay(self):
        """Say whether nothing shows that the complainant wrote the letter on its way.

        Neither does it answer a letter of ours, or name the ticket signed, nor does
        anything speak for its sender: anybody may have written it who knows the
        complainant's address and the number.
        """
        trace = self._gateway_trace()
        return bool(trace) and trace.is_weakly_led and trace.is_unproven

    def _ask_about_word(self, answer):
        """Have somebody ask the complainant whether the word is theirs."""
        trace = self._gateway_trace()
        trace.notes.append(
            self.env._(
                "Its first word was not taken for the complainant's: it names the "
                "grievance by its number only, and its sender is not verified."
            )
        )
        if answer is not Answer.APPEAL:
            return
        for user in self._superiors():
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Ask the complainant: is this appeal theirs?"),
                user_id=user.id,
            )

    # --------------------------------------------------------------------- satisfaction

    def _feedback_token(self):
        """Return what proves that somebody has the letter with this decision."""
        self.ensure_one()
        env = self.env(su=True)
        return hmac(env, "grievance-feedback", (self.id, str(self.decided_at)))

    def _feedback_url(self):
        self.ensure_one()
        path = f"/grievance/feedback/{self.id}/{self._feedback_token()}"
        return self.get_base_url() + path

    @api.model
    def _of_feedback(self, ticket_id, token):
        """Return the ticket that a link is about, empty if the link is not ours."""
        # sudo: the complainant is nobody here; the token stands for them
        ticket = self.sudo().browse(ticket_id).exists()
        if ticket and ticket.decided_at and consteq(ticket._feedback_token(), token):
            return ticket
        return self.browse()

    def _take_feedback(self, satisfaction):
        """Note what the complainant says of how it was handled."""
        self.write(
            {"satisfaction": satisfaction, "satisfied_at": fields.Datetime.now()}
        )
