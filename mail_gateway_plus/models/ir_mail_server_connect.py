import ipaddress
from dataclasses import dataclass
from functools import partial

import idna
from OpenSSL.SSL import Error as OpenSslError

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import config

from odoo.addons.base.models import ir_mail_server as stock
from odoo.addons.base.models.ir_mail_server import IrMail_Server

from ..core.protocols.dial import LoginStep
from ..core.protocols.endpoint import Endpoint, Security
from ..core.protocols.smtp import SmtpSession, is_smtp
from ..core.protocols.smtp_dial import (
    LoginNeedsConnection,
    SmtpDial,
    SmtpLoginRecord,
)
from ..core.protocols.smtp_wire import Timeouts
from ..core.protocols.tls import client_context
from .mail_gateway_microsoft_app import MICROSOFT_APP

STOCK_CONNECT = IrMail_Server._connect__

# What Odoo and its OAuth addons mean by a server; others' may mean anything.
KNOWN_AUTHENTICATIONS = {
    "login",
    "certificate",
    "cli",
    "gmail",
    "outlook",
    MICROSOFT_APP,
}
# Their addons force "encryption only", although a token is worth as much as a password
# and both providers have public certificates.
VERIFIED_AUTHENTICATIONS = {"gmail", "outlook", MICROSOFT_APP}
# Each variant of Odoo's connection encryption: how, and whether the server is verified.
SECURITIES = {
    "none": (Security.NONE, False),
    "starttls": (Security.STARTTLS, False),
    "starttls_strict": (Security.STARTTLS, True),
    "ssl": (Security.SSL, False),
    "ssl_strict": (Security.SSL, True),
}
# System parameter: whether the certificate of the command line's server is checked.
VERIFY_COMMAND_LINE = "mail_gateway_plus.verify_command_line_server"


@dataclass
class Wanted:
    """The arguments of ``_connect__``, in Odoo's order and with Odoo's defaults."""

    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = None
    encryption: str | None = None
    smtp_from: str | None = None
    ssl_certificate: str | None = None
    ssl_private_key: str | None = None
    smtp_debug: bool = False
    mail_server_id: int | None = None
    allow_archived: bool = False


class IrMailServerConnect(models.Model):
    """Opening a session with one server.

    Below ``ir_mail_server.py``, which chooses the server: whatever it calls arrives
    here with one server, with an explicit host, or with neither of them for the
    command line's.
    """

    _inherit = "ir.mail_server"

    def _connect__(self, *args, **kwargs):
        """Return the logged-in session.

        :returns: a :class:`~..core.protocols.smtp.SmtpSession`; with
            ``mail_gateway_dial_only`` in the context an
            :class:`~..core.protocols.smtp_dial.SmtpDial`, which no network was needed
            for, where that is possible
        """
        wanted = Wanted(*args, **kwargs)
        if self._disable_send():
            return super()._connect__(*args, **kwargs)
        server, smtp_from = self._server_of(wanted)
        is_known = server.smtp_authentication in (KNOWN_AUTHENTICATIONS | {False})
        if not is_known or self._is_connected_by_another_addon():
            server._check_needs_no_proxy()
            server._check_secret_arrives()
            connection = super()._connect__(*args, **kwargs)
            return _as_session(connection)
        dial, needs_connection = server._smtp_dial(wanted, smtp_from)
        if self.env.context.get("mail_gateway_dial_only") and not needs_connection:
            return dial
        return dial.connect()

    def _is_connected_by_another_addon(self):
        """Say whether an override that we would hide waits to be called.

        Those of addons that depend on ours wrap ours anyway.
        """
        classes = type(self).mro()
        below = classes[classes.index(IrMailServerConnect) + 1 :]
        overrides = [vars(c)["_connect__"] for c in below if "_connect__" in vars(c)]
        return overrides != [STOCK_CONNECT]

    def _server_of(self, wanted):
        """Return the server, empty for the command line's, and the sender for it."""
        if wanted.mail_server_id:
            server = self.sudo().browse(wanted.mail_server_id)
            self._check_forced_mail_server(
                server, wanted.allow_archived, wanted.smtp_from
            )
            return server, wanted.smtp_from
        if wanted.host:
            return self.sudo().browse(), wanted.smtp_from
        server, smtp_from = self.sudo()._find_mail_server(wanted.smtp_from)
        return server or self.sudo().browse(), smtp_from

    # ------------------------------------------------------------ what there is to know

    def _smtp_dial(self, wanted, smtp_from):
        """Return how to reach this server, and whether it takes this very thread."""
        is_record = bool(self) and self.smtp_authentication != "cli"
        if is_record:
            self._check_environment()
            user, password = self._own_login()
            endpoint, context = self._endpoint(), self._own_context()
            from_filter = self.from_filter
        else:
            user = wanted.user or config.get("smtp_user")
            password = wanted.password or config.get("smtp_password")
            endpoint = self._command_line_endpoint(wanted)
            context = self._command_line_context(wanted, endpoint)
            from_filter = self.from_filter or (
                not self and self.env["ir.mail_server"]._get_default_from_filter()
            )
        steps, needs_connection = self._login_steps(user, password)
        in_this_thread = not self.env.context.get("mail_gateway_dial_only")
        timeouts = Timeouts()
        if in_this_thread or needs_connection:
            # Somebody waits, perhaps in front of a screen: as long as stock Odoo does.
            timeouts = timeouts.capped(stock.SMTP_TIMEOUT)
        dial = SmtpDial(
            endpoint,
            steps,
            context,
            from_filter=from_filter,
            smtp_from=smtp_from,
            is_debugging=bool(wanted.smtp_debug or (is_record and self._may_debug())),
            timeouts=timeouts,
        )
        return dial, needs_connection

    def _login_steps(self, user, password):
        """Return the login as ``_smtp_login__`` does it, and whether it needs us."""
        if not user:
            return (), False
        local, at, domain = user.rpartition("@")
        if at:
            user = local + at + idna.encode(domain).decode("ascii")
        record = SmtpLoginRecord()
        try:
            self._smtp_login__(record, user, password or "")
        except LoginNeedsConnection:
            password = password or ""
            hook = partial(self._smtp_login__, smtp_user=user, smtp_password=password)
            return (LoginStep("hook", (hook,)),), True
        return tuple(record.steps), False

    def _own_login(self):
        if self.smtp_authentication == "certificate":
            return None, None
        return self.smtp_user, self._secret("PASSWORD")

    def _may_debug(self):
        """Say whether the dialogue goes to the log, and with it the password."""
        return self.smtp_debug and not self._has_secret_from_environment()

    def _endpoint(self):
        security, verify = SECURITIES[self.smtp_encryption]
        verify = verify or self.smtp_authentication in VERIFIED_AUTHENTICATIONS
        return self._endpoint_at(self.smtp_host, self.smtp_port, security, verify)

    def _own_context(self):
        """Return the TLS context where a certificate of ours is shown."""
        if self.smtp_authentication != "certificate":
            return None
        _security, verify = SECURITIES[self.smtp_encryption]
        certificate, private_key = self._pem("CERTIFICATE"), self._pem("PRIVATE_KEY")
        try:
            return client_context(
                self.smtp_host, verify, certificate, private_key, self._trust()
            )
        except (ValueError, TypeError, OpenSslError) as error:
            raise self._unusable_certificate(error) from error

    def _command_line_endpoint(self, wanted):
        """Return where the command line, or an explicit host, points to.

        Odoo's ``--smtp-ssl`` means STARTTLS.
        """
        host = wanted.host or config.get("smtp_server")
        port = config.get("smtp_port", 25) if wanted.port is None else wanted.port
        encryption = wanted.encryption
        is_meant_by_us = encryption is None and bool(config.get("smtp_ssl"))
        if is_meant_by_us:
            encryption = "starttls"
        security, verify = SECURITIES[encryption or "none"]
        verify = verify or (is_meant_by_us and self._verifies_command_line(host))
        return self._endpoint_at(host, port, security, verify)

    def _verifies_command_line(self, host):
        """Say whether the command line's server has to prove who it is.

        Nobody stands between us and a server on the same machine, whose certificate
        seldom is for the name "localhost".
        """
        if _is_this_machine(host):
            return False
        get_param = self.env["ir.config_parameter"].sudo().get_param
        return get_param(VERIFY_COMMAND_LINE, "True") != "False"

    def _command_line_context(self, wanted, endpoint):
        certificate = wanted.ssl_certificate or config.get(
            "smtp_ssl_certificate_filename"
        )
        private_key = wanted.ssl_private_key or config.get(
            "smtp_ssl_private_key_filename"
        )
        if not certificate or not private_key:
            return None
        context = endpoint.tls_context()
        try:
            context.load_cert_chain(certificate, private_key)
        except OSError as error:  # ssl.SSLError is one
            raise self._unusable_certificate(error) from error
        return context

    def _endpoint_at(self, host, port, security, verify):
        if not host:
            raise UserError(self.env._("Name the host of the outgoing mail server."))
        return Endpoint(host, port, security, verify)

    def _unusable_certificate(self, error):
        return UserError(
            self.env._(
                "The certificate or its private key cannot be used: %s", str(error)
            )
        )


def _as_session(connection):
    """Return another addon's connection as a session, if it is one of smtplib."""
    if not is_smtp(connection):
        return connection
    return SmtpSession(connection, timeouts=Timeouts().capped(stock.SMTP_TIMEOUT))


def _is_this_machine(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
