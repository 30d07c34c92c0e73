"""What the tests of settings from the environment share."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from gateway_case import GatewayCase

SECRET = "s3cret-from-the-environment"


class EnvironmentCase(GatewayCase):
    """A test in which variables are set, and servers with codes are made."""

    def setUp(self):
        super().setUp()
        patcher = patch.dict(os.environ)
        patcher.start()
        self.addCleanup(patcher.stop)

    def name(self, code="MAIN", **variables):
        """Set variables of a code, as a restart of Odoo would."""
        for setting, value in variables.items():
            variable = f"MAIL_GATEWAY_{code}_{setting}"
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
        self.restart()

    def restart(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def secret_file(self, text=f"{SECRET}\n"):
        handle, path = tempfile.mkstemp()
        os.write(handle, text.encode())
        os.close(handle)
        self.addCleanup(lambda: Path(path).unlink(missing_ok=True))
        return path

    def main(self, **values):
        return self.outgoing("Main", 25, environment_code="MAIN", **values)

    def support(self, **values):
        return self.mailbox(environment_code="SUPPORT", **values)

    def stored(self, server, column):
        self.env.flush_all()
        self.env.cr.execute(
            f'SELECT "{column}" FROM "{server._table}" WHERE id = %s', [server.id]
        )
        return self.env.cr.fetchone()[0]

    def chosen(self):
        found, _from = self.env["ir.mail_server"]._find_mail_server("a@b.example")
        return found
