from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.policy.decision import Decision, Obstacle, obstacle_to
from ..core.policy.outcome import State, Trace
from ..core.policy.rest import ON_SERVER, WAIVED

# What a download of several may hold.
ARCHIVE_BYTES = 100 * 1024 * 1024
ARCHIVE_MESSAGES = 500


class MailGatewayInboundDecision(models.Model):
    """What a person decides about a message that became no record."""

    _inherit = "mail.gateway.inbound"

    def _decide(self, decision, act):
        """Carry out a decision on each of these messages that it may still change.

        :param act: does it to one row and returns an :class:`Obstacle` or nothing
        :returns: the rows decided on, and the others by what stood against it

        A row that another person or the scheduler works on is locked and left to
        them; one that they have settled is known by its state.
        """
        self._check_operator()
        decided, left = self.browse(), {}
        # Oldest first: an answer finds the record of what it answers.
        rows = self.sudo().try_lock_for_update(allow_referencing=True).sorted("id")
        if busy := self - rows:
            left[Obstacle.BUSY] = busy
        for row in rows:
            obstacle = obstacle_to(decision, State(row.state), row.has_raw) or act(row)
            if obstacle:
                left[obstacle] = left.get(obstacle, self.browse()) | row
            else:
                decided |= row
        return decided, left

    def _process_by_order(self, target, order):
        """Process one message into what a person chose.

        :param order: who chose what, for the journal
        """
        self._take_up(order)
        self._as_gateway()._process(target.with_env(self._as_gateway().env))

    def _make_minimal_by_order(self, model, order):
        """Make a record of the envelope alone, for a message that cannot be read."""
        self._take_up(order)
        trace = Trace(is_chosen=True)
        row = self._as_gateway()
        row._settle(trace, lambda: row._create_minimal(trace, model, order))

    def _take_up(self, order):
        self.write(
            {
                "state": State.PENDING.value,
                "reason": order,
                "tries": 0,
                "retry_at": False,
                "waiting_since": False,
                "settled_at": False,
                "parked_under": False,
            }
        )

    def _as_gateway(self):
        """Return these rows as the scheduler has them, whoever asked for it.

        Its user decides on authorship; the companies and defaults that a person has
        on the screen are none of the message's business.
        """
        root = self.env.ref("base.user_root")
        return self.with_env(self.env(user=root, su=True, context={}))

    def _create_minimal(self, trace, model, order):
        record = self._in_its_company(model).with_context(
            mail_create_nosubscribe=True,
            mail_create_nolog=True,
            mail_notify_force_send=False,
        )
        record = record.create(self._minimal_values(record))
        record.message_post(
            body=self._minimal_note(order),
            attachments=[("message.eml", self.env["mail.gateway.raw"]._read(self.id))],
            # Answers of the sender to this message find the record by it.
            **({"message_id": self.message_id} if self._is_first_of_its_id() else {}),
            subtype_xmlid="mail.mt_note",
        )
        trace.model, trace.record_id = record._name, record.id

    def _minimal_values(self, model):
        """Return what the journal knows for a new record of any mail model."""
        values = {}
        name = model._fields.get(model._rec_name or "name")
        if name and name.type in ("char", "text") and not name.readonly:
            values[name.name] = self.subject or self.env._("(no subject)")
        email = model._mail_get_primary_email_field()
        if email and self.email_from:
            values[email] = self.email_from
        return values

    def _minimal_note(self, order):
        facts = {
            self.env._("From"): self.email_from,
            self.env._("Date"): self.date and f"{self.date} UTC",
            self.env._("Subject"): self.subject,
        }
        lines = [f"{label}: {value}" for label, value in facts.items() if value]
        return Markup("%s<br/>") % self.env._(
            "Only sender and subject were taken over, because the message could not be "
            "processed. It is attached as it was received."
        ) + Markup("<br/>").join([order, *lines])

    def _is_first_of_its_id(self):
        known = self.env["mail.message"].search_count(
            [("message_id", "=", self.message_id)], limit=1
        )
        return bool(self.message_id) and not known

    # ---------------------------------------------------------------- record types

    @api.model
    def _record_types(self):
        """Return the models that a message can become, with their names.

        Odoo's own machinery (``ir.``), as server actions, keeps a log in a
        conversation too, but is nothing to make of mail.
        """
        # sudo: what models there are is no secret, but only administrators read it
        found = self.env["ir.model"].sudo()
        found = found.search([("is_mail_thread", "=", True), ("transient", "=", False)])
        return [
            (model.model, model.name)
            for model in found.sorted("name")
            if model.model in self.env
            and self.env[model.model]._auto
            and not model.model.startswith("ir.")
        ]

    @api.model
    def _readable_types(self):
        """Return those whose records the user may see."""
        return [
            (model, name)
            for model, name in self._record_types()
            if self.env[model].has_access("read")
        ]

    @api.model
    def _creatable_types(self):
        """Return those that the user may have made of a message.

        That is what the user may make by hand, and what mail becomes here anyway.
        """
        # sudo: operators see neither mailboxes nor aliases
        mailboxes = self.env["fetchmail.server"].sudo()
        mailboxes = mailboxes.search([("object_id", "!=", False)])
        aliases = self.env["mail.alias"].sudo()
        fed = set(mailboxes.object_id.mapped("model"))
        fed.update(
            model.model for (model,) in aliases._read_group([], ["alias_model_id"])
        )
        return [
            (model, name)
            for model, name in self._record_types()
            if model in fed or self.env[model].has_access("create")
        ]

    # --------------------------------------------------------------------- buttons

    def action_discard(self, words=""):
        """Settle as not wanted; the content stays until its retention is over.

        :param words: the person's reason
        """
        self._decide(Decision.DISCARD, lambda row: row._discard(self.env.user, words))
        return True

    def _discard(self, user, words):
        reason = self.env._("Discarded by %s", user.name)
        self.write(
            {
                "state": State.DISCARDED.value,
                "reason": f"{reason}: {words}" if words else reason,
                "retry_at": False,
                "settled_at": fields.Datetime.now(),
                "parked_under": False,
            }
        )
        if self.rest_state in ON_SERVER:
            self._release_rest(WAIVED)

    def action_download(self):
        """Download the message as it was received; several in one archive."""
        self._check_operator()
        rows = self.filtered("has_raw")
        rows._check_downloadable()
        if len(rows) == 1:
            url = f"/mail_gateway/inbound/{rows.id}/message.eml"
        else:
            ids = ",".join(map(str, rows.ids))
            url = f"/mail_gateway/inbound/messages.zip?ids={ids}"
        return {"type": "ir.actions.act_url", "url": url, "target": "download"}

    def _check_downloadable(self):
        if not self:
            raise UserError(self.env._("The content is no longer kept."))
        if len(self) > ARCHIVE_MESSAGES:
            raise UserError(
                self.env._(
                    "At most %s messages can be downloaded at once.", ARCHIVE_MESSAGES
                )
            )
        if len(self) > 1 and sum(self.mapped("size")) > ARCHIVE_BYTES:
            raise UserError(
                self.env._(
                    "These messages have more than %s MB together. Select fewer.",
                    ARCHIVE_BYTES // 1024**2,
                )
            )
