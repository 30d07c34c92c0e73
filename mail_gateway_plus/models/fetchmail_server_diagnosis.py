from odoo import models
from odoo.exceptions import UserError

from ..core.diagnosis.steps import Protocol, Step, Target
from ..core.protocols.dial import Dial
from ..core.protocols.mailbox import FolderStatus

# Of how many messages the test says where they would go.
NEWEST = 10


class FetchmailServerDiagnosis(models.Model):
    """Examining an incoming server step by step."""

    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "mail.gateway.diagnosable"]

    def action_diagnose(self):
        """Test this server before the user's eyes; confirm it if all goes well.

        :returns: the client action that shows the test
        """
        self.ensure_one().check_access("write")
        self._check_environment()
        kind = self._get_connection_type()
        if kind not in ("imap", "pop"):
            return self.button_confirm_login()
        login_error = ""
        try:
            dial = (
                self.sudo()
                .with_context(mail_gateway_dial_only=True)
                ._connect__(allow_archived=True)
            )
        except UserError as error:
            if self.server_type in ("imap", "pop"):
                raise
            # An addon's provider handed out no token; the rest can be tested still.
            dial, login_error = Dial(object, self._endpoint(), ()), str(error)
        if not isinstance(dial, Dial):  # another addon's, which is tested as a whole
            return self.button_confirm_login()
        target = self._diagnosis_target(Protocol(kind), dial, login_error)
        return self.env["mail.gateway.diagnosis"]._start(self, target)

    def _diagnosis_target(self, protocol, dial, login_error):
        server = self.sudo()
        password = server._secret("PASSWORD")
        return Target(
            protocol,
            dial.endpoint,
            user=server.user or "",
            secrets=(password,) if password else (),
            login=dial.steps,
            login_error=login_error,
            folders=tuple(self._folder_names()),
            needs_flags=self._changes_mailbox(),
            newest=NEWEST,
        )

    def _confirm_tested(self, results):
        [found] = [result.details for result in results if result.step is Step.FOLDERS]
        statuses = [
            FolderStatus(
                folder=folder["name"],
                messages=folder["messages"],
                writable=folder["writable"],
                uidvalidity=folder.get("uidvalidity", ""),
                uidnext=folder.get("uidnext", 0),
            )
            for folder in found["folders"]
        ]
        self._confirm(statuses)

    def _door_values(self, door):
        """Return what to write to use another port and security."""
        return {"port": door["port"], "connection_security": door["security"]}
