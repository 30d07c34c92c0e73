from odoo import api, fields, models

from .ir_mail_server_connect import VERIFIED_AUTHENTICATIONS

# Registered ports (RFC 8314 section 7; RFC 5321 section 4.5.4.2). Others, such as 2525,
# which many providers open beside 587, are somebody's own choice and stay.
PORTS = {
    "none": 25,
    "starttls": 587,
    "starttls_strict": 587,
    "ssl": 465,
    "ssl_strict": 465,
}


class IrMailServerSecurity(models.Model):
    """What a person sees and chooses of a server's encryption."""

    _inherit = "ir.mail_server"

    # What code creates stays as in stock Odoo.
    smtp_encryption = fields.Selection(
        default=lambda self: "starttls_strict" if self._entered_on_screen() else "none"
    )
    smtp_port = fields.Integer(
        default=lambda self: (
            PORTS["starttls_strict"] if self._entered_on_screen() else 25
        )
    )
    security_warning = fields.Selection(
        [
            ("clear", "Nothing is encrypted"),
            ("unverified", "Encrypted for whoever answers"),
            ("verified", "Verified although it says otherwise"),
        ],
        compute="_compute_security_warning",
        help="What the chosen encryption does not protect from.",
    )

    @api.depends("smtp_encryption", "smtp_authentication")
    def _compute_security_warning(self):
        for server in self:
            encryption = server.smtp_encryption
            if server.smtp_authentication == "cli" or not encryption:
                server.security_warning = False
            elif encryption == "none":
                server.security_warning = "clear"
            elif encryption.endswith("_strict"):
                server.security_warning = False
            elif server.smtp_authentication in VERIFIED_AUTHENTICATIONS:
                server.security_warning = "verified"
            else:
                server.security_warning = "unverified"

    @api.onchange("smtp_encryption")
    def _onchange_encryption(self):
        """Set the encryption's port, unless the port is somebody's own choice."""
        port = self.smtp_port
        result = super()._onchange_encryption()
        if self.smtp_authentication not in VERIFIED_AUTHENTICATIONS:
            is_registered = not port or port in PORTS.values()
            self.smtp_port = PORTS[self.smtp_encryption] if is_registered else port
        return result
