import logging
import random
import time

from odoo import api, models
from odoo.exceptions import UserError

from ..core.diagnosis.certificate import ends_soon
from ..core.diagnosis.peeking import peek
from ..core.tasks import call, run

_logger = logging.getLogger(__name__)

AT_ONCE = 8
LOOK_SECONDS = 10.0
# What was not begun by then is looked at another day: days are left.
RUN_SECONDS = 60.0


class MailGatewayWarningCertificate(models.Model):
    """Looking every day at how long the certificates of the servers in use last."""

    _inherit = "mail.gateway.warning"

    @api.model
    def _watch_certificates(self):
        """Warn of certificates that end soon, as a scheduled action; commits."""
        # sudo: the scheduler sees to all servers
        in_use = [("active", "=", True)]
        outgoing = self.env["ir.mail_server"].sudo().search(in_use)._confirmed()
        in_use.append(("state", "=", "done"))
        incoming = self.env["fetchmail.server"].sudo().search(in_use)
        looks = [each for servers in (outgoing, incoming) for each in _targets(servers)]
        self._settle_all_but([server for server, _target in looks])
        random.shuffle(looks)
        last_start = time.monotonic() + RUN_SECONDS
        run(
            (
                self._look_at(server, target)
                for server, target in looks
                if time.monotonic() < last_start
            ),
            AT_ONCE,
        )
        self.env["ir.cron"]._commit_progress(len(looks), remaining=0)

    @api.model
    def _settle_all_but(self, servers):
        """Warn no longer of certificates that do not count any more."""
        watched = {(server._name, server.id) for server in servers}
        for warning in self.sudo().search([("topic", "=", "certificate")]):
            server = warning._server()
            if (server._name, server.id) not in watched:
                warning._settle()

    def _look_at(self, server, target):
        """A task: look at one certificate, and warn of it or no longer."""
        details = yield call(True, peek, target, LOOK_SECONDS)
        try:
            if server.exists() and details:
                self._note_certificate(server, details)
        except Exception:
            self.env.cr.rollback()
            _logger.exception(
                "The certificate of %s is not noted", target.endpoint.host
            )
        # Each server for itself: what was found stays, whatever the next one does.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _note_certificate(self, server, details):
        if not ends_soon(details):
            self._about(server, "certificate")._settle()
            return
        day = details["expires"]
        self._warn(
            server,
            "certificate",
            day,
            self.env._("The certificate of %s ends", server.name),
            self.env._(
                "The certificate of “%(server)s” is good until %(day)s and no longer. "
                "From then on no connection comes about, as anybody could pretend to "
                "be that server. Have whoever runs it renew the certificate; where "
                "that happens by itself, it has failed.",
                server=server.name,
                day=day,
            ),
        )


def _targets(servers):
    """Yield each server whose certificate counts, with where it is to be seen."""
    for server in servers:
        try:
            target = server._certificate_target()
        except UserError:  # its settings are not whole, which its form says
            continue
        if target:
            yield server, target
