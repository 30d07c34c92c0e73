from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..core.discovery.discover import InvalidAddress, discover
from ..core.protocols.endpoint import Security
from ..core.setup.preset import host_for, user_for
from ..core.setup.settings import Protocol
from ..models.ir_mail_server_sending import SESSION_LIMIT
from ..models.mail_gateway_preset import strict
from ..setup_texts import NOTE_TEXT, REACHED_TEXT, SOURCE_TEXT

# A password is never sent in clear to a server that was only looked up.
SECURITIES = [
    (Security.SSL.value, "SSL/TLS"),
    (Security.STARTTLS.value, "STARTTLS"),
]


class MailGatewayDiscover(models.TransientModel):
    """From an address and a password to an outgoing and an incoming server."""

    _name = "mail.gateway.discover"
    _description = "Set Up Mail Servers from an Address"

    state = fields.Selection(
        [("address", "Address"), ("found", "Servers"), ("done", "Done")],
        default="address",
        required=True,
        help="How far it has come.",
    )
    address = fields.Char(
        string="Email Address",
        help="The address whose mail Odoo is to send and read.",
    )
    password = fields.Char(
        help="The account's password or app password. It is first used when a server "
        "is tested, and only over an encrypted connection."
    )
    preset_id = fields.Many2one(
        "mail.gateway.preset", string="Provider", help="Who runs the account."
    )
    preset_guide = fields.Html(
        string="About the Provider",
        compute="_compute_preset_guide",
        sanitize=False,
        help="What to do at the provider first, and what often goes wrong.",
    )
    notes = fields.Text(readonly=True, help="What to know about what was found.")
    has_outgoing = fields.Boolean(
        string="Send Through It", help="Make an outgoing server of it."
    )
    smtp_host = fields.Char(string="SMTP Server", help="The server to send through.")
    smtp_port = fields.Integer("SMTP Port", help="Its port.")
    smtp_security = fields.Selection(
        SECURITIES, string="SMTP Encryption", help="Its encryption."
    )
    smtp_user = fields.Char(string="SMTP Username", help="The user name to send with.")
    smtp_source = fields.Text(
        readonly=True, help="Who named the server, and whether it answers."
    )
    has_incoming = fields.Boolean(
        string="Read It", help="Make an incoming server of it."
    )
    mailbox_type = fields.Selection(
        [("imap", "IMAP"), ("pop", "POP3")],
        default="imap",
        help="How mail is read: IMAP keeps it on the server.",
    )
    mailbox_host = fields.Char(string="Server", help="The server to read from.")
    mailbox_port = fields.Integer(string="Port", help="Its port.")
    mailbox_security = fields.Selection(
        SECURITIES, string="Encryption", help="Its encryption."
    )
    mailbox_user = fields.Char(string="Username", help="The user name to read with.")
    mailbox_source = fields.Text(
        readonly=True, help="Who named the server, and whether it answers."
    )
    object_id = fields.Many2one(
        "ir.model",
        string="Create a New Record",
        domain="[('is_mail_thread', '=', True)]",
        help="What a message becomes that starts a new conversation.",
    )
    outgoing_server_id = fields.Many2one(
        "ir.mail_server",
        readonly=True,
        help="The server that was made.",
    )
    incoming_server_id = fields.Many2one(
        "fetchmail.server",
        readonly=True,
        help="The mailbox that was made.",
    )

    @api.depends("preset_id")
    def _compute_preset_guide(self):
        for wizard in self:
            wizard.preset_guide = wizard.preset_id._guide()

    # ------------------------------------------------------------------------- looking

    def action_discover(self):
        """Look for the address's servers and show what was found."""
        self.ensure_one()
        presets = self.env["mail.gateway.preset"]._known()
        try:
            found = discover(
                self.address or "",
                presets._facts(),
                self.env["mail.gateway.network"]._network(),
            )
        except InvalidAddress as error:
            raise UserError(
                self.env._("“%s” is not an email address.", self.address or "")
            ) from error
        outgoing = found.best(Protocol.SMTP)
        incoming = found.best(Protocol.IMAP, Protocol.POP)
        self.write(
            {
                "state": "found",
                "address": found.address,
                "preset_id": presets.filtered(lambda one: one.code == found.preset).id,
                "notes": "\n".join(self.env._(NOTE_TEXT[note]) for note in found.notes),
                **self._outgoing_found(outgoing),
                **self._incoming_found(incoming),
            }
        )
        return self._reopen()

    def _outgoing_found(self, offer):
        if not offer:
            return {"has_outgoing": False, "smtp_host": False, "smtp_source": False}
        return {
            "has_outgoing": True,
            "smtp_host": offer.host,
            "smtp_port": offer.port,
            "smtp_security": offer.security.value,
            "smtp_user": offer.user or self.address.strip(),
            "smtp_source": self._told(offer),
        }

    def _incoming_found(self, offer):
        if not offer:
            return {
                "has_incoming": False,
                "mailbox_host": False,
                "mailbox_source": False,
            }
        return {
            "has_incoming": True,
            "mailbox_type": offer.protocol.value,
            "mailbox_host": offer.host,
            "mailbox_port": offer.port,
            "mailbox_security": offer.security.value,
            "mailbox_user": offer.user or self.address.strip(),
            "mailbox_source": self._told(offer),
        }

    def _told(self, offer):
        """Return who named a server and what came of connecting to it."""
        return self.env._(
            "Found by %(who)s. %(reached)s",
            who=self.env._(SOURCE_TEXT[offer.source]),
            reached=self.env._(REACHED_TEXT[offer.reached]),
        )

    @api.onchange("preset_id")
    def _onchange_preset(self):
        """Take a provider's servers, when a person knows better."""
        if self.state != "found" or not self.preset_id:
            return
        preset = self.preset_id._fact()
        address = self.address or ""
        region = preset.regions[0] if preset.regions else ""
        sending = preset.half(Protocol.SMTP)
        reading = preset.half(Protocol.IMAP) or preset.half(Protocol.POP)
        self.smtp_source = self.mailbox_source = False
        if host := self._take(sending, region):
            self.has_outgoing, self.smtp_host = True, host
            self.smtp_port = sending.ways[0].port
            self.smtp_security = sending.ways[0].security.value
            user = user_for(sending.user_form, address, preset.user_literal)
            self.smtp_user = user or address
        if host := self._take(reading, region):
            self.has_incoming, self.mailbox_host = True, host
            self.mailbox_type = reading.protocol.value
            self.mailbox_port = reading.ways[0].port
            self.mailbox_security = reading.ways[0].security.value
            self.mailbox_user = user_for(reading.user_form, address) or address

    def _take(self, half, region):
        """Return the host of a half that can be taken as it is, else nothing."""
        if not half or not half.ways or half.ways[0].security is Security.NONE:
            return ""
        return host_for(half.host, region, (self.address or "").rpartition("@")[2])

    # ------------------------------------------------------------------------ creating

    def action_create_servers(self):
        """Make the servers, not confirmed, and say where they are."""
        self.ensure_one()
        if not self.has_outgoing and not self.has_incoming:
            raise UserError(
                self.env._("Choose whether to send through the account or to read it.")
            )
        values = {"state": "done"}
        if self.has_outgoing:
            outgoing = self.env["ir.mail_server"].create(self._outgoing_values())
            values["outgoing_server_id"] = outgoing.id
        if self.has_incoming:
            incoming = self.env["fetchmail.server"].create(self._incoming_values())
            values["incoming_server_id"] = incoming.id
        # The servers have it now; here it has no more business.
        self.write({**values, "password": False})
        return self._reopen()

    def _outgoing_values(self):
        oauth = self._oauth_type("ir.mail_server", "smtp_authentication")
        most = self.preset_id.connections
        return {
            **self._common_values(self.smtp_host),
            "quota_ids": [Command.create(v) for v in self.preset_id._quota_values()],
            "session_limit": min(most or SESSION_LIMIT, SESSION_LIMIT),
            # Most providers let an account send for its own address only.
            "from_filter": self.address,
            "smtp_host": self.smtp_host,
            "smtp_user": self.smtp_user,
            "smtp_authentication": oauth or "login",
            "smtp_pass": False if oauth else self.password,
            # Odoo's OAuth servers insist on this very encryption.
            "smtp_port": 587 if oauth else self.smtp_port,
            "smtp_encryption": "starttls"
            if oauth
            else strict(Security(self.smtp_security)),
        }

    def _incoming_values(self):
        oauth = self._oauth_type("fetchmail.server", "server_type")
        return {
            **self._common_values(self.mailbox_host),
            "server_type": oauth or self.mailbox_type,
            "server": self.mailbox_host,
            "port": self.mailbox_port,
            "connection_security": self.mailbox_security,
            "verify_certificate": True,
            "user": self.mailbox_user,
            "password": False if oauth else self.password,
            "object_id": self.object_id.id,
        }

    def _common_values(self, host):
        """Return what both halves of the account have alike."""
        return {
            "name": self.address,
            "state": "draft",
            "preset_id": self.preset_id.id,
            "preset_region_id": self._region(host).id,
        }

    def _oauth_type(self, model, field):
        """Return the type of login with OAuth that the provider calls for, if any."""
        types = self.env[model]._fields[field].get_values(self.env)
        return self.preset_id and self.preset_id._oauth_type(types)

    def _region(self, host):
        """Return the provider's region that a host belongs to, or none."""
        if not self.preset_id:
            return self.env["mail.gateway.preset.region"]
        code = self.preset_id._fact().region_of(host or "")
        return self.preset_id.region_ids.filtered(
            lambda region: code is not None and (region.code or "") == code
        )[:1]

    # ---------------------------------------------------------------------- navigation

    def action_back(self):
        """Ask for the address again."""
        self.write({"state": "address", "notes": False})
        return self._reopen()

    def action_open_outgoing(self):
        """Show the outgoing server, to be tested."""
        return self._form_of(self.outgoing_server_id)

    def action_open_incoming(self):
        """Show the mailbox, to be tested."""
        return self._form_of(self.incoming_server_id)

    def _form_of(self, server):
        return {
            "type": "ir.actions.act_window",
            "name": server.display_name,
            "res_model": server._name,
            "res_id": server.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def _reopen(self):
        """Return the action that shows the dialog's next page."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set Up from an Address"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
