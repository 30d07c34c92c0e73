from odoo import models

# What no person wrote (mail/models/mail_message.py, ``message_type``).
AUTOMATIC = ("auto_comment", "notification", "user_notification")


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _prepare_outgoing_list(self, *args, **kwargs):
        """Say of mail that Odoo wrote by itself that it is automatic (RFC 3834).

        Whoever is absent, or answers automatically too, is asked not to answer it.
        """
        emails = super()._prepare_outgoing_list(*args, **kwargs)
        if self.message_type in AUTOMATIC:
            for email in emails:
                headers = {**(email.get("headers") or {})}
                if not any(name.lower() == "auto-submitted" for name in headers):
                    headers["Auto-Submitted"] = "auto-generated"
                email["headers"] = headers
        return emails
