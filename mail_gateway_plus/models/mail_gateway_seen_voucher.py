from odoo import api, fields, models

from ..core.trust.domains import is_named, read_names

RESULTS, SEAL = "results", "seal"
# By kind: where an administrator says that it is believed.
TRUSTED_IN = {RESULTS: "authserv_ids", SEAL: "arc_sealers"}


class MailGatewaySeenVoucher(models.Model):
    """Who vouches for senders in the newest messages of a mailbox, believed or not.

    Written anew at each look, so there are only a few.
    """

    _name = "mail.gateway.seen.voucher"
    _description = "Who Vouches for Senders"
    _order = "server_id, kind, hops, count desc, id"

    server_id = fields.Many2one(
        "fetchmail.server",
        required=True,
        index=True,
        ondelete="cascade",
        help="The mailbox.",
    )
    name = fields.Char(required=True, help="What it calls itself.")
    kind = fields.Selection(
        [(RESULTS, "Results"), (SEAL, "ARC seal")],
        required=True,
        help="Results: what a server found out about the sender "
        "(Authentication-Results). ARC seal: it forwarded the message and sealed what "
        "it had found out.",
    )
    hops = fields.Integer(
        string="Below",
        help="Below how many Received lines it stands. The mailbox's own server writes "
        "near the top; further down, the sender may have written it.",
    )
    count = fields.Integer(
        string="In Messages", help="How many of the messages that were looked at."
    )
    is_trusted = fields.Boolean(
        string="Believed",
        compute="_compute_is_trusted",
        help="Whether the mailbox believes it.",
    )

    @api.depends("name", "kind", "server_id.authserv_ids", "server_id.arc_sealers")
    def _compute_is_trusted(self):
        for voucher in self:
            trusted = voucher.server_id[TRUSTED_IN[voucher.kind]]
            voucher.is_trusted = is_named(voucher.name, read_names(trusted))

    def action_trust(self):
        """Believe it from now on."""
        self.ensure_one()
        if not self.is_trusted:
            field = TRUSTED_IN[self.kind]
            names = filter(None, [self.server_id[field], self.name])
            self.server_id[field] = ", ".join(names)
        return True
