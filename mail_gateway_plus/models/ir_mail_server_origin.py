from odoo import api, fields, models
from odoo.tools.misc import hmac

from ..core.parsing.machine import OWN_MARK
from .ir_mail_server_identity import SESSION_IDENTITY

TOKEN_SCOPE = "mail_gateway_plus-return-path"
TOKEN_LENGTH = 16


class IrMailServer(models.Model):
    """By what a mail is known when it, or a report on it, comes back."""

    _inherit = "ir.mail_server"

    has_return_tokens = fields.Boolean(
        string="Own Return Path for Each Mail",
        help="Bounces go to bounce+token@… instead of bounce@…, so that each is known "
        "for the mail that it is about, whatever the mail system writes. Only for "
        "domains whose mail server accepts plus addresses. The domain stays the same, "
        "and SPF with it.",
    )

    def _build_email__(self, email_from, *args, **kwargs):
        """Mark the mail as this database's, so that it is known if it comes back."""
        message = super()._build_email__(email_from, *args, **kwargs)
        del message[OWN_MARK]
        message[OWN_MARK] = self.env["mail.gateway.examination"]._own_mark()
        return message

    def _identity(self):
        identity = super()._identity()
        if identity:
            identity.has_return_tokens = self.has_return_tokens
        return identity

    def _prepare_email_message__(self, message, smtp_session):
        """Give the mail a return path of its own where the server is to do so."""
        smtp_from, recipients, message = super()._prepare_email_message__(
            message, smtp_session
        )
        identity = getattr(smtp_session, SESSION_IDENTITY, None)
        if identity and identity.has_return_tokens:
            smtp_from = self._with_return_token(smtp_from, message["Message-Id"])
        return smtp_from, recipients, message

    @api.model
    def _with_return_token(self, smtp_from, message_id):
        """Return a bounce address of ours with the mail's token, others as they are."""
        # sudo: whoever sends need not see the alias domains
        domains = self.env["mail.alias.domain"].sudo()
        domains = domains.search([("bounce_alias", "!=", False)])
        if smtp_from not in domains.mapped("bounce_email"):
            return smtp_from
        token = hmac(self.env(su=True), TOKEN_SCOPE, str(message_id))[:TOKEN_LENGTH]
        local, _at, domain = smtp_from.rpartition("@")
        return f"{local}+{token}@{domain}"
