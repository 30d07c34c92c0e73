from odoo import fields, models
from odoo.tools import SQL

# System parameter: whether messages whose processing failed are tried again once when
# the installed addons have changed. Off unless set.
REPLAY_PARAMETER = "mail_gateway_plus.replay_after_update"

# An addon that waits for its update counts with the version that still runs.
VERSIONS_DIGEST = SQL(
    """
    SELECT md5(string_agg(name || ' ' || latest_version, ',' ORDER BY name))
      FROM ir_module_module
     WHERE state IN ('installed', 'to upgrade', 'to remove')
    """
)


class MailGatewayInboundReplay(models.Model):
    """Trying again, once, what an update of the addons may have mended."""

    _inherit = "mail.gateway.inbound"

    def _installed_versions(self):
        """Return a digest of the versions of all installed addons."""
        [(digest,)] = self.env.execute_query(VERSIONS_DIGEST)
        return digest

    def _replay_after_update(self):
        """Queue what failed under other versions than those of today, if wished.

        Reads the quarantine's own index, so the journal's history costs nothing. Rows
        that a person is deciding about are locked and left to that person.
        """
        get_param = self.env["ir.config_parameter"].sudo().get_param
        if get_param(REPLAY_PARAMETER, "False") != "True":
            return
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mail_gateway_inbound
                   SET state = 'pending', tries = 0, retry_at = %(now)s,
                       parked_under = NULL, waiting_since = NULL, reason = %(reason)s
                 WHERE id IN (
                    SELECT id FROM mail_gateway_inbound
                     WHERE state = 'quarantined'
                       AND parked_under <> (%(digest)s)
                       FOR NO KEY UPDATE SKIP LOCKED
                 )
                """,
                now=fields.Datetime.now(),
                reason=self.env._("Tried again because addons have changed."),
                digest=VERSIONS_DIGEST,
            )
        )
        self.invalidate_model()
