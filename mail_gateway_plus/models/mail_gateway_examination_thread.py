from contextlib import suppress

from markupsafe import Markup, escape

from odoo import api, models, tools
from odoo.exceptions import MissingError
from odoo.tools import email_normalize
from odoo.tools.misc import consteq, hmac

from ..core.parsing.envelope import read_identifiers
from ..core.parsing.machine import Kind
from ..core.policy.references import (
    REFERENCE_LENGTH,
    TAG_LENGTH,
    plain_references,
    provider_names,
    read_tag,
    short_signature,
    signed_references,
    tracked_records,
)
from .mail_gateway_closing import KEEP, NEW

RECORD_SCOPE = "mail_gateway_plus-record"
# A record that was merged into one that was merged, and so on.
MAX_MERGES = 5


class MailGatewayExaminationThread(models.AbstractModel):
    """Which record a message belongs to, where its references lead nowhere.

    Mail systems write Message-IDs anew, and people write anew instead of answering. A
    signed name of a record is as good as a reference. What anybody can write counts
    only from somebody whom the record knows, within its company, and never leads to a
    sealed record.
    """

    _inherit = "mail.gateway.examination"

    @api.model
    def _stations(self):
        return [self._direct_to_thread, *super()._stations()]

    @api.model
    def _direct_to_thread(self, trace, message, message_dict):
        """Direct a message to the record that it belongs to, and say by what."""
        if trace.machine.is_about_our_mail or trace.machine.kind is Kind.OWN_MAIL:
            return None
        record = self._target(trace, message_dict)
        if record is None:
            found = self._find_thread(trace, message_dict)
            if not found:
                return None
            record, why = found
            trace.notes.append(why)
            self._direct_to(trace, message_dict, record)
        if not trace.machine.is_answer:
            with suppress(MissingError):  # Odoo makes a new record then
                self._heed_closing(trace, message_dict, record)
        return None

    def _direct_to(self, trace, message_dict, record):
        trace.directive.model = record._name
        trace.directive.record_id = record.id

    # --------------------------------------------------------------------- evidence

    @api.model
    def _find_thread(self, trace, message_dict):
        """Return a record and the words why, from the best evidence there is."""
        sender = email_normalize(message_dict.get("email_from") or "")
        identifiers = read_identifiers(
            message_dict.get("references"), message_dict.get("in_reply_to")
        )
        for found in self._named_records(trace.facts, identifiers):
            if self._is_in_reach(trace, found[0]):
                return found
        if not sender or self._is_nobody(trace):
            return None
        for find in (self._by_tracking_name, self._by_plain_reference):
            found = find(trace.facts, identifiers)
            if found and self._is_for(trace, found[0], sender):
                trace.is_weakly_led = True
                return found
        return None

    @api.model
    def _named_records(self, facts, identifiers):
        """Yield the records that a message proves to be about, each with words why."""
        for find in (self._by_tag, self._by_attempt, self._by_signed_reference):
            if found := find(facts, identifiers):
                yield found

    def _by_tag(self, facts, identifiers):
        """Find by the address: a signed tag of the record."""
        for address in facts.recipients:
            tag = read_tag(address)
            if not tag:
                continue
            # sudo: what types there are is no secret
            model = self.env["ir.model"].sudo().browse(tag.model_id).exists()
            if model.model not in self.env:
                continue
            named = self.env[model.model].browse(tag.record_id)
            if not consteq(tag.signature, self._signature(named, TAG_LENGTH)):
                continue
            if record := self._thread_of(named._name, named.id):
                why = self.env._("The address %s names its record.", address)
                return record, self._tell_merge(why, record, named._name, named.id)
        return None

    def _by_attempt(self, facts, identifiers):
        """Find by what we sent: under its own name, or its provider's.

        Mail of templates is often deleted once it is sent. A provider such as Amazon
        SES makes a Message-ID of the name under which it queued the mail.
        """
        if not identifiers:
            return None
        # sudo: whatever company's mail it was; the record's is looked at
        attempts = self.env["mail.gateway.attempt"].sudo()
        for field, values in (
            ("message_id", list(identifiers)),
            ("queue_id", provider_names(identifiers)),
        ):
            domain = [(field, "in", values), ("res_id", "!=", 0)]
            for attempt in attempts.search(domain, order="id desc", limit=1):
                place = (attempt.res_model, attempt.res_id)
                if record := self._thread_of(*place):
                    why = self.env._(
                        "It answers a mail that was sent for this record: %s.",
                        attempt.message_id or attempt.queue_id,
                    )
                    return record, self._tell_merge(why, record, *place)
        return None

    def _tell_merge(self, why, record, model, record_id):
        """Return why a message goes to a record, also if another one was named."""
        if (record._name, record.id) == (model, record_id):
            return why
        merged = self.env._("That record was merged into another one, which gets it.")
        return f"{why}\n{merged}"

    def _by_signed_reference(self, facts, identifiers):
        """Find by the subject: a record's number with a signature."""
        for reference, signature in signed_references(facts.subject):
            for record in self._named([reference]):
                if consteq(signature, self._signature(record, REFERENCE_LENGTH)):
                    return record, self.env._(
                        "Its subject names the record, signed: %s.", reference
                    )
        return None

    def _by_tracking_name(self, facts, identifiers):
        """Find by the record that an old Message-ID of Odoo's tells."""
        for model, record_id in tracked_records(identifiers):
            if record := self._thread_of(model, record_id):
                return record, self.env._(
                    "It answers a message of the record that is no longer known, and "
                    "its sender is one of the record's correspondents."
                )
        return None

    def _by_plain_reference(self, facts, identifiers):
        """Find by a number in the subject, if it names one record only."""
        references = plain_references(facts.subject)
        records = references and self._named(references)
        if not records or len(records) != 1:
            return None
        return records[0], self.env._(
            "Its subject names the record (%s), and its sender is one of the record's "
            "correspondents.",
            records[0][records[0]._mail_gateway_reference],
        )

    def _named(self, references):
        """Return the records, of all types that have them, with these numbers."""
        records = []
        for name in self._referenced_models():
            model = self.env[name].sudo().with_context(active_test=False)
            field = model._mail_gateway_reference
            records += model.search([(field, "in", references)], limit=2)
        return records

    @api.model
    @tools.ormcache()
    def _referenced_models(self):
        """Return the names of the record types that have numbers of their own."""
        return tuple(
            name
            for name, model in self.env.registry.items()
            if getattr(model, "_mail_gateway_reference", None)
            and model._auto
            and model._mail_gateway_reference in model._fields
        )

    def _signature(self, record, length):
        """Return what proves that an address or a number was written by us."""
        digest = hmac(self.env(su=True), RECORD_SCOPE, (record._name, record.id))
        return short_signature(digest, length)

    # ------------------------------------------------------------------- conditions

    def _is_in_reach(self, trace, record):
        """Say whether a record is of the company that the mailbox is for."""
        # sudo: mailboxes are for administrators
        mailbox = self.env["fetchmail.server"].sudo().browse(trace.mailbox_id)
        company = mailbox.company_id
        if not company or "company_id" not in record._fields or not record.company_id:
            return True
        if record.company_id == company:
            return True
        trace.notes.append(
            self.env._("A record of another company than the mailbox's was named.")
        )
        return False

    def _is_for(self, trace, record, sender):
        """Say whether weak evidence may lead a sender to a record.

        And on to what that was merged into, of whatever sender.
        """
        return record._mail_gateway_is_correspondent(sender) and all(
            not each._mail_gateway_is_sealed()
            and not self._is_for_another_type(trace, each)
            and self._is_in_reach(trace, each)
            for each in (record, *self._merged_into(record))
        )

    def _is_nobody(self, trace):
        """Say whether the address in From says nothing of who wrote.

        It is forged, or its mailbox takes such senders for strangers: then nothing that
        anybody can write leads to a record.
        """
        return self._is_forged(trace) or trace.is_stranger

    def _is_for_another_type(self, trace, record):
        """Say whether the message went to an alias of another record type."""
        domain = [
            ("alias_full_name", "in", list(trace.facts.recipients)),
            ("alias_model_id.model", "!=", record._name),
        ]
        # sudo: aliases of whatever company
        return bool(self.env["mail.alias"].sudo().search_count(domain, limit=1))

    # ---------------------------------------------------------------------- closing

    def _heed_closing(self, trace, message_dict, record):
        """Do with a reply to a merged or closed record what its type says."""
        record = self._follow_merges(trace, message_dict, record)
        if not record._mail_gateway_is_closed():
            return
        policy = self.env["mail.gateway.closing"]._policy_of(record)
        sender = email_normalize(message_dict.get("email_from") or "")
        if policy == KEEP or not trace.machine.is_person:
            return
        if self._is_forged(trace) or not record._mail_gateway_is_correspondent(sender):
            trace.notes.append(
                self.env._(
                    "The record is closed and stays so: its sender is none of its "
                    "correspondents."
                )
            )
        elif record._mail_gateway_stays_closed(trace.facts):
            trace.notes.append(self.env._("By what it says the record stays closed."))
        elif policy == NEW:
            trace.directive.model, trace.directive.record_id = record._name, 0
            trace.directive.values.update(record._mail_gateway_follow_up_values())
            trace.follows = (record._name, record.id)
            trace.notes.append(
                self.env._("That record is closed: a new one follows it up.")
            )
        else:
            self._reopen_within_limits(trace, record)

    def _merged_into(self, record):
        """Return what a record was merged into, and what that was, to the last one."""
        merged = []
        while len(merged) < MAX_MERGES:
            # sudo: whoever merged them, as the gateway
            successor = record._mail_gateway_successor().sudo()
            if not successor or successor == record or successor in merged:
                break
            merged.append(successor)
            record = successor
        return merged

    def _follow_merges(self, trace, message_dict, record):
        """Direct a message on to what its record was merged into.

        Not out of the mailbox's company, unless the record is there already. Where weak
        evidence may not lead on, it has not led to the record either.
        """
        for successor in self._merged_into(record):
            is_moving = not self._is_same_company(record, successor)
            if is_moving and not self._is_in_reach(trace, successor):
                break
            record = successor
            trace.notes.append(
                self.env._("That record was merged into another one, which gets it.")
            )
            self._direct_to(trace, message_dict, record)
        return record

    def _is_same_company(self, record, other):
        if "company_id" not in record._fields or "company_id" not in other._fields:
            return False
        return record.company_id == other.company_id

    def _reopen_within_limits(self, trace, record):
        if not record._mail_gateway_may_reopen():
            trace.notes.append(
                self.env._("The record was closed too long ago to be reopened.")
            )
            return
        limits = self._limits()
        count = self.env["mail.gateway.inbound"]._count_reopened(record, limits)
        if count >= limits.reopenings:
            trace.notes.append(
                self.env._(
                    "The record is closed and stays so: mail has reopened it %s times "
                    "today.",
                    count,
                )
            )
            return
        trace.reopens = (record._name, record.id)
        trace.notes.append(self.env._("The record is closed, and reopened by it."))

    # -------------------------------------------------------------- after the routing

    @api.model
    def _tell_routes(self, trace, message_dict, routes):
        """Note why Odoo sends a message where it does, unless we have decided that."""
        if trace.directive.model or trace.is_chosen:
            return
        for model, record_id, _values, _user, alias in routes or ():
            kind = self.env["ir.model"]._get(model).name
            if record_id and message_dict.get("parent_id"):
                parent = self.env["mail.message"].sudo()
                parent = parent.browse(message_dict["parent_id"])
                note = self.env._(
                    "It answers %(message)s of a record (%(type)s).",
                    message=parent.message_id,
                    type=kind,
                )
            elif alias:
                address = alias.sudo().alias_full_name or alias.sudo().alias_name
                note = self.env._(
                    "It was sent to the alias %(address)s (%(type)s).",
                    address=address,
                    type=kind,
                )
            else:
                note = self.env._("Its mailbox makes records of this type: %s.", kind)
            trace.notes.append(note)

    @api.model
    def _after_routing(self, trace, routes):
        """Do with the record what was decided while it was looked for."""
        model, record_id = routes[-1][:2]
        trace.identity["has_opened"] = not record_id
        record = self.env[trace.model].sudo().browse(trace.record_id)
        if trace.reopens and trace.reopens == (model, record_id):
            record._mail_gateway_reopen()
            trace.identity["has_reopened"] = True
        elif trace.follows and not record_id:
            closed = self.env[trace.follows[0]].sudo().browse(trace.follows[1])
            self._link(record, closed)
            closed._mail_gateway_followed_up(trace.facts)

    def _link(self, record, closed):
        """Say on a new record and on the closed one that the one follows the other."""
        for where, text, other in (
            (record, self.env._("It takes up what was closed: %s"), closed),
            (closed, self.env._("A reply to this closed record became %s"), record),
        ):
            self._as_note(where).message_post(
                body=Markup("%s") % Markup(escape(text)) % other._get_html_link(),
                subtype_xmlid="mail.mt_note",
            )
