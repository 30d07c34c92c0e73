from odoo import api, fields, models

from ..core.parsing.envelope import MAX_HEADER_BYTES
from ..core.policy.directive import Halt
from ..core.policy.outcome import State
from ..core.round_trip.hops import read_journey
from ..core.round_trip.mark import MAX_REPORT_BYTES, find_mark
from .own_transaction import own_transaction

# How the folder for spam is called where the gateway itself reads it.
SPAM_NAMES = {"junk", "spam", "bulk mail", "junk email", "junk e-mail", "spamverdacht"}


class MailGatewayExamination(models.AbstractModel):
    _inherit = "mail.gateway.examination"

    @api.model
    def _stations(self):
        # First of all, by its place in models/__init__.py: it is nobody's mail,
        # whatever is thought of its sender, and no rule makes anything of it.
        return [self._halt_round_trip, *super()._stations()]

    @api.model
    def _halt_round_trip(self, trace, message, message_dict):
        """Keep our own marked mail, and reports about it, from becoming a record."""
        raw = trace.read(0, MAX_REPORT_BYTES) if trace.read else trace.raw
        mark, _is_report = find_mark(raw)
        trip = mark and self.env["mail.gateway.round.trip"]._of_mark(mark)
        if not trip:
            return None
        trace.identity = {**trace.identity, "round_trip_id": trip.id}
        return Halt(State.IGNORED.value, self.env._("Round-trip mail"))


class MailGatewayInboundRoundTrip(models.Model):
    """Round-trip mail in the journal."""

    _inherit = "mail.gateway.inbound"

    round_trip_id = fields.Many2one(
        "mail.gateway.round.trip",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        groups="base.group_system",
        help="The round trip that the message is the mail of, or a report about.",
    )

    def action_open_round_trip(self):
        """Show the round trip that the message belongs to."""
        self.ensure_one()
        return self.round_trip_id.get_formview_action()

    def _note_outcome(self, outcome, trace):
        result = super()._note_outcome(outcome, trace)
        if trip_id := trace.identity.get("round_trip_id"):
            self._tell_round_trip(trip_id)
        return result

    def _tell_round_trip(self, trip_id):
        """Note the arrival, in a transaction of its own: others look for it as well."""
        raw = self.env["mail.gateway.raw"].sudo()._read(self.id, 0, MAX_REPORT_BYTES)
        _mark, is_report = find_mark(raw)
        place = (self.folder or "", self.uidvalidity or "", self.uid or "")
        mailbox_id = self.server_id.id
        is_spam = (self.folder or "").rpartition("/")[2].lower() in SPAM_NAMES
        with own_transaction(self.env) as env:
            trip = env["mail.gateway.round.trip"]._locked(trip_id)
            if not trip:
                return
            if is_report:
                trip._bounce(self.env._("It came back: %s", self.subject or ""))
                return
            mailbox = env["fetchmail.server"].browse(mailbox_id)
            journey = read_journey(raw[:MAX_HEADER_BYTES])
            trip._arrive(journey, place, mailbox, is_spam)
