from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import email_normalize
from odoo.tools.misc import hmac

from ..core.parsing.wire_form import wire_form
from ..core.policy.fate import Answer, Outcome
from ..core.protocols.smtp_delivery import Phase, Reply

# What the hashes are made for: those of another purpose differ (odoo.tools.misc.hmac).
HASH_SCOPE = "mail_gateway_plus-recipient"


class MailGatewayRecipient(models.Model):
    """One recipient in one attempt: who it was is kept as a keyed hash only."""

    _name = "mail.gateway.recipient"
    _description = "Recipient of a Sending Attempt"
    _order = "id"
    _rec_name = "domain"
    _log_access = False

    attempt_id = fields.Many2one(
        "mail.gateway.attempt",
        required=True,
        ondelete="cascade",
        index=True,
        readonly=True,
        help="The attempt to reach this recipient.",
    )
    mail_id = fields.Many2one(
        "mail.mail",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        groups="base.group_system",
        help="The mail, as long as it exists.",
    )
    address_hash = fields.Char(
        readonly=True,
        index=True,
        help="The address as a keyed hash: it can be searched for, not read back.",
    )
    domain = fields.Char(readonly=True, help="The part of the address after the @.")
    outcome = fields.Selection(
        [
            (Outcome.ACCEPTED.value, "Accepted"),
            (Outcome.REFUSED.value, "Refused"),
            (Outcome.DEFERRED.value, "Put Off"),
            (Outcome.UNCERTAIN.value, "Uncertain"),
            (Outcome.UNTRIED.value, "Not Tried"),
        ],
        required=True,
        readonly=True,
        help="Uncertain: the connection was lost when the server had the mail already.",
    )
    is_settled = fields.Boolean(
        readonly=True, help="No further try is made to reach this recipient."
    )
    code = fields.Integer(readonly=True, help="The reply's code (RFC 5321); 0: none.")
    enhanced_code = fields.Char(
        readonly=True, help="The reply's status code (RFC 3463), if it had one."
    )
    reply = fields.Text(readonly=True, help="What the server said to this recipient.")

    @api.model
    def _hash(self, address):
        """Return the keyed hash of an address, the same however it is written."""
        address = email_normalize(address, strict=False) or address.strip().lower()
        return hmac(self.env(su=True), HASH_SCOPE, wire_form(address))

    @api.model
    def _add(self, attempted):
        """Write down the recipients of attempts; return them in their order.

        :param attempted: for each attempt its id, the mail's, and the answers
        """
        return self.create(
            [
                {
                    "attempt_id": attempt_id,
                    "mail_id": mail_id or False,
                    "address_hash": self._hash(answer.address),
                    "domain": answer.address.rpartition("@")[2].lower(),
                    **self._answer_values(answer),
                }
                for attempt_id, mail_id, answers in attempted
                for answer in answers
            ]
        )

    @api.model
    def _complete(self, recipient_ids, answers):
        """Write the answers over what stood for them; the same ones all at once."""
        alike = defaultdict(list)
        for answer in answers:
            values = self._answer_values(answer)
            alike[tuple(values.items())].append(recipient_ids[answer.address])
        for values, ids in alike.items():
            self.browse(ids).write(dict(values))

    @api.model
    def _answer_values(self, answer):
        return {
            "outcome": answer.outcome.value,
            "is_settled": answer.outcome.is_settled,
            "code": answer.reply.code,
            "enhanced_code": answer.reply.enhanced_code,
            "reply": answer.reply.without([answer.address]).text,
        }

    @api.model
    def _settled(self, mail):
        """Return the rows of those recipients of a mail that are not to be tried again.

        :returns: ``{hash: row}``, the latest of each recipient
        """
        rows = self.search_fetch(
            [("mail_id", "=", mail.id), ("is_settled", "=", True)],
            ["address_hash", "outcome", "code", "reply", "domain"],
            order="id",
        )
        return {row.address_hash: row for row in rows}

    def _as_answer(self):
        """Return what this recipient's server said, as if it had said it just now."""
        reply = Reply(self.code, self.reply or "")
        outcome = Outcome(self.outcome)
        verdict = self._judged(reply) if outcome is Outcome.REFUSED else None
        return Answer(f"…@{self.domain}", outcome, reply, verdict)

    def _judged(self, reply):
        """Return the verdict on a refusal, by the rules as they are now."""
        attempt = self.attempt_id
        said_to_all = (self.code, self.reply) == (attempt.code, attempt.reply)
        phase = Phase(attempt.phase) if said_to_all else Phase.RCPT
        return attempt.server_id._reply_judge()(phase, reply)

    @api.model
    def _note_stopped(self, mail, reason):
        """Write why nobody knows who has a mail whose worker was killed at the dot."""
        attempts = self.env["mail.gateway.attempt"]
        last = attempts.search([("mail_id", "=", mail.id)], limit=1)
        rows = last.recipient_ids.filtered(
            lambda row: row.outcome == Outcome.UNCERTAIN.value
        )
        rows.write({"code": 0, "enhanced_code": False, "reply": reason})

    @api.model
    def _note_arrived(self, mails):
        """Take those for reached of whom nobody knew."""
        rows = self.search(
            [
                ("mail_id", "in", mails.ids),
                ("is_settled", "=", True),
                ("outcome", "=", Outcome.UNCERTAIN.value),
            ]
        )
        rows.write({"outcome": Outcome.ACCEPTED.value})

    @api.model
    def _reopen(self, mails, outcomes):
        """Have recipients with one of these outcomes tried once more."""
        rows = self.search(
            [
                ("mail_id", "in", mails.ids),
                ("is_settled", "=", True),
                ("outcome", "in", [outcome.value for outcome in outcomes]),
            ]
        )
        rows.write({"is_settled": False})
