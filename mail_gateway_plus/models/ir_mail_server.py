import logging

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..core.policy.fate import fault_of
from ..core.protocols.smtp import SmtpSession, phase_of
from ..core.protocols.smtp_delivery import NO_REPLY

_logger = logging.getLogger(__name__)


class IrMailServer(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.gateway.confirmable"]

    state = fields.Selection(
        [("draft", "Not Confirmed"), ("done", "Confirmed")],
        string="Status",
        default=lambda self: "draft" if self._entered_on_screen() else "done",
        readonly=True,
        copy=True,
        help="Only confirmed servers are chosen by themselves. A change to the "
        "connection settings calls for a new Test & Confirm.",
    )

    def _connection_fields(self):
        return super()._connection_fields() | {
            "smtp_host",
            "smtp_port",
            "smtp_encryption",
            "smtp_authentication",
            "smtp_user",
            "smtp_pass",
            "smtp_ssl_certificate",
            "smtp_ssl_private_key",
        }

    def test_smtp_connection(self, autodetect_max_email_size=False):
        """Confirm what Odoo's own test has proven, whoever asked for it."""
        result = super().test_smtp_connection(autodetect_max_email_size)
        self._note_proven()
        return result

    def _note_proven(self):
        """Note that a test has shown that the server works."""
        self.write({"state": "done"})

    def action_test_and_confirm(self):
        """Try the server up to the point of sending; confirm it if all went well.

        :returns: the client action that tells the user
        :raises UserError: with cause and remedy
        """
        self.ensure_one()
        try:
            result = self.test_smtp_connection()
        except UserError as error:
            if not error.__cause__:  # the server's refusal, told by Odoo itself
                raise
            raise UserError(self._explain(error.__cause__)) from error
        result["params"]["title"] = self.env._("%s is confirmed", self.name)
        result["params"]["message"] = self.env._(
            "Connected, logged in and offered a test mail, which was not sent."
        )
        return result

    # ------------------------------------------------------------ choosing a server

    def _confirmed(self):
        """Return those that may be chosen by themselves.

        A row that plain SQL inserted has no status; Odoo's own neutralization does
        that, to keep a copied database from falling back to the command line's server.
        """
        return self.filtered(lambda server: server.state != "draft")

    def _find_mail_server(self, email_from, mail_servers=None):
        if mail_servers is None:
            domain = self._find_mail_server_allowed_domain()
            mail_servers = self.sudo().search(domain, order="sequence, id")
        mail_servers = mail_servers._confirmed()._in_effective_order()
        return super()._find_mail_server(email_from, mail_servers)

    # ------------------------------------------------------------------- connecting

    def _connect__(self, *args, **kwargs):
        """Open a session; when the server cannot be reached, with the next one.

        The tests, an explicit host and a server that was chosen by hand keep to the
        one that they name. With ``mail_gateway_dial_only`` in the context the choice
        has been made.
        """
        host = args[0] if args else kwargs.get("host")
        if host or kwargs.get("allow_archived") or self._disable_send():
            return super()._connect__(*args, **kwargs)
        dispatch = self.env.context.get("mail_gateway_dispatch")
        server = self.sudo().browse(kwargs.pop("mail_server_id", None))
        smtp_from = kwargs.pop("smtp_from", None)
        is_free = not server or bool(dispatch and not dispatch.server_is_forced)
        if not server:
            found, smtp_from = self.sudo()._find_mail_server(smtp_from)
            server = found or server
            if not server:
                self._check_command_line_is_meant()
        if self.env.context.get("mail_gateway_dial_only"):
            return super()._connect__(
                *args, **kwargs, mail_server_id=server.id, smtp_from=smtp_from
            )
        mails = self.env["mail.mail"].sudo().browse(dispatch and dispatch.mail_ids)
        if is_free and dispatch and dispatch.keeps_to_senders:
            server._check_is_for_sender(smtp_from, mails)
        failures = []
        for candidate in server._sending_order(smtp_from, mails, not is_free):
            try:
                connection = super()._connect__(
                    *args, **kwargs, mail_server_id=candidate.id, smtp_from=smtp_from
                )
            except (OSError, UnicodeError) as error:
                # Unicode: a host name or a password that cannot be encoded.
                failures.append((candidate, error))
                self.env["mail.gateway.attempt"].sudo()._record_unreachable(
                    candidate, dispatch, error
                )
                verdict = candidate._reply_judge()(phase_of(error), NO_REPLY, error)
                candidate._note_sending_fault(verdict, str(error))
            else:
                return candidate._observed(connection, dispatch)
        raise self._unreachable(failures)

    def _check_command_line_is_meant(self):
        """Raise where mail would go to a server that nobody has named.

        Odoo falls back to the command line's server, which is localhost if nothing
        is configured. That is not meant where servers wait to be confirmed.
        """
        # Read, not counted: a status may be another one than the row says.
        servers = self.sudo().search([("active", "=", True)])
        if not self._is_command_line_named() and "draft" in servers.mapped("state"):
            raise UserError(
                self.env._(
                    "No outgoing mail server is confirmed. Open one under Settings ► "
                    "Technical ► Email and press Test & Confirm."
                )
            )

    def _unreachable(self, failures):
        """Return the error that tells why no session could be opened."""
        if not failures:
            return MailDeliveryException(
                self.env._("No outgoing mail server can be used at this time.")
            )
        if len(failures) == 1:
            return failures[0][1]
        told = [f"{server.name}: {self._explain(error)}" for server, error in failures]
        return MailDeliveryException(
            self.env._("No outgoing mail server can be reached"), "\n".join(told)
        )

    def _observed(self, connection, dispatch):
        """Return the connection, which counts and records its mails if it is ours."""
        if not isinstance(connection, SmtpSession):
            return connection
        has_quota = bool(self and self.env["mail.gateway.quota"]._of(self))
        judge_here = self._reply_judge()
        carried = []

        def reserve(_session, recipients):
            if has_quota and self._reserve_sending(len(recipients)) is not None:
                raise MailDeliveryException(
                    self.env._("The sending limit of %s is reached.", self.name)
                )

        def record(session, delivery):
            # The mail's fate is decided: failing to write it down must not make a
            # mail that was accepted look refused, or it would be sent twice.
            try:
                self.env["mail.gateway.attempt"].sudo()._record_delivery(
                    self, dispatch, session, delivery
                )
                if has_quota and not (delivery.accepted or delivery.is_uncertain):
                    quotas = self.env["mail.gateway.quota"]
                    quotas._give_back(self, 1, len(delivery.recipients))
                fault = fault_of(delivery, judge_here)
                if fault is not None:
                    self._note_sending_fault(fault, delivery.told)
                elif not carried:
                    self._note_sending_success()
                carried.append(delivery)
            except Exception:
                _logger.exception("An attempt could not be written down")

        connection.size_limit = self._size_limit()
        connection.before_delivery, connection.on_delivery = reserve, record
        return connection
