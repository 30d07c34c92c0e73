from odoo import fields, models
from odoo.exceptions import UserError


class MailGatewayHeldFile(models.Model):
    """An attachment that was kept from a record. Its content is in the journal.

    It leaves with the message's row, whose retention is its own.
    """

    _name = "mail.gateway.held.file"
    _inherit = ["mail.gateway.withheld"]
    _told_through = "inbound_id"
    _description = "File Held Back"
    _order = "id"

    inbound_id = fields.Many2one(
        "mail.gateway.inbound",
        string="Message",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        help="The message that it came with.",
    )
    company_id = fields.Many2one(
        related="inbound_id.company_id", help="The message's company."
    )
    name = fields.Char(required=True, readonly=True, help="As the sender calls it.")
    size = fields.Integer(readonly=True, help="Its bytes.")
    digest = fields.Char(readonly=True, help="SHA-256 of its content.")
    reason = fields.Char(readonly=True, help="Why it was held back.")
    state = fields.Selection(
        [("held", "Held Back"), ("released", "Released")],
        required=True,
        readonly=True,
        default="held",
        help="Whether somebody has let it go to the record.",
    )
    released_by = fields.Many2one(
        "res.users", readonly=True, help="Who let it go to the record."
    )
    released_at = fields.Datetime(readonly=True, help="When it was let go.")

    def action_release(self):
        """Add the file to the record after all, in the name of who says so."""
        self.ensure_one()
        row = self.inbound_id
        row._check_operator()
        # sudo: operators decide about mail, and write neither journal nor records
        file = self.sudo().try_lock_for_update(allow_referencing=True)
        if file.state != "held":
            raise UserError(
                self.env._("Somebody else is releasing it, or has done so.")
            )
        gateway = row.sudo()._as_gateway()
        record = gateway._record_of_files()
        content = gateway._content_of(file.digest)
        record.message_post(
            body=self.env._(
                "%(user)s released the file %(name)s, which had been held back: "
                "%(reason)s",
                user=self.env.user.name,
                name=file.name,
                reason=file.reason,
            ),
            attachments=[(file.name, content)],
            subtype_xmlid="mail.mt_note",
        )
        file.write(
            {
                "state": "released",
                "released_by": self.env.user.id,
                "released_at": fields.Datetime.now(),
            }
        )
        return True
