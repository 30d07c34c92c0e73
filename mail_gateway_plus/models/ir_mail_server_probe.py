import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..core.policy.breaker import GOOD_PROBES, State
from ..core.policy.errand import Route
from ..core.policy.verdict import PROVEN_BY_LOGIN
from ..core.protocols.smtp import phase_of
from ..core.protocols.smtp_delivery import NO_REPLY
from ..core.protocols.smtp_dial import SmtpDial
from ..core.tasks import call, run
from .own_transaction import own_transaction

_logger = logging.getLogger(__name__)

PROBE_CRON = "mail_gateway_plus.ir_cron_probe_servers"
PROBES_AT_ONCE = 8


class IrMailServerProbe(models.Model):
    """Whether a server that is out of use is back, found out without a mail.

    Mail tries a server only when there is no better one. So one that stands in for
    others would never come back by itself, and administrators would keep being warned.
    """

    _inherit = "ir.mail_server"

    @api.model
    def _gateway_probe_servers(self):
        """Log in to each server whose cool-down is over, and tell its breaker; commits.

        Only after a fault that a login can disprove: a server that takes the login may
        still refuse every mail, as one whose account is blocked does.
        """
        if self._disable_send():
            return
        breakers = self.env["mail.gateway.breaker"].sudo()
        causes = [cause.value for cause in PROVEN_BY_LOGIN]
        found = breakers.search(
            [
                ("state", "!=", State.CLOSED.value),
                ("open_until", "<=", fields.Datetime.now()),
                ("cause", "in", causes),
            ]
        )
        servers = found.server_id.filtered("active")._confirmed()
        self.env.cr.commit()  # pylint: disable=invalid-commit
        run((server._probe_until_known() for server in servers), PROBES_AT_ONCE)
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _probe_until_known(self):
        """A task: try the server until it is in use again, or was at fault."""
        for _probe in range(GOOD_PROBES):
            if not self.env["mail.gateway.breaker"]._take_probe(self):
                return  # somebody else is trying it
            try:
                yield from self._log_in()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:
                self.env.cr.rollback()
                _logger.info("Server %s is not back yet", self.id, exc_info=error)
                verdict = self._reply_judge()(phase_of(error), NO_REPLY, error)
                self._note_sending_fault(verdict, str(error))
                return
            finally:
                self.env.cr.commit()  # pylint: disable=invalid-commit
            self._note_sending_success()

    def _log_in(self):
        """A task's part: connect, log in, say NOOP and leave."""
        connection = self._dial(Route(self.id, 0, False, True))
        self.env.cr.commit()  # pylint: disable=invalid-commit
        is_ours = isinstance(connection, SmtpDial)
        if is_ours:
            connection = yield call(True, connection.connect)
        try:
            yield call(is_ours, connection.noop)
        finally:
            close = getattr(connection, "close", connection.quit)
            yield call(is_ours, close)


class MailGatewayBreaker(models.Model):
    _inherit = "mail.gateway.breaker"

    def _change(self, server, change, note=None):
        """Have the server tried as soon as its cool-down is over."""
        before, after = super()._change(server, change, note)
        if after.open_until and after.open_until != before.open_until:
            # Not a moment too early, as its own row knows whole seconds only.
            moment = after.open_until.replace(microsecond=0) + timedelta(seconds=1)
            with own_transaction(self.env) as env:
                env.ref(PROBE_CRON)._trigger(moment)
        return before, after
