import logging

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..core.parsing.envelope import read_identifiers
from ..core.parsing.facts import facts_in
from ..core.policy.outcome import State
from ..core.policy.references import signed_references, tag_pattern

_logger = logging.getLogger(__name__)

# Of a message's beginning, where its headers say by which addresses it came.
HEADER_BYTES = 32 * 1024


class MailGatewayInboundSealed(models.Model):
    """Letters that may become sealed records, as long as they are none.

    Nobody knows what a letter is about before it was looked at. So one that goes to a
    record type with sealed records, or that answers a sealed record, is kept from the
    moment in which it is written down: only those see it who see the sealed records.
    Processing opens it again, or keeps it so where it became no record.
    """

    _inherit = "mail.gateway.inbound"

    sealed_for = fields.Char(
        string="Sealed As",
        readonly=True,
        help="The record type whose sealed records are for few people: only they see "
        "this message. So it is until it was looked at, and stays where it is about "
        "what such records are sealed for.",
    )

    _sealed_for_idx = models.Index("(sealed_for, state) WHERE sealed_for IS NOT NULL")

    @api.model
    def _gateway_withheld_domain(self):
        letters = self._gateway_recordless_domain("sealed_for")
        return super()._gateway_withheld_domain() | letters

    # ---------------------------------------------------------------- written down

    def _sealed_values(self, server):
        """Return the values of a new row that say whom it is kept from."""
        model = server.object_id.model
        return {
            "sealed_for": model in self._gateway_sealable_models() and model or None
        }

    def _keep_sealed(self, subjects, server=None):
        """Keep those of these new rows whose mailbox does not tell where they go.

        :param subjects: by row id
        """
        names = self._gateway_sealable_models()
        if server and server.object_id.model in names:
            return
        named = [
            (row_id, reference)
            for row_id, subject in subjects.items()
            for reference, _signature in signed_references(subject or "")
        ]
        for name in names:
            self._keep_sealed_as(name, named)

    def _keep_sealed_as(self, name, named):
        """Keep what answers or names a sealed record, or names an address of its type.

        In whatever header, and with a tag, even if it is a tag at another address and
        the signature a wrong one: rather one letter too many, until it is looked at.

        :param named: pairs of a row's id and a signed number in its subject
        """
        self.env["mail.message"].flush_model(["model", "res_id", "message_id"])
        self.env["mail.alias"].flush_model(["alias_full_name", "alias_model_id"])
        number = self.env[name]._mail_gateway_reference
        self.env[name].flush_model(["is_sealed", *([number] if number else [])])
        self.flush_recordset(["sealed_for", "answers", "email_to"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE mail_gateway_inbound AS letter SET sealed_for = %(name)s
                 WHERE letter.id = ANY(%(ids)s) AND letter.sealed_for IS NULL
                   AND (EXISTS (
                        SELECT FROM mail_message AS answered
                          JOIN %(table)s AS record
                            ON record.id = answered.res_id AND record.is_sealed
                         WHERE answered.model = %(name)s AND answered.message_id
                               = ANY(string_to_array(letter.answers, ' ')))
                    OR EXISTS (%(named)s)
                    OR EXISTS (
                        SELECT FROM mail_alias JOIN ir_model
                            ON ir_model.id = mail_alias.alias_model_id
                         WHERE ir_model.model = %(name)s
                           AND mail_alias.alias_full_name != ''
                           AND strpos(lower(letter.email_to),
                                      lower(mail_alias.alias_full_name)) > 0)
                    OR EXISTS (
                        SELECT FROM mail_gateway_raw AS raw
                         CROSS JOIN LATERAL lower(split_part(replace(encode(
                               substring(raw.data FROM 1 FOR %(header_bytes)s),
                               'escape'), chr(13), ''), repeat(chr(10), 2), 1)) AS head
                         WHERE raw.inbound_id = letter.id AND raw.sequence = 0
                           AND (head ~ %(tag)s OR EXISTS (
                                SELECT FROM mail_alias JOIN ir_model
                                    ON ir_model.id = mail_alias.alias_model_id
                                 WHERE ir_model.model = %(name)s
                                   AND strpos(mail_alias.alias_full_name, '@') > 0
                                   AND (strpos(head, lower(
                                        mail_alias.alias_full_name)) > 0
                                     OR head LIKE '%%' || replace(lower(
                                        mail_alias.alias_full_name), '@', '+%%@')
                                        || '%%')))))
                """,
                name=name,
                table=SQL.identifier(self.env[name]._table),
                ids=self.ids,
                named=self._numbered_query(name, named),
                tag=tag_pattern(self.env["ir.model"]._get_id(name)),
                header_bytes=HEADER_BYTES,
            )
        )
        self.invalidate_recordset(["sealed_for"])

    def _numbered_query(self, name, named):
        """Return the query of the sealed records that a letter's subject names."""
        reference = self.env[name]._mail_gateway_reference
        if not named or not reference:
            return SQL("SELECT WHERE FALSE")
        return SQL(
            """
            SELECT FROM unnest(%s::int[], %s::text[]) AS named (letter_id, reference)
              JOIN %s AS record ON record.%s = named.reference AND record.is_sealed
             WHERE named.letter_id = letter.id
            """,
            [letter_id for letter_id, _reference in named],
            [reference for _letter_id, reference in named],
            SQL.identifier(self.env[name]._table),
            SQL.identifier(reference),
        )

    # --------------------------------------------------------------------- looked at

    def _note_outcome(self, outcome, trace):
        self.sealed_for = self._still_sealed_for(trace)
        result = super()._note_outcome(outcome, trace)
        self._tell_if_parked()
        return result

    def _note_failure(self, error, trace):
        self.sealed_for = self._still_sealed_for(trace)
        result = super()._note_failure(error, trace)
        self._tell_if_parked()
        return result

    def _park_as_deadly(self, what):
        result = super()._park_as_deadly(what)
        self._tell_if_parked()
        return result

    def _still_sealed_for(self, trace):
        """Return the record type for whose people alone it stays; ``False``: none.

        What could not be read stays as it is. Of what became a record, the record says
        who sees it; those few need not be operators to see the message as well.
        """
        if trace.record_id:
            if trace.model not in self._gateway_sealable_models():
                return False
            record = self.env[trace.model].browse(trace.record_id)
            return record.is_sealed and trace.model
        facts = trace.facts
        if not facts.headers and not trace.raw:
            return self.sealed_for
        if not facts.headers:
            facts = facts_in(trace.raw)
        return self._sealed_type(trace, facts)

    @api.model
    def _is_for_few(self, trace):
        """Say whether a message is to be sealed, before it became anything.

        :param trace: of a message on its way, or that is only looked at
        """
        facts = trace.facts
        answers = read_identifiers(
            facts.value("references"), facts.value("in-reply-to")
        )
        row = self.new({"server_id": trace.mailbox_id, "answers": " ".join(answers)})
        return bool(row._sealed_type(trace, facts))

    def _sealed_type(self, trace, facts):
        """Return the record type that the message is sealed as, or ``False``."""
        row = self.sudo()  # whoever asks: mailboxes, aliases and records are not theirs
        directive = trace.directive
        for name in self._gateway_sealable_models():
            records = row.env[name]
            if row._goes_to(name, trace, facts) and records._letter_is_sealed(
                row, facts, directive.values_for(name)
            ):
                return name
            if directive.model == name and records.browse(
                directive.record_id or ()
            ).filtered("is_sealed"):
                return name
            if row._answers_sealed(name) or row._names_sealed(name, facts):
                return name
        return False

    def _goes_to(self, name, trace, facts):
        """Say whether the message may become a record of a type."""
        if name in (
            self.sealed_for,
            self.server_id.object_id.model,
            trace.directive.model,
        ):
            return True
        aliases = self.env["mail.alias"].search_count(
            [
                ("alias_full_name", "in", list(facts.recipients)),
                ("alias_model_id.model", "=", name),
            ],
            limit=1,
        )
        return bool(aliases)

    def _answers_sealed(self, name):
        """Say whether the message answers one that stands on a sealed record."""
        if name not in self._gateway_sealed_models() or not self.answers:
            return False
        answered = self.env["mail.message"].search(
            [("model", "=", name), ("message_id", "in", self.answers.split())]
        )
        records = self.env[name].browse(answered.mapped("res_id")).exists()
        return any(records.mapped("is_sealed"))

    def _names_sealed(self, name, facts):
        """Say whether the message proves to be about a sealed record.

        It may have been parked before anybody looked for its record.
        """
        if name not in self._gateway_sealed_models():
            return False
        examination = self.env["mail.gateway.examination"]
        found = examination._named_records(facts, (self.answers or "").split())
        return any(record._name == name and record.is_sealed for record, _why in found)

    def _tell_if_parked(self):
        """Tell those who alone see a message that it waits for one of them."""
        if not self.sealed_for or self.state != State.QUARANTINED.value:
            return
        try:
            with self.env.cr.savepoint():
                self.env[self.sealed_for]._tell_of_parked_letter(self)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:  # it is parked all the same, and seen in the quarantine
            _logger.exception("Nobody could be told of inbound message %s", self.id)

    # -------------------------------------------------------------------- deciding

    def _may_decide(self):
        """Say whether the user decides about these messages.

        Operators, and about sealed ones whoever works on such records: they may well
        be no operators, and nobody else sees the message. Once it is a sealed record,
        only who may change that: who broke its seal looks at it and no more.
        """
        is_operator = super()._may_decide()
        if not self:
            return is_operator
        return all(row._may_decide_sealed(is_operator) for row in self)

    def _may_decide_sealed(self, is_operator):
        if record := self._sealed_record():
            return record.has_access("write")
        kept_for = self.sealed_for
        return is_operator or bool(kept_for) and self.env[kept_for].has_access("create")

    def _sealed_record(self):
        """Return the sealed record that the message became, or nothing."""
        if not self.res_id or self.res_model not in self._gateway_sealed_models():
            return None
        record = self.env[self.res_model].browse(self.res_id)
        # sudo: whether it is sealed shows only in what is sealed
        return record if record.sudo().exists().is_sealed else None
