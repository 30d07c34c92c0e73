from odoo import api, models
from odoo.tools.misc import hmac

from ..core.parsing.facts import read_facts
from ..core.parsing.machine import Kind, read_machine
from ..core.policy.directive import Halt
from ..core.policy.outcome import State
from ..machine_advice import KIND_TEXT

# What the mark is made for: that of another purpose differs (odoo.tools.misc.hmac).
MARK_SCOPE = "mail_gateway_plus-origin"


class MailGatewayExaminationMachine(models.AbstractModel):
    """Mail of machines: noted where it belongs, a record only where it may be one."""

    _inherit = "mail.gateway.examination"

    @api.model
    def _recognize(self, trace, message):
        """Return what kind of message it is."""
        trace.observe = lambda: read_facts(message, trace.size)
        return read_machine(trace.facts, self._own_mark())

    @api.model
    def _own_mark(self):
        """Return what every mail of this database carries.

        Made of the database's name for itself and its secret: nobody else can make it,
        and a copy that Odoo's database manager makes has another name.
        """
        # sudo: ``database.secret`` is for administrators, what is made of it is not
        env = self.env(su=True)
        uuid = env["ir.config_parameter"].get_param("database.uuid") or ""
        return hmac(env, MARK_SCOPE, uuid)[:32]

    @api.model
    def _stations(self):
        return [self._sort_machines, *super()._stations()]

    @api.model
    def _sort_machines(self, trace, message, message_dict):
        """Have mail of machines end where it belongs.

        Automatic messages and mailing lists may well be the ticket. All else only says
        something about mail of ours, and opens nothing.
        """
        machine = trace.machine
        if machine.is_person:
            return None
        what = f"{self.env._(KIND_TEXT[machine.kind])} ({machine.evidence})."
        trace.notes.append(what)
        mailbox = self.env["fetchmail.server"].browse(trace.mailbox_id)
        if machine.kind is Kind.OWN_MAIL:
            return self._stop(mailbox.report_policy, what)
        if machine.is_about_our_mail:
            if self.env["mail.gateway.report"]._note(trace, message, message_dict):
                return Halt(State.IGNORED.value, what)
            message_dict["is_bounce"] = False  # else Odoo drops it all the same
            return self._stop_report(machine, mailbox, what)
        if machine.is_answer:
            if self._note_answer(trace, message_dict):
                return Halt(State.IGNORED.value, what)
            nothing = self.env._("Nothing that it answers is known.")
            return self._stop(mailbox.answer_policy, f"{what}\n{nothing}")
        return self._stop(mailbox.automatic_policy or "record", what)

    @api.model
    def _is_forged(self, trace):
        """Say whether the sender is proven not to be who it says."""
        return trace.verdict is not None and trace.verdict.level.value == "failed"

    def _stop_report(self, machine, mailbox, what):
        """Return what becomes of a report that is about no mail of ours.

        One that nobody understands is for a person, unless it becomes a record.
        """
        policy = mailbox.report_policy
        if machine.kind is Kind.SYSTEM_NOTICE and policy != "record":
            policy = "park"
        unknown = self.env._("It names no mail that was sent from here.")
        return self._stop(policy, f"{what}\n{unknown}")

    def _stop(self, policy, reason):
        """Return the :class:`Halt` that a mailbox's policy means, if it is one."""
        if policy == "record":
            return None
        is_parked = policy == "park"
        state = State.QUARANTINED if is_parked else State.IGNORED
        return Halt(state.value, reason)

    @api.model
    def _note_answer(self, trace, message_dict):
        """Put an automatic answer on the record of what it answers, as a note.

        Past ``message_update``: to no record type does it mean that somebody wrote. And
        past the followers, one of whom may be absent as well.

        :returns: whether there is such a record
        """
        record = self._answered_record(trace, message_dict)
        if not record:
            return False
        values = {
            key: message_dict[key]
            for key in ("body", "subject", "email_from", "date", "message_id")
            if message_dict.get(key)
        }
        author = record._partner_find_from_emails_single(
            [message_dict["email_from"]], no_create=True
        )
        self._as_note(record).message_post(
            **values,
            author_id=author.id,
            message_type="email",
            attachments=message_dict.get("attachments") or [],
            subtype_xmlid="mail.mt_note",
        )
        trace.model, trace.record_id = record._name, record.id
        return True

    @api.model
    def _as_note(self, record):
        """Return a record so that what is posted there makes nobody a follower."""
        root = self.env.ref("base.user_root")
        return record.with_user(root).with_context(
            mail_post_autofollow_author_skip=True, mail_create_nosubscribe=True
        )

    @api.model
    def _answered_record(self, trace, message_dict):
        """Return the record of the message that this one answers, or nothing.

        Answers of programs go to the return path (RFC 3834 section 4), which names the
        mail where it has a token.
        """
        record = self._target(trace, message_dict)
        if record is not None and (found := self._thread_of(record._name, record.id)):
            return found
        reports = self.env["mail.gateway.report"]
        attempts = reports._by_bounce_address(trace.facts.recipients) or ()
        for attempt in attempts:
            if record := self._thread_of(attempt.res_model, attempt.res_id):
                return record
        return None

    @api.model
    def _thread_of(self, model, res_id):
        """Return a record that has a conversation, or what it was merged into."""
        if not res_id or model not in self.env:
            return None
        record = self.env[model].sudo().browse(res_id).exists()
        if not record:
            record = self.env["mail.gateway.merge"]._successor_of(model, res_id)
        return record if isinstance(record, self.pool["mail.thread"]) else None
