from odoo import api, models


class FetchmailServerEnvironment(models.Model):
    """Settings of an incoming server that come from the environment.

    All but its name, whether it is archived, its priority, which decides nothing here,
    whether it is sealed, which is not for whoever starts Odoo to say, and the type and
    the company of its records, which are rows of the database.
    """

    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.environment"]

    _unique_environment_code = models.UniqueIndex(
        "(environment_code) WHERE environment_code IS NOT NULL",
        "Another incoming server has this code in the environment.",
    )

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | {
            "TYPE": "server_type",
            "ENCRYPTION": "connection_security",
            "VERIFY_CERTIFICATE": "verify_certificate",
            "HOST": "server",
            "PORT": "port",
            "USER": "user",
            "PASSWORD": "password",
            "FOLDERS": "folder",
            "START_WITH": "start_policy",
            "AFTER_FETCH": "after_fetch",
            "KEYWORD": "after_fetch_keyword",
            "MOVE_TO": "after_fetch_folder",
            "QUARANTINED_TO": "failed_folder",
            "DELETE": "delete_from_server",
            "DELETE_AFTER_DAYS": "delete_after_days",
            "READ_EVERY_MINUTES": "poll_minutes",
            "TIMEOUT_SECONDS": "timeout_seconds",
            "TIME_SECONDS": "time_budget",
            "SIZE_LIMIT_MB": "size_limit",
            "SAME_MESSAGE_TWICE": "duplicate_policy",
            "KEEP_ATTACHMENTS": "attach",
            "KEEP_ORIGINAL": "original",
            "SENDER_POLICY": "sender_policy",
            "FAILED_POLICY": "failed_policy",
            "FILE_POLICY": "file_policy",
            "CHECK_SENDERS": "checks_senders",
            "BELIEVED_SERVERS": "authserv_ids",
            "OWN_HOPS": "own_hops",
            "OWN_HOSTS": "own_hosts",
            "ARC_SEALERS": "arc_sealers",
            "REPORT_POLICY": "report_policy",
            "ANSWER_POLICY": "answer_policy",
            "AUTOMATIC_POLICY": "automatic_policy",
        }

    @api.model
    def _environment_secrets(self):
        return super()._environment_secrets() | {"PASSWORD"}

    @api.model
    def _environment_bounds(self):
        return super()._environment_bounds() | {
            "PORT": (1, 65535),
            "TIMEOUT_SECONDS": (1, 3600),
            "TIME_SECONDS": (1, None),
            "OWN_HOPS": (0, None),
        }

    def _environment_values(self):
        """Have Odoo's own field say what the encryption means."""
        values = super()._environment_values()
        if "connection_security" in values:
            values["is_ssl"] = values["connection_security"] == "ssl"
        return values

    def _overridden_fields(self):
        names = super()._overridden_fields()
        return names | {"is_ssl"} if "connection_security" in names else names

    def _with_secret(self):
        """Return the server as a login shall see it, which reads its fields.

        With a password from the environment that is a record in memory only: neither
        the stored one nor a screen's ever has it.
        """
        if "PASSWORD" not in self._environment():
            return self
        return self.new({"password": self._secret("PASSWORD")}, origin=self)
