from email.utils import formataddr, parseaddr
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize
from odoo.tools.mail import encapsulate_email

from ..core.policy.sender_identity import with_prefix
from ..core.protocols.smtp_dial import SmtpDial

# The attribute by which a session tells what its server makes of a mail: read once, as
# each mail's commit empties Odoo's caches.
SESSION_IDENTITY = "gateway_identity"


class IrMailServerIdentity(models.Model):
    """What a mail looks like that goes out through a server; what keeps it in place."""

    _inherit = "ir.mail_server"

    description = fields.Text(
        help="What the server is for; only administrators see it."
    )
    egress_note = fields.Text(
        string="Egress Addresses",
        help="The addresses from which this machine reaches the server, and where they "
        "are entered as allowed, such as a provider's list of relay addresses.",
    )
    from_name = fields.Char(
        string="Default From Name",
        help="The name of the sender of mail that has an address only.",
    )
    from_address = fields.Char(
        string="Default From Address",
        help="The sender of mail that names none, or one that the server may not send "
        "for according to FROM Filtering. The author's name is kept.",
    )
    reply_to = fields.Char(
        string="Default Reply-To",
        help="Where answers go to if the mail does not say so itself.",
    )
    subject_prefix = fields.Char(
        help="Stands before the subject of each mail, once: [City]"
    )
    queued_count = fields.Integer(
        string="Queued Mails",
        compute="_compute_queued_count",
        help="Mails that wait and were assigned to this server by hand.",
    )

    # ------------------------------------------------------------ while mail goes out

    def _observed(self, connection, dispatch):
        session = super()._observed(connection, dispatch)
        # A dial is no session yet; whoever connects it marks what comes out.
        return session if isinstance(session, SmtpDial) else self._marked(session)

    def _marked(self, session):
        """Return the session, which tells from now on that it is this server's."""
        if session is not None:
            setattr(session, SESSION_IDENTITY, self._identity())
        return session

    def _identity(self):
        """Return what the server makes of a mail, None for the command line's."""
        if not self:
            return None
        return SimpleNamespace(
            subject_prefix=self.subject_prefix,
            reply_to=self.reply_to,
            from_address=self.from_address,
            from_name=self.from_name,
            from_filter=self.from_filter,
        )

    def _build_email__(self, email_from, *args, **kwargs):
        """Note on the message when Odoo has to find a sender for it."""
        message = super()._build_email__(email_from, *args, **kwargs)
        message.gateway_names_no_sender = not email_from
        return message

    def _prepare_email_message__(self, message, smtp_session):
        """Give the mail the identity of the server that it really goes through."""
        identity = getattr(smtp_session, SESSION_IDENTITY, None)
        author = message["From"]
        if identity:
            self._set_defaults(identity, message)
        smtp_from, recipients, message = super()._prepare_email_message__(
            message, smtp_session
        )
        if identity:
            smtp_from = self._set_sender(identity, message, author, smtp_from)
        return smtp_from, recipients, message

    def _set_defaults(self, identity, message):
        subject = with_prefix(message["Subject"], identity.subject_prefix)
        if subject != message["Subject"]:
            del message["Subject"]
            message["Subject"] = subject
        answers_to = email_normalize(message["Reply-To"])
        if identity.reply_to and answers_to in (
            False,
            email_normalize(message["From"]),
        ):
            del message["Reply-To"]
            message["Reply-To"] = identity.reply_to

    def _set_sender(self, identity, message, author, smtp_from):
        """Set the sender where the mail has none that the server sends for.

        :param author: the From of the message before Odoo prepared it
        :returns: the sender of the envelope
        """
        sender = message["From"]
        if identity.from_address:
            if getattr(message, "gateway_names_no_sender", False):
                sender = identity.from_address
            elif not self._match_from_filter(sender, identity.from_filter):
                sender = encapsulate_email(author, identity.from_address)
            if not self._match_from_filter(smtp_from, identity.from_filter):
                smtp_from = email_normalize(identity.from_address) or smtp_from
        name, address = parseaddr(str(sender or ""))
        if identity.from_name and address and not name:
            sender = formataddr((identity.from_name, address))
        if sender != message["From"]:
            del message["From"]
            message["From"] = sender
        return smtp_from

    # ---------------------------------------------------------------- queued mails

    def _compute_queued_count(self):
        counts = dict(
            self.env["mail.mail"]
            .sudo()
            ._read_group(self._queued_domain(), ["mail_server_id"], ["__count"])
        )
        for server in self:
            server.queued_count = counts.get(server._origin, 0)

    def _queued_domain(self):
        return [("mail_server_id", "in", self.ids), ("state", "=", "outgoing")]

    def _active_usages_compute(self):
        """Name the mails that wait for the server: they could not go out any more."""
        usages = super()._active_usages_compute()
        for server in self.filtered("queued_count"):
            usages.setdefault(server.id, []).append(server._told_queue())
        return usages

    @api.ondelete(at_uninstall=False)
    def _unlink_except_queued(self):
        for server in self.filtered("queued_count"):
            raise UserError(
                self.env._(
                    "%(server)s cannot be deleted: %(queue)s",
                    server=server.name,
                    queue=server._told_queue(),
                )
            )

    def _told_queue(self):
        return self.env._(
            "Mails that wait to go out through it: %s. Send them, cancel them, or move "
            "them to another server (Move Queued Mails).",
            self.queued_count,
        )

    def _move_queued(self, target):
        """Have the queued mails go out through another server; none: any that may.

        :returns: how many were moved
        """
        mails = self.env["mail.mail"].sudo().search(self._queued_domain())
        mails.write({"mail_server_id": target.id})
        return len(mails)
