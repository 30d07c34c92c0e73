from odoo import fields, models


class MailGatewayDiagnosable(models.AbstractModel):
    """A server that can be examined step by step.

    What is tested is what is stored. The web client saves a form before its button is
    pressed, and a server whose connection settings change is *Not Confirmed* from then
    on and used by nobody: testing it comes to the same as testing values that are not
    saved, and the password need not travel twice.
    """

    _name = "mail.gateway.diagnosable"
    _description = "Mail Server that Can Be Examined"

    last_diagnosis_id = fields.Many2one(
        "mail.gateway.diagnosis",
        string="Last Test",
        compute="_compute_last_diagnosis_id",
        groups="base.group_system",
        help="The newest test of this server that is still kept.",
    )

    def _compute_last_diagnosis_id(self):
        is_outgoing = self._name == "ir.mail_server"
        name = "mail_server_id" if is_outgoing else "fetchmail_server_id"
        groups = self.env["mail.gateway.diagnosis"]._read_group(
            [(name, "in", self.ids)], [name], ["id:max"]
        )
        newest = {server.id: diagnosis_id for server, diagnosis_id in groups}
        for server in self:
            server.last_diagnosis_id = newest.get(server.id, False)

    def _tested_values(self):
        """Return the settings that a test is about, to see whether they changed."""
        self.ensure_one()
        server = self.sudo()
        stored = ((name, server[name]) for name in sorted(self._connection_fields()))
        return (*stored, server._environment_digests())

    def _own_test_recipient(self):
        """Return who wants a test mail, or an empty text: nobody, of a mailbox."""
        return ""

    def action_show_diagnosis(self):
        """Show the newest test."""
        self.ensure_one()
        return self.last_diagnosis_id._open()
