from odoo import api, fields, models

from ..core.diagnosis.faults import diagnose
from ..core.policy.fate import Answer, Outcome, answers_of
from ..core.protocols.smtp import Phase, phase_of
from ..parameters import kept_since
from .own_transaction import own_transaction

# System parameter, and the days that attempts are kept when it is not set.
RETENTION = ("mail_gateway_plus.attempt_retention_days", 90)
GC_LIMIT = 10_000


class MailGatewayAttempt(models.Model):
    """One try to hand one mail to one server: how far it came and what was said."""

    _name = "mail.gateway.attempt"
    _description = "Sending Attempt"
    _order = "id desc"

    server_id = fields.Many2one(
        "ir.mail_server",
        string="Outgoing Server",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        groups="base.group_system",
        help="The server that was tried.",
    )
    server_name = fields.Char(
        readonly=True, help="The server's name at the time; stays when it is deleted."
    )
    company_id = fields.Many2one(
        "res.company",
        readonly=True,
        index="btree_not_null",
        help="The company of the record that the mail belongs to.",
    )
    mail_id = fields.Many2one(
        "mail.mail",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        groups="base.group_system",
        help="The mail, as long as it exists.",
    )
    message_id = fields.Char(
        string="Message-ID",
        readonly=True,
        index="btree_not_null",
        help="The Message-ID under which the recipient has it.",
    )
    email_from = fields.Char(
        string="From", readonly=True, help="The sender of the envelope."
    )
    recipient_domains = fields.Char(
        readonly=True, help="The domains it was to go to; addresses are not kept."
    )
    recipient_count = fields.Integer(
        string="Recipients", readonly=True, help="How many addresses it was to go to."
    )
    refused_count = fields.Integer(
        string="Refused", readonly=True, help="How many of them the server refused."
    )
    outcome = fields.Selection(
        [
            ("accepted", "Accepted"),
            ("partial", "Partly Accepted"),
            ("failed", "Failed"),
            ("uncertain", "Uncertain"),
        ],
        required=True,
        readonly=True,
        help="Accepted: the server took over the responsibility for the mail. "
        "Uncertain: the connection was lost when the server had the mail already.",
    )
    phase = fields.Selection(
        [
            (Phase.RESOLVE.value, "Host name"),
            (Phase.CONNECT.value, "Connection"),
            (Phase.GREET.value, "Greeting"),
            (Phase.TLS.value, "Encryption"),
            (Phase.AUTH.value, "Login"),
            (Phase.MAIL.value, "Sender"),
            (Phase.RCPT.value, "Recipients"),
            (Phase.DATA.value, "Content"),
            (Phase.DOT.value, "End of content"),
            (Phase.ACCEPTED.value, "Accepted"),
        ],
        required=True,
        readonly=True,
        help="How far the dialogue with the server came.",
    )
    code = fields.Integer(readonly=True, help="The reply's code (RFC 5321); 0: none.")
    enhanced_code = fields.Char(
        readonly=True, help="The reply's status code (RFC 3463), if it had one."
    )
    reply = fields.Text(readonly=True, help="What the server said, or what went wrong.")
    queue_id = fields.Char(
        string="Queue ID",
        readonly=True,
        help="The name under which the server queued it, to look up in its log.",
    )
    tls_version = fields.Char(
        string="TLS", readonly=True, help="The encryption used; empty means none."
    )
    milliseconds = fields.Integer(
        string="Time (ms)",
        readonly=True,
        aggregator="avg",
        help="How long handing over took, without connecting.",
    )
    queued_at = fields.Datetime(
        string="Queued", readonly=True, help="Since when the mail was due to be sent."
    )
    queue_seconds = fields.Integer(
        string="Time in Queue (s)",
        readonly=True,
        aggregator="avg",
        help="From when the mail was due until a server accepted it.",
    )
    res_model = fields.Char(
        string="Record Type", readonly=True, help="The model of the mail's record."
    )
    res_id = fields.Many2oneReference(
        string="Record ID",
        model_field="res_model",
        readonly=True,
        help="The record that the mail belongs to.",
    )

    recipient_ids = fields.One2many(
        "mail.gateway.recipient",
        "attempt_id",
        readonly=True,
        help="What the server said to each recipient.",
    )
    recipient_address = fields.Char(
        string="Recipient",
        compute="_compute_recipient_address",
        search="_search_recipient_address",
        help="To search by: addresses are kept as keyed hashes only.",
    )

    _create_date_idx = models.Index("(create_date)")

    @api.depends("server_name", "create_date")
    def _compute_display_name(self):
        for attempt in self:
            moment = fields.Datetime.context_timestamp(attempt, attempt.create_date)
            attempt.display_name = f"{attempt.server_name}, {moment:%Y-%m-%d %H:%M:%S}"

    def _compute_recipient_address(self):
        self.recipient_address = False

    def _search_recipient_address(self, operator, value):
        """Find the attempts to reach an address, written out in full."""
        if operator not in ("=", "ilike", "in"):
            return NotImplemented
        addresses = [value] if isinstance(value, str) else list(value)
        hashed = [self.env["mail.gateway.recipient"]._hash(a) for a in addresses if a]
        return [("recipient_ids.address_hash", "in", hashed)]

    @api.model
    def _record(self, origin, session, delivery, answers):
        """Write down what became of one message, and of each of its recipients.

        :param origin: the values of server and mail
        :param answers: fate.Answer of each recipient
        """
        attempt = self.create(
            {
                **origin,
                **self._envelope_values(session, delivery),
                **self._result_values(delivery, origin.get("queued_at")),
            }
        )
        recipients = self.env["mail.gateway.recipient"]
        recipients._add([(attempt.id, origin["mail_id"], answers)])
        return attempt

    @api.model
    def _record_open(self, opened):
        """Write down that final dots are next: from here on mails may have been sent.

        :param opened: for each message the values of server and mail, the session and
            the delivery
        :returns: for each the ids of the attempt and, by address, of its recipients,
            and since when the mail was due
        """
        attempts = self.create(
            [
                {
                    **origin,
                    **self._envelope_values(session, delivery),
                    **self._result_values(delivery),
                    "outcome": "uncertain",
                    "phase": Phase.DOT.value,
                }
                for origin, session, delivery in opened
            ]
        )
        rows = self.env["mail.gateway.recipient"]._add(
            [
                (attempt_id, origin["mail_id"], _open_answers(delivery))
                for attempt_id, (origin, _session, delivery) in zip(
                    attempts.ids, opened, strict=True
                )
            ]
        )
        ids = iter(rows.ids)
        return [
            (
                attempt_id,
                {address: next(ids) for address in delivery.recipients},
                origin.get("queued_at"),
            )
            for attempt_id, (origin, _session, delivery) in zip(
                attempts.ids, opened, strict=True
            )
        ]

    @api.model
    def _record_answers(self, opened, delivery, answers):
        """Complete what :meth:`_record_open` wrote, and returned as ``opened``."""
        attempt_id, recipient_ids, queued_at = opened
        self.browse(attempt_id).write(self._result_values(delivery, queued_at))
        self.env["mail.gateway.recipient"]._complete(recipient_ids, answers)

    @api.model
    def _envelope_values(self, session, delivery):
        domains = sorted({a.rpartition("@")[2].lower() for a in delivery.recipients})
        return {
            "message_id": delivery.message_id,
            "email_from": delivery.sender,
            "recipient_domains": ", ".join(domains),
            "recipient_count": len(delivery.recipients),
            "tls_version": session.tls_version,
        }

    @api.model
    def _result_values(self, delivery, queued_at=None):
        values = {}
        if delivery.accepted and queued_at:
            waited = (fields.Datetime.now() - queued_at).total_seconds()
            values["queue_seconds"] = max(round(waited), 0)
        outcome = "uncertain" if delivery.is_uncertain else "failed"
        if delivery.accepted:
            outcome = "partial" if delivery.refused else "accepted"
        return {
            "refused_count": len(delivery.refused),
            "outcome": outcome,
            "phase": delivery.phase.value,
            "code": delivery.reply.code,
            "enhanced_code": delivery.reply.enhanced_code,
            "reply": delivery.told,
            "queue_id": delivery.reply.queue_id,
            "milliseconds": round(delivery.seconds * 1000),
            **values,
        }

    @api.model
    def _record_delivery(self, server, dispatch, session, delivery):
        """Write down what became of one message that a caller sent by itself."""
        origin = {
            **self._server_values(server),
            **self._mail_values(dispatch and dispatch.current_mail_id),
        }
        answers = answers_of(delivery, server._reply_judge())
        if dispatch:
            dispatch.answers.extend(answers)
        # It happened, whether the caller's transaction is rolled back or not.
        with own_transaction(self.env) as env:
            if origin["mail_id"]:
                # The mail may have been created by that transaction.
                origin["mail_id"] = (
                    env["mail.mail"].browse(origin["mail_id"]).exists().id
                )
            return env[self._name]._record(origin, session, delivery, answers)

    @api.model
    def _record_unreachable(self, server, dispatch, error):
        """Write down, for each mail of the batch, that no session came about."""
        mail_ids = (dispatch and dispatch.mail_ids) or (0,)
        return self._record_unreached(server, mail_ids, error)

    @api.model
    def _record_unreached(self, server, mail_ids, error):
        """Write down, for each of these mails, that no session came about."""
        reply = diagnose(error).detail
        return self.create(
            [
                {
                    **self._server_values(server),
                    **self._mail_values(mail_id),
                    "outcome": "failed",
                    "phase": phase_of(error).value,
                    "code": getattr(error, "smtp_code", 0),
                    "reply": reply,
                }
                for mail_id in mail_ids
            ]
        )

    @api.model
    def _server_values(self, server):
        name = server.name or self.env._("Command line settings")
        return {"server_id": server.id, "server_name": name}

    @api.model
    def _mail_values(self, mail_id):
        mail = self.env["mail.mail"].browse(mail_id or ())
        return {
            "mail_id": mail.id,
            "message_id": mail.message_id,
            "company_id": mail.record_company_id.id,
            "res_model": mail.model,
            "res_id": mail.res_id,
            "queued_at": mail.gateway_since or mail.scheduled_date or mail.create_date,
        }

    @api.autovacuum
    def _gc_attempts(self):
        """Drop what is past its retention, some at a time.

        Not that of mail that is still open: it says who has the mail already.
        """
        before = kept_since(self.env, RETENTION)
        is_done = fields.Domain("mail_id", "=", False) | fields.Domain(
            "mail_id.state", "in", ("sent", "received", "cancel")
        )
        is_old = fields.Domain("create_date", "<", before)
        rows = self.sudo().search(is_old & is_done, limit=GC_LIMIT)
        rows.unlink()
        return len(rows), len(rows) == GC_LIMIT


def _open_answers(delivery):
    """Return what each recipient's answer is while the final dot is not answered."""
    return [
        Answer(
            address, Outcome.UNCERTAIN if reply.is_positive else Outcome.DEFERRED, reply
        )
        for address, reply in delivery.recipients.items()
    ]
