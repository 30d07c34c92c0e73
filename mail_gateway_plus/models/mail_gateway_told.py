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


class MailScheduledMessage(models.Model):
    _name = "mail.scheduled.message"
    _inherit = ["mail.scheduled.message", "mail.gateway.withheld"]
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
    _told_through = "attempt_id"


class MailTrackingValue(models.Model):
    _name = "mail.tracking.value"
    _inherit = ["mail.tracking.value", "mail.gateway.withheld"]
    _told_through = "mail_message_id"


class MailNotification(models.Model):
    """Odoo shows to everybody in the house who was told by which message."""

    _name = "mail.notification"
    _inherit = ["mail.notification", "mail.gateway.withheld"]
    _told_through = "mail_message_id"


class MailMessageSchedule(models.Model):
    _name = "mail.message.schedule"
    _inherit = ["mail.message.schedule", "mail.gateway.withheld"]
    _told_through = "mail_message_id"


class MailMessageTranslation(models.Model):
    """Holds the whole text of a message."""

    _name = "mail.message.translation"
    _inherit = ["mail.message.translation", "mail.gateway.withheld"]
    _told_through = "message_id"


class MailMessageReaction(models.Model):
    _name = "mail.message.reaction"
    _inherit = ["mail.message.reaction", "mail.gateway.withheld"]
    _told_through = "message_id"


class MailMessageLinkPreview(models.Model):
    _name = "mail.message.link.preview"
    _inherit = ["mail.message.link.preview", "mail.gateway.withheld"]
    _told_through = "message_id"


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
