from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.trust.file_policy import BLOCKED_EXTENSIONS
from .ir_mail_server_delivery import GIVE_UP_DAYS
from .mail_gateway_inbound_files import (
    CLAMD,
    ENCRYPTED,
    EXTENSIONS,
    MACROS,
    WITHOUT_CLAMD,
)
from .mail_gateway_inbound_replay import REPLAY_PARAMETER
from .mail_mail import QUEUE_CAP
from .mail_mail_reference import SUBJECT_REFERENCES
from .mail_mail_result import UNCERTAIN_POLICY
from .mail_thread_reply_tag import REPLY_TAGS

POLICIES = [("hold", "A person decides"), ("resend", "Send it again")]


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mail_gateway_replay_after_update = fields.Boolean(
        string="Retry Quarantined Mail after Updates",
        config_parameter=REPLAY_PARAMETER,
        help="Once addons were installed, updated or removed, process again what was "
        "quarantined because processing it failed.",
    )
    mail_gateway_uncertain_interactive = fields.Selection(
        POLICIES,
        string="Interactive Mail",
        default="hold",
        config_parameter=UNCERTAIN_POLICY + "interactive",
        help="What becomes of mail to which the server's answer was lost: it may have "
        "arrived. Sent again, it may arrive twice.",
    )
    mail_gateway_uncertain_notification = fields.Selection(
        POLICIES,
        string="Notifications",
        default="hold",
        config_parameter=UNCERTAIN_POLICY + "notification",
        help="The same for notifications.",
    )
    mail_gateway_uncertain_bulk = fields.Selection(
        POLICIES,
        string="Mailings",
        default="hold",
        config_parameter=UNCERTAIN_POLICY + "bulk",
        help="The same for mass mailings.",
    )
    mail_gateway_give_up_days = fields.Integer(
        string="Give Up after (Days)",
        default=GIVE_UP_DAYS[1],
        config_parameter=GIVE_UP_DAYS[0],
        help="For how many days mail is tried that a server does not take for now. "
        "RFC 5321 asks for four at least.",
    )
    mail_gateway_queue_cap = fields.Integer(
        string="Most Mails in the Queue",
        config_parameter=QUEUE_CAP[0],
        help="While so many mails wait to be sent, mailings are refused, and what a "
        "template or a person writes to more than ten at once; notifications and "
        "single mails never are. 0: no limit.",
    )

    mail_gateway_reply_tags = fields.Boolean(
        string="Reply Addresses Name the Record",
        config_parameter=REPLY_TAGS,
        help="Answers go to info+r…@ instead of info@, signed, and find their record "
        "even if a mail system gives messages other names. The mail server has to "
        "accept plus addresses.",
    )

    mail_gateway_subject_references = fields.Boolean(
        string="Subjects Name the Record",
        config_parameter=SUBJECT_REFERENCES,
        help="Subjects of mail about records that have a number end with it, signed: "
        "an answer finds its record even if it is written anew, or from another "
        "address. Whoever the mail is forwarded to can answer too.",
    )

    mail_gateway_blocked_extensions = fields.Char(
        string="Types of File",
        default=BLOCKED_EXTENSIONS,
        config_parameter=EXTENSIONS,
        help="Attachments with these extensions are kept from records, and archives "
        "that hold one; programs are in any case, whatever they are called.",
    )
    mail_gateway_hold_macros = fields.Boolean(
        string="Documents with Macros",
        config_parameter=MACROS,
        help="Else a note on the record warns of them.",
    )
    mail_gateway_hold_encrypted = fields.Boolean(
        string="Encrypted Archives",
        config_parameter=ENCRYPTED,
        help="Else a note on the record warns of them.",
    )
    mail_gateway_clamd_address = fields.Char(
        string="Virus Scanner",
        config_parameter=CLAMD,
        help="Where ClamAV's clamd listens: the path of its socket, or host:port. It "
        "has to take files as large as your mailboxes do (StreamMaxLength). Empty: no "
        "scanner.",
    )
    mail_gateway_clamd_absent = fields.Selection(
        [("wait", "Let mail wait"), ("accept", "Take mail unscanned, with a note")],
        string="If It Does Not Answer",
        default="wait",
        config_parameter=WITHOUT_CLAMD,
        help="What becomes of mail that the virus scanner cannot be asked about.",
    )

    @api.constrains("mail_gateway_give_up_days", "mail_gateway_queue_cap")
    def _check_mail_gateway_numbers(self):
        for settings in self:
            if settings.mail_gateway_give_up_days < 1:
                raise ValidationError(
                    self.env._("Mail has to be tried for a day at least.")
                )
            if settings.mail_gateway_queue_cap < 0:
                raise ValidationError(
                    self.env._("A queue cannot hold less than no mail.")
                )
