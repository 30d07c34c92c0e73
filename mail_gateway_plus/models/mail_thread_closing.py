from odoo import models
from odoo.fields import Domain
from odoo.tools import email_normalize_all

# What addons call the field for the record that one was merged into.
SUCCESSOR_FIELDS = ("merged_into_id", "merged_to_id", "merged_in_id")
# What they call the moment of the end: crm.lead, project.task, tickets of OCA.
CLOSED_FIELDS = ("date_closed", "closed_date", "closed_at", "resolved_at", "date_end")


class MailThread(models.AbstractModel):
    """What the gateway asks a record type about its records.

    A record type overrides what it knows better.
    """

    _inherit = "mail.thread"

    # The field by which people call a record in a subject, such as a number; without
    # one, a subject names no record of this type.
    _mail_gateway_reference = None
    # What becomes of a reply to a closed record where nobody has set anything else:
    # "keep", "reopen" or "new" (mail_gateway_closing.py).
    _mail_gateway_closed_policy = "keep"

    def _mail_gateway_is_closed(self):
        """Say whether the work on this record is over.

        By the fields that Odoo's record types have for it: archived, or in a stage
        that closes or is folded.
        """
        self.ensure_one()
        if "active" in self._fields and not self.active:
            return True
        stage = self["stage_id"] if "stage_id" in self._fields else self.browse()
        if "is_closed" in stage._fields:
            return bool(stage["is_closed"])
        return bool("fold" in stage._fields and stage["fold"])

    def _mail_gateway_may_reopen(self):
        """Say whether a reply still comes in time to take this closed record up."""
        return True

    def _mail_gateway_stays_closed(self, facts):
        """Say whether a reply is added to this closed record without opening it again.

        Whatever the policy is; for replies that say that all is well, or that the
        record makes something else of.

        :param facts: what the reply says, as :class:`~..core.parsing.facts.Facts`
        """
        return False

    def _mail_gateway_followed_up(self, facts):
        """Note what a reply says of this closed record that became a new one.

        :param facts: what the reply says, as :class:`~..core.parsing.facts.Facts`
        """

    def _mail_gateway_reopen(self):
        """Take this closed record up again."""
        self.ensure_one()
        values = {}
        if "active" in self._fields and not self.active:
            values["active"] = True
        if stage := self._mail_gateway_open_stage():
            values["stage_id"] = stage.id
        if values:
            self.write(values)

    def _mail_gateway_open_stage(self):
        """Return the first stage that is not closed, if the record is in a closed one.

        Only where all records share the stages: elsewhere it may be another team's.
        """
        if "stage_id" not in self._fields:
            return None
        stage = self["stage_id"]
        field = next((n for n in ("is_closed", "fold") if n in stage._fields), None)
        if not field or not stage[field]:
            return None
        if {"team_id", "team_ids", "project_ids"} & set(stage._fields):
            return None
        return stage.search([(field, "=", False)], limit=1)

    def _mail_gateway_successor(self):
        """Return the record that this one was merged into, or an empty recordset.

        By the field that some addons have for it; else where its messages went, if it
        was archived after that and nobody has written on it since.
        """
        self.ensure_one()
        for name in SUCCESSOR_FIELDS:
            field = self._fields.get(name)
            if field and field.comodel_name == self._name and self[name]:
                return self[name]
        if "active" in self._fields and not self.active:
            found = self.env["mail.gateway.merge"]._successor_of(self._name, self.id)
            if found and not self._mail_gateway_has_conversation():
                return found
        return self.browse()

    def _mail_gateway_has_conversation(self):
        """Say whether anybody wrote on this record, other than for our own people."""
        # sudo: the gateway asks, whoever may read it
        messages = self.env["mail.message"].sudo()
        written = Domain(
            [
                ("model", "=", self._name),
                ("res_id", "=", self.id),
                ("message_type", "in", ("email", "comment")),
            ]
        )
        for_all = messages._get_search_domain_share()
        return bool(messages.search_count(written & for_all, limit=1))

    def _mail_gateway_closed_at(self):
        """Return when the work on this closed record ended, as far as it tells.

        By the fields that Odoo's record types have for it; else by its last change.
        """
        self.ensure_one()
        for name in CLOSED_FIELDS:
            field = self._fields.get(name)
            if field and field.type == "datetime" and self[name]:
                return self[name]
        return self.write_date

    def _mail_gateway_follow_up_values(self):
        """Return the values of a new record that takes up where this one ended."""
        return {}

    def _mail_gateway_is_correspondent(self, address):
        """Say whether this record's outside correspondents include an address.

        Those are its contacts, the address that it came from, and its followers: not
        our own people, whose mail opens nothing again.
        """
        self.ensure_one()
        partners = self._mail_get_partners()[self.id] | self.message_partner_ids
        known = {partner.email_normalized for partner in partners}
        if primary := self._mail_get_primary_email_field():
            known |= set(email_normalize_all(self[primary] or ""))
        return address in known and not any(
            not user.share
            for user in partners.filtered(
                lambda partner: partner.email_normalized == address
            ).user_ids
        )

    def _mail_gateway_is_sealed(self):
        """Say whether only few may see this record: then nothing weak leads to it."""
        self.ensure_one()
        return bool("is_sealed" in self._fields and self["is_sealed"])
