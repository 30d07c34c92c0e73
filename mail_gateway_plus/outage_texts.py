"""What an administrator reads while no mail goes out."""

from odoo.tools import LazyTranslate

from .core.policy.outage import Outage

_lt = LazyTranslate(__name__)

REASON_TEXT = {
    Outage.NOTHING_SET_UP: _lt(
        "No outgoing mail server is set up. Odoo hands mail to this very machine, "
        "where most likely nothing takes it."
    ),
    Outage.NOTHING_CONFIRMED: _lt("No outgoing mail server is confirmed."),
    Outage.ALL_OUT_OF_USE: _lt("All outgoing mail servers are out of use."),
}

REMEDY_TEXT = {
    Outage.NOTHING_SET_UP: _lt("Enter a server, and press Test & Confirm on its form."),
    Outage.NOTHING_CONFIRMED: _lt("Press Test & Confirm on its form."),
    Outage.ALL_OUT_OF_USE: _lt(
        "Odoo tries them again by itself. To see what is wrong, open one and press "
        "Test Again."
    ),
}

# What goes out by mail, by the addon that sends it; the gravest first.
AFFECTED = [
    ("auth_totp_mail", _lt("login codes by mail")),
    ("auth_signup", _lt("password resets and invitations of users")),
    ("portal", _lt("invitations to the portal")),
    ("mail", _lt("notifications and messages to followers")),
    ("mail_gateway_plus", _lt("alerts of the mail gateway itself")),
    ("mail_gateway_plus_grievance", _lt("answers to those who sent a grievance")),
    ("helpdesk_mgmt", _lt("answers to tickets")),
    ("account", _lt("invoices and payment reminders")),
    ("sale", _lt("quotations and order confirmations")),
    ("website_sale", _lt("confirmations of the online shop")),
    ("purchase", _lt("requests for quotation and purchase orders")),
    ("stock", _lt("delivery confirmations")),
    ("point_of_sale", _lt("receipts by mail")),
    ("calendar", _lt("invitations and reminders of meetings")),
    ("event", _lt("event registrations and reminders")),
    ("survey", _lt("invitations to surveys")),
    ("website_slides", _lt("invitations to courses")),
    ("hr_recruitment", _lt("answers to applicants")),
    ("hr_holidays", _lt("requests and approvals of time off")),
    ("project", _lt("messages to customers about tasks")),
    ("mail_group", _lt("mailing lists")),
    ("mass_mailing", _lt("mailings")),
    ("digest", _lt("digests")),
]
