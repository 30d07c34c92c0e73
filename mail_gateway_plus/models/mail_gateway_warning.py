from odoo import api, fields, models
from odoo.tools import SQL

SERVER_FIELDS = {
    "ir.mail_server": "mail_server_id",
    "fetchmail.server": "fetchmail_server_id",
}
TOPICS = [
    ("egress", "Address That a Server Sees"),
    ("sending", "Address That Mail Leaves From"),
    ("certificate", "Certificate"),
]
# Of these, about the addresses that mail leaves from.
EGRESS_TOPICS = ("egress", "sending")
GC_LIMIT = 1000


class MailGatewayWarning(models.Model):
    """Something about a server that calls for a person while all still works.

    There is one at most for a topic. It is told once, and goes when its cause is gone.
    """

    _name = "mail.gateway.warning"
    _inherit = ["mail.gateway.alerting"]
    _description = "Warning about a Server"
    _order = "id"

    mail_server_id = fields.Many2one(
        "ir.mail_server",
        string="Outgoing Server",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="The outgoing server that it is about.",
    )
    fetchmail_server_id = fields.Many2one(
        "fetchmail.server",
        string="Incoming Server",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="The incoming server that it is about.",
    )
    topic = fields.Selection(
        TOPICS, required=True, readonly=True, help="What it is about."
    )
    subject = fields.Char(
        readonly=True, help="The address or the day that was told; another is news."
    )
    text = fields.Text(readonly=True, help="What is wrong, and what to do.")

    _unique_topic = models.UniqueIndex(
        "(COALESCE(mail_server_id, 0), COALESCE(fetchmail_server_id, 0), topic)"
    )

    @api.model
    def _about(self, servers, *topics):
        """Return what is being warned of, about servers of one kind."""
        domain = [(SERVER_FIELDS[servers._name], "in", servers.ids)]
        if topics:
            domain.append(("topic", "in", topics))
        # sudo: who may see a server's warnings is for its fields to say
        return self.sudo().search(domain)

    @api.model
    def _warn(self, server, topic, subject, title, text):
        """Tell administrators, unless they were told of this very thing."""
        known = self._about(server, topic)
        if known and known.subject == subject:
            return
        known._settle()
        warning = self._made(server, topic)
        if warning:
            warning.write({"subject": subject, "text": text})
            warning._alert_administrators(
                title, text, "mail_gateway_plus.server_warning", warning=warning
            )

    @api.model
    def _made(self, server, topic):
        """Return a new row, or none where another transaction makes it just now."""
        query = SQL(
            "INSERT INTO mail_gateway_warning (%s, topic, create_uid, create_date)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            SQL.identifier(SERVER_FIELDS[server._name]),
            server.id,
            topic,
            self.env.uid,
            fields.Datetime.now(),
        )
        return self.sudo().browse(row for (row,) in self.env.execute_query(query))

    def _server(self):
        """Return the server of either kind that it is about."""
        return self.mail_server_id or self.fetchmail_server_id

    def _settle(self):
        """Forget a warning whose cause is gone."""
        self._withdraw_alerts()
        self.unlink()

    @api.autovacuum
    def _gc_warnings(self):
        """Forget those about archived servers, which nobody looks at any more."""
        domain = fields.Domain("mail_server_id.active", "=", False)
        domain &= fields.Domain("mail_server_id", "!=", False)
        incoming = fields.Domain("fetchmail_server_id.active", "=", False)
        domain |= incoming & fields.Domain("fetchmail_server_id", "!=", False)
        rows = self.sudo().search(domain, limit=GC_LIMIT)
        rows._settle()
        return len(rows), len(rows) == GC_LIMIT
