from odoo import fields, models


class FetchmailServer(models.Model):
    """What becomes of mail in this mailbox that no person wrote."""

    _inherit = "fetchmail.server"

    automatic_policy = fields.Selection(
        [
            ("record", "As any other message"),
            ("park", "Quarantine"),
            ("ignore", "Ignore"),
        ],
        string="Automatic Messages",
        default="record",
        required=True,
        help="Messages of programs and mailing lists, such as web forms or monitoring. "
        "They are never answered automatically.",
    )
    answer_policy = fields.Selection(
        [("ignore", "Ignore"), ("park", "Quarantine")],
        string="Automatic Answers",
        default="ignore",
        required=True,
        help="Out-of-office messages and the like are noted on the record that they "
        "answer. This is for those that answer nothing that is known.",
    )
    report_policy = fields.Selection(
        [
            ("ignore", "Ignore"),
            ("park", "Quarantine"),
            ("record", "As any other message"),
        ],
        string="Reports on Mail",
        default="ignore",
        required=True,
        help="Bounces, receipts and abuse reports are noted on the mail that they are "
        "about. This is for those that name no mail of ours, and for our own mail that "
        "comes back.",
    )
