"""What is withheld along with a sealed record, model by model."""

from odoo import api, models
from odoo.fields import Domain


class MailMessage(models.Model):
    _name = "mail.message"
    _inherit = ["mail.message", "mail.gateway.withheld"]
    _told_by = ("model", "res_id")


class MailMail(models.Model):
    _name = "mail.mail"
    _inherit = ["mail.mail", "mail.gateway.withheld"]
    _told_by = ("model", "res_id")


class MailFollowers(models.Model):
    _name = "mail.followers"
    _inherit = ["mail.followers", "mail.gateway.withheld"]


class MailActivity(models.Model):
    _name = "mail.activity"
    _inherit = ["mail.activity", "mail.gateway.withheld"]


class MailGatewayAttempt(models.Model):
    _name = "mail.gateway.attempt"
    _inherit = ["mail.gateway.attempt", "mail.gateway.withheld"]


class MailGatewayRecipient(models.Model):
    _name = "mail.gateway.recipient"
    _inherit = ["mail.gateway.recipient", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        attempts = self.env["mail.gateway.attempt"]._gateway_withheld_domain()
        return Domain("attempt_id", "any!", attempts)


class MailTrackingValue(models.Model):
    _name = "mail.tracking.value"
    _inherit = ["mail.tracking.value", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        messages = self.env["mail.message"]._gateway_withheld_domain()
        return Domain("mail_message_id", "any!", messages)


class MailGatewayHeldFile(models.Model):
    _name = "mail.gateway.held.file"
    _inherit = ["mail.gateway.held.file", "mail.gateway.withheld"]

    @api.model
    def _gateway_withheld_domain(self):
        rows = self.env["mail.gateway.inbound"]._gateway_withheld_domain()
        return Domain("inbound_id", "any!", rows)


class MailGatewayInbound(models.Model):
    _name = "mail.gateway.inbound"
    _inherit = ["mail.gateway.inbound", "mail.gateway.withheld"]

    # To find the row of a record, among rows of which many became none.
    _record_idx = models.Index("(res_model, res_id) WHERE res_id > 0")

    @api.model
    def _gateway_withheld_domain(self):
        """Withhold also what came again and was known: it became no record itself."""
        became = super()._gateway_withheld_domain()
        if became.is_false():
            return became
        named = Domain("message_id", "!=", False)
        rows = self.sudo()._search(named & became)
        again = Domain("message_id", "in", rows.subselect("message_id"))
        return became | named & again
