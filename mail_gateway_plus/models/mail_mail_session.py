import logging
from contextlib import suppress
from functools import partial

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..core.policy.errand import MAILS_PER_SESSION, SECONDS_PER_SESSION
from ..core.policy.fate import is_of_session
from ..core.protocols.foreign import ForeignSession
from ..core.protocols.smtp import SmtpSession
from ..core.protocols.smtp_dial import SmtpDial
from ..core.tasks import call
from .ir_mail_server_sending import is_own_quota

_logger = logging.getLogger(__name__)

# Mails after which the scheduler is told how far we are.
MAILS_PER_REPORT = 20


class MailMailSession(models.Model):
    """A session with a server: opened, used for mail after mail, given up, renewed."""

    _inherit = "mail.mail"

    def _gateway_sender(self, route, turn):
        """A task: send the mails of a route, by the best server that takes them."""
        turn.sessions[route] += 1
        turn.opening[route] += 1
        is_opening = [True]
        try:
            servers = self._gateway_servers_for(route, turn)
            self._gateway_commit()
            for server in servers:
                more = True
                while more:
                    more = yield from self._gateway_use(server, route, turn, is_opening)
                if not turn.waiting[route]:
                    return
            if not servers and turn.sessions[route] > 1:
                turn.probing.add(route)  # the mails are those of the session at work
            elif turn.has_time:
                tried = {server.id or 0 for server in servers}
                self._gateway_put_off(route, turn.take_all(route, tried), turn, servers)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.cr.rollback()  # the mails wait for the route's next session
        except Exception as error:
            # Nothing of one route may stop the others.
            _logger.exception("Sending by %s failed", route)
            self.env.cr.rollback()
            for errand in turn.take_all(route):
                self._gateway_surely(
                    partial(self._gateway_conclude_failed, errand, turn, error)
                )
        finally:
            turn.sessions[route] -= 1
            if not turn.sessions[route]:
                turn.probing.discard(route)
            self._gateway_note_opened(route, turn, is_opening)

    def _gateway_note_opened(self, route, turn, is_opening):
        if is_opening[0]:
            is_opening[0] = False
            turn.opening[route] -= 1

    @api.model
    def _gateway_servers_for(self, route, turn):
        """Return the servers to ask, best first; an empty one is the command line's."""
        server = self.env["ir.mail_server"].sudo().browse(route.server_id or ())
        mails = self.browse(errand.mail_id for errand in turn.waiting[route]).exists()
        return server._sending_order(route.smtp_from, mails, route.server_is_forced)

    def _gateway_use(self, server, route, turn, is_opening):
        """Send mails of a route in one session of a server.

        :returns: whether a new session with the same server is worth while
        """
        if spent := server._spent_quota():
            self._gateway_note_tried(server, route, turn, spent)
            self._gateway_commit()
            self._gateway_note_opened(route, turn, is_opening)
            return False
        session = None
        try:
            connection = server._dial(route)
            if isinstance(connection, SmtpDial):
                connection = connection.within(max(turn.deadline - turn.clock(), 1))
            # A refreshed token, say: nobody may come into conflict with us later.
            self._gateway_commit()
            if isinstance(connection, SmtpDial):
                self._gateway_pass_over_too_large(server, route, turn, connection)
                if not turn.has_mail_for(route, server.id):
                    return False
            if isinstance(connection, SmtpSession):
                session = connection
            elif hasattr(connection, "send_message"):
                session = ForeignSession(connection)
            else:
                session = server._marked((yield call(True, connection.connect)))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # two workers that renewed one token: no fault of the server's
        except Exception as error:
            self.env.cr.rollback()
            self._gateway_surely(
                partial(self._gateway_note_unreachable, server, route, turn, error)
            )
            return False
        finally:
            self._gateway_note_opened(route, turn, is_opening)
        try:
            more = yield from self._gateway_empty(session, server, route, turn)
        except BaseException:
            with suppress(Exception):
                session.close()
            raise
        yield call(not isinstance(session, ForeignSession), session.close)
        return more

    def _gateway_empty(self, session, server, route, turn):
        """Send mails in an open session as long as it lasts; say whether more wait."""
        carried = 0
        started = turn.clock()
        desk = self._gateway_desk(session, server, route, turn)
        if isinstance(session, SmtpSession):
            session.end_by(turn.deadline)
            session.size_limit = server._size_limit()
            server._note_announced_size(session.announced_size)
        self._gateway_commit()
        while session.usable and carried < MAILS_PER_SESSION and turn.has_time:
            if turn.clock() - started > SECONDS_PER_SESSION:
                break
            if not turn.waiting[route]:
                self._gateway_refill(turn)
            errand = turn.take(route, server.id)
            if errand is None:
                if desk.is_probe and not carried:
                    # It let us in: what there was to send, others have sent meanwhile.
                    server._note_sending_success()
                    self._gateway_commit()
                return False
            fault = yield from self._gateway_deliver(errand, desk)
            carried += 1
            if fault is None:
                if carried == 1:
                    server._note_sending_success()
                    self._gateway_commit()
                self._gateway_report(turn)
                if desk.is_probe and carried == 1:
                    break  # whether it is used again is for the breaker to say
                continue
            # A server that ends a session that had served is not at fault: a new one
            # will do.
            if not (is_of_session(fault) and carried > 1):
                errand.tried[server.id] = (server, fault)
            turn.put_back(route, errand)
            if is_own_quota(fault):
                self._gateway_note_tried(server, route, turn, fault)
            if fault.is_fault_of_server:
                break
        return (
            turn.has_time and not desk.is_probe and turn.has_mail_for(route, server.id)
        )

    def _gateway_report(self, turn):
        turn.done += 1
        if turn.done % MAILS_PER_REPORT == 0:
            self._gateway_empty_bin(turn)
            left = self.env["ir.cron"]._commit_progress(MAILS_PER_REPORT)
            turn.note_time_left(left)
