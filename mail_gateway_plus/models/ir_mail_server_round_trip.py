from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..core.round_trip.phase import State

BAD_STATES = {State.LATE.value, State.LOST.value, State.FAILED.value}


class IrMailServerRoundTrip(models.Model):
    """Mail through this server to a mailbox of ours, to see it arrive."""

    _inherit = "ir.mail_server"

    round_trip_mailbox_id = fields.Many2one(
        "fetchmail.server",
        string="Round Trip to",
        ondelete="set null",
        help="The incoming server whose mailbox gets the marked mail. In the best case "
        "at another provider, where it arrives as anybody's mail does.",
    )
    round_trip_recipient = fields.Char(
        string="Its Address",
        help="The mailbox's address. Empty: its user name, if that is an address.",
    )
    round_trip_every = fields.Selection(
        [("hour", "Every Hour"), ("day", "Every Day"), ("week", "Every Week")],
        string="Repeat",
        help="How often a marked mail is sent by itself. Administrators are told when "
        "it is late, lost or refused.",
    )
    round_trip_count = fields.Integer(
        string="Round Trips",
        compute="_compute_round_trip_count",
        help="How many round-trip mails are still known.",
    )

    def _compute_round_trip_count(self):
        trips = self.env["mail.gateway.round.trip"].sudo()
        counts = dict(
            trips._read_group(
                [("server_id", "in", self.ids)], ["server_id"], ["__count"]
            )
        )
        for server in self:
            server.round_trip_count = counts.get(server._origin, 0)

    def _compute_standing_warnings(self):
        """Say also that the last round-trip mail did not come as it should."""
        result = super()._compute_standing_warnings()
        trips = self.env["mail.gateway.round.trip"].sudo()
        groups = trips._read_group(
            [("server_id", "in", self._origin.ids)], ["server_id"], ["id:max"]
        )
        newest = {server.id: trips.browse(trip_id) for server, trip_id in groups}
        for server in self:
            trip = newest.get(server._origin.id, trips)
            if trip.state in BAD_STATES:
                told = self.env._("The last round-trip mail: %s", trip._headline())
                lines = filter(None, [server.standing_warnings, told])
                server.standing_warnings = "\n".join(lines)
        return result

    def action_send_round_trip(self):
        """Send a marked mail and watch it arrive."""
        self.ensure_one().check_access("write")
        # sudo: only administrators write servers; nobody makes round trips otherwise
        trip = self.env["mail.gateway.round.trip"].sudo()._start(self)
        trip = trip.sudo(False)
        trip._follow_live()
        return trip._open()

    def action_open_round_trips(self):
        """Show this server's round trips."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mail_gateway_plus.action_round_trip"
        )
        return {**action, "domain": [("server_id", "=", self.id)]}

    def _round_trip_goal(self):
        """Return the mailbox and its address.

        :raises UserError: where either is not known
        """
        mailbox, recipient = self._known_round_trip_goal()
        if not mailbox:
            raise UserError(
                self.env._(
                    "Choose under Deliverability which mailbox the round-trip mail "
                    "goes to. Its incoming server has to be confirmed."
                )
            )
        if not recipient:
            raise UserError(
                self.env._(
                    "Enter under Deliverability the address of the mailbox “%s”.",
                    mailbox.name,
                )
            )
        return mailbox, recipient

    def _known_round_trip_goal(self):
        """Return the mailbox that was chosen, or the first one with an address."""
        mailbox = self.round_trip_mailbox_id
        if not mailbox:
            mailbox = self.env["fetchmail.server"].search(
                [("state", "=", "done"), ("user", "like", "%@%")], limit=1
            )
        if mailbox.state != "done":
            mailbox = mailbox.browse()
        own = self.round_trip_mailbox_id and self.round_trip_recipient
        return mailbox, email_normalize(own or mailbox.user) or ""
