from odoo import fields, models
from odoo.tools import html2plaintext, is_html_empty

from ..core.policy.mail_frame import Frame, put_frame
from .ir_mail_server_identity import SESSION_IDENTITY


class IrMailServerFrame(models.Model):
    """The server's own texts around the text of each mail."""

    _inherit = "ir.mail_server"

    text_before = fields.Html(
        help="Stands before the text of each mail that goes out through this server.",
    )
    text_after = fields.Html(
        help="Stands after the text of each mail that goes out through this server: "
        "an imprint, say, or a notice of confidentiality.",
    )

    def _identity(self):
        identity = super()._identity()
        if identity:
            identity.frame = self._frame()
        return identity

    def _frame(self):
        before, after = (
            "" if is_html_empty(text) else text
            for text in (self.text_before, self.text_after)
        )
        return Frame(
            str(before),
            str(after),
            html2plaintext(before) if before else "",
            html2plaintext(after) if after else "",
        )

    def _prepare_email_message__(self, message, smtp_session):
        smtp_from, recipients, message = super()._prepare_email_message__(
            message, smtp_session
        )
        identity = getattr(smtp_session, SESSION_IDENTITY, None)
        # A message is prepared anew where another server stands in for the first.
        if identity and not getattr(message, "gateway_is_framed", False):
            put_frame(message, identity.frame)
            message.gateway_is_framed = True
        return smtp_from, recipients, message
