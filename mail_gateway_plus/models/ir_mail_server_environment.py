import base64

from odoo import api, models
from odoo.exceptions import UserError

SECRETS = {"PASSWORD", "CERTIFICATE", "PRIVATE_KEY"}


class IrMailServerEnvironment(models.Model):
    """Settings of an outgoing server that come from the environment.

    All but its name, its notes, its owner, whether it is archived and how often it
    sends round-trip mail, which the database is searched by; the texts around its
    mails, which are more than a line; and its provider, its quotas and tokens of Google
    and Microsoft, which are rows and renewals of the database's own.
    """

    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.environment"]

    _unique_environment_code = models.UniqueIndex(
        "(environment_code) WHERE environment_code IS NOT NULL",
        "Another outgoing server has this code in the environment.",
    )

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | {
            "AUTHENTICATION": "smtp_authentication",
            "ENCRYPTION": "smtp_encryption",
            "HOST": "smtp_host",
            "PORT": "smtp_port",
            "USER": "smtp_user",
            "PASSWORD": "smtp_pass",
            "CERTIFICATE": "smtp_ssl_certificate",
            "PRIVATE_KEY": "smtp_ssl_private_key",
            "DEBUG": "smtp_debug",
            "FROM_FILTER": "from_filter",
            "FROM_NAME": "from_name",
            "FROM_ADDRESS": "from_address",
            "REPLY_TO": "reply_to",
            "SUBJECT_PREFIX": "subject_prefix",
            "RETURN_TOKENS": "has_return_tokens",
            "DKIM_SELECTORS": "dkim_selectors",
            "TEST_RECIPIENT": "test_recipient",
            "PRIORITY": "sequence",
            "WEIGHT": "weight",
            "WHEN_SPENT": "when_spent",
            "SESSIONS": "session_limit",
            "LINK_SIZE_MB": "max_email_size",
        }

    @api.model
    def _environment_secrets(self):
        return super()._environment_secrets() | SECRETS

    @api.model
    def _environment_bounds(self):
        return super()._environment_bounds() | {
            "PORT": (1, 65535),
            "SESSIONS": (1, None),
        }

    # ---------------------------------------------------------------- where they count

    def _in_effective_order(self):
        """Return the servers by priority; as they are, if none comes from there."""
        if any("PRIORITY" in server._environment() for server in self):
            return self.sorted("sequence")
        return self

    def _pem(self, setting):
        """Return certificate or private key, wherever it comes from, as PEM."""
        value = self._secret(setting)
        is_text = setting in self._environment()
        return value.encode() if is_text else base64.b64decode(value)

    def _check_secret_arrives(self):
        """Refuse to let another addon connect with a secret that was replaced.

        It reads the field, and so what is stored.
        """
        if self and self._has_secret_from_environment():
            raise UserError(
                self.env._(
                    "An addon connects to %s in a way of its own, and would not use "
                    "the password that comes from the environment. Enter it in the "
                    "form.",
                    self.display_name,
                )
            )

    @api.constrains(
        "smtp_authentication", "smtp_ssl_certificate", "smtp_ssl_private_key"
    )
    def _check_smtp_ssl_files(self):
        """Miss no file that the environment hands over."""
        files = {"CERTIFICATE", "PRIVATE_KEY"}
        stored = self.filtered(lambda server: not files & set(server._environment()))
        return super(IrMailServerEnvironment, stored)._check_smtp_ssl_files()
