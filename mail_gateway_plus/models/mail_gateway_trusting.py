from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.protocols.trust import Trust, check_authorities

TLS_1_3 = "1.3"
# As the environment of Odoo's process may name them.
TRUST_SETTINGS = {"AUTHORITIES": "authorities", "LOWEST_TLS": "lowest_tls"}
# A change of any of them is a change of the connection, which has to be proven anew.
TRUST_FIELDS = set(TRUST_SETTINGS.values())


class MailGatewayTrusting(models.AbstractModel):
    """A server that says itself whose certificates it is known by.

    To be named before the server's model in ``_inherit``, as ``mail.gateway.proxied``.
    """

    _name = "mail.gateway.trusting"
    _description = "Mail Server with Certificates of Its Own"

    authorities = fields.Text(
        string="Trusted Authorities",
        groups="base.group_system",
        help="Certificates in PEM. The server's certificate has to come from one of "
        "these, or be one of them, instead of from an authority that this machine "
        "trusts. They count where the certificate is checked.",
    )
    # Not required of the table: neutralizing a database inserts a server by plain SQL.
    lowest_tls = fields.Selection(
        [("1.2", "TLS 1.2"), (TLS_1_3, "TLS 1.3")],
        string="At Least",
        default="1.2",
        help="The oldest version of TLS that is taken. Older ones than TLS 1.2 never "
        "are: RFC 8996 has put them away.",
    )

    @api.constrains("authorities")
    def _check_authorities(self):
        for server in self.sudo().filtered("authorities"):
            try:
                check_authorities(server.authorities)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%(server)s: the trusted authorities have to be certificates "
                        "in PEM, each from “BEGIN CERTIFICATE” to “END CERTIFICATE”, "
                        "and nothing secret (%(reason)s).",
                        server=server.name,
                        reason=str(error),
                    )
                ) from error

    def _connection_fields(self):
        return super()._connection_fields() | TRUST_FIELDS

    def _endpoint(self):
        return replace(super()._endpoint(), trust=self._trust())

    @api.model
    def _environment_fields(self):
        return super()._environment_fields() | TRUST_SETTINGS

    @api.model
    def _environment_files(self):
        return super()._environment_files() | {"AUTHORITIES"}

    def _trust(self):
        """Return the :class:`~..core.protocols.trust.Trust`."""
        # Whoever may have mail sent or fetched may have it done over this connection.
        server = self.sudo()
        server._check_authorities()  # the environment may have named others
        return Trust(server.authorities or "", server.lowest_tls == TLS_1_3)
