"""What happens once, when the addon meets a database and when it leaves."""

from odoo.tools import config

from .models.ir_mail_server_connect import VERIFY_COMMAND_LINE
from .models.ir_mail_server_sending import SEND_FOR_OTHERS


def post_init_hook(env):
    """Leave every existing server as it was: still used, still unverified.

    Odoo never checked a certificate, so one that worked may have a certificate that
    does not pass. Its form says so and offers to check from now on. OAuth servers
    (google_gmail, microsoft_outlook) have public certificates and are checked at once.
    """
    if config.get("smtp_ssl"):
        env["ir.config_parameter"].set_param(VERIFY_COMMAND_LINE, "False")
    servers = env["ir.mail_server"].search([])
    if servers and all(servers.mapped("from_filter")):
        # Mail of all other senders has gone by one of these until now.
        env["ir.config_parameter"].set_param(SEND_FOR_OTHERS, "True")
    mailboxes = env["fetchmail.server"].with_context(active_test=False)
    # Odoo knew no limit: their large messages go on coming whole.
    mailboxes.search([]).size_limit = 0
    # It believed every sender and let in every file: that does not change unasked.
    mailboxes.search([]).write(
        {"sender_policy": "odoo", "checks_senders": False, "file_policy": "accept"}
    )
    for mailbox in mailboxes.search([("server_type", "in", ("imap", "pop"))]):
        # The status goes along, else the change would call for a new test.
        mailbox.write({"verify_certificate": False, "state": mailbox.state})


def uninstall_hook(env):
    """Have stock Odoo read no mailbox less protected than it was until now.

    It knows no STARTTLS for IMAP and POP3 and would send the password in clear, and it
    knows no proxy, so these mailboxes are left unconfirmed for a person to set up anew.
    """
    mailboxes = env["fetchmail.server"].with_context(active_test=False)
    upgraded = mailboxes.search(
        ["|", ("connection_security", "=", "starttls"), ("proxy_type", "!=", False)]
    )
    upgraded.write({"state": "draft"})
