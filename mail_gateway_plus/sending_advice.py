"""What people read about a mail that was not taken: for each cause a title, and what
it means and calls for."""

from odoo.tools import LazyTranslate

from .core.policy.verdict import Cause

_lt = LazyTranslate(__name__)

CAUSE_TITLE = {
    Cause.NONE: _lt("Taken"),
    Cause.UNKNOWN_HOST: _lt("Server's name unknown"),
    Cause.UNREACHABLE: _lt("Server not reachable"),
    Cause.PROXY: _lt("Proxy gives no connection"),
    Cause.NOT_CONFIRMED: _lt("Server not confirmed"),
    Cause.OUT_OF_USE: _lt("Server out of use"),
    Cause.TIMEOUT: _lt("Server did not answer in time"),
    Cause.DROPPED: _lt("Connection broke"),
    Cause.TLS_UNAVAILABLE: _lt("No encrypted connection"),
    Cause.CERTIFICATE: _lt("Certificate not valid"),
    Cause.LOGIN_REFUSED: _lt("Login refused"),
    Cause.LOGIN_REQUIRED: _lt("Login required"),
    Cause.LOGIN_UNAVAILABLE: _lt("Login not offered"),
    Cause.LOGIN_THROTTLED: _lt("Too many logins"),
    Cause.ACCOUNT_BLOCKED: _lt("Account blocked"),
    Cause.ACCOUNT_FULL: _lt("Sending account is full"),
    Cause.SERVICE_REFUSED: _lt("Server refuses this machine"),
    Cause.SERVER_TROUBLE: _lt("Server in trouble"),
    Cause.SESSION_LIMIT: _lt("Too many connections"),
    Cause.OUT_OF_STEP: _lt("Dialogue out of step"),
    Cause.RATE_LIMIT: _lt("Sending too fast"),
    Cause.SENDING_QUOTA: _lt("Sending limit reached"),
    Cause.SENDER_REFUSED: _lt("Sender refused"),
    Cause.SENDER_DEFERRED: _lt("Sender refused for now"),
    Cause.RELAY_DENIED: _lt("Relaying denied"),
    Cause.RECIPIENT_UNKNOWN: _lt("Recipient unknown"),
    Cause.RECIPIENT_REFUSED: _lt("Recipient refused"),
    Cause.RECIPIENT_DEFERRED: _lt("Recipient refused for now"),
    Cause.DOMAIN_UNKNOWN: _lt("Recipient's domain takes no mail"),
    Cause.MAILBOX_FULL: _lt("Mailbox full"),
    Cause.MAILBOX_DISABLED: _lt("Mailbox disabled"),
    Cause.GREYLISTED: _lt("Asked to come back later"),
    Cause.TOO_MANY_RECIPIENTS: _lt("Too many recipients at once"),
    Cause.TOO_BIG: _lt("Mail too big"),
    Cause.NOT_ASCII: _lt("Address with special characters"),
    Cause.SPAM: _lt("Taken for spam"),
    Cause.BLOCKLISTED: _lt("On a block list"),
    Cause.NOT_AUTHENTICATED: _lt("Sender not authenticated"),
    Cause.MAIL_LOOP: _lt("Mail loop"),
    Cause.MESSAGE_REFUSED: _lt("Mail refused"),
    Cause.MESSAGE_DEFERRED: _lt("Mail refused for now"),
    Cause.NO_ANSWER: _lt("No answer at the end"),
    Cause.UNREADABLE: _lt("Unreadable answer at the end"),
    Cause.OTHER: _lt("Other cause"),
}

_BY_ITSELF = _lt("It is tried again by itself; nothing has to be done unless it lasts.")
_TEST = _lt(
    "Open the outgoing server, press Test & Confirm and follow what it says. Mail "
    "waits, or goes through another server."
)
_SENDER = _lt(
    "This server does not send for that sender. Enter the senders that it takes under "
    "FROM Filtering, or let the provider verify the sender's address or domain."
)
_ADDRESS = _lt(
    "Check the address with the recipient, correct it and send the mail again."
)
_REPUTATION = _lt(
    "Check the sender domain's SPF, DKIM and DMARC records, and what the reply says. "
    "Sending the same mail again does not help, and harms the domain's reputation."
)
_UNCERTAIN = _lt(
    "The server had all of the mail and may have delivered it. Ask the recipient, or "
    "look it up in the server's log, before it is sent again."
)

CAUSE_ADVICE = {
    Cause.NONE: _lt("Nothing has to be done."),
    Cause.UNKNOWN_HOST: _TEST,
    Cause.UNREACHABLE: _TEST,
    Cause.PROXY: _TEST,
    Cause.NOT_CONFIRMED: _lt(
        "A change to the server's settings took its confirmation back. Open the "
        "outgoing server and press Test & Confirm: then the mail goes out by itself."
    ),
    Cause.OUT_OF_USE: _lt(
        "Put the outgoing server back into use, or wait until it is tried again by "
        "itself: then the mail goes out."
    ),
    Cause.TIMEOUT: _BY_ITSELF,
    Cause.DROPPED: _BY_ITSELF,
    Cause.TLS_UNAVAILABLE: _TEST,
    Cause.CERTIFICATE: _TEST,
    Cause.LOGIN_REFUSED: _lt(
        "The password may have changed or expired, or the provider may want another "
        "kind of login. Enter the new credentials and press Test & Confirm."
    ),
    Cause.LOGIN_REQUIRED: _lt(
        "The server takes mail only after a login, or over an encrypted connection. "
        "Enter user name and password, choose an encryption, and press Test & Confirm."
    ),
    Cause.LOGIN_UNAVAILABLE: _TEST,
    Cause.LOGIN_THROTTLED: _BY_ITSELF,
    Cause.ACCOUNT_BLOCKED: _lt(
        "The provider blocked the account. Ask the provider why; mail waits, or goes "
        "through another server."
    ),
    Cause.ACCOUNT_FULL: _lt(
        "The mailbox of the account that sends is full. Empty it, above all its folder "
        "of sent mail."
    ),
    Cause.SERVICE_REFUSED: _lt(
        "The server does not talk to this machine. Ask its administrator whether this "
        "machine's address is allowed, or on a block list."
    ),
    Cause.SERVER_TROUBLE: _BY_ITSELF,
    Cause.SESSION_LIMIT: _BY_ITSELF,
    Cause.OUT_OF_STEP: _BY_ITSELF,
    Cause.RATE_LIMIT: _lt(
        "The server takes fewer mails in that time. Enter its limit under Delivery on "
        "the server's form, so that mail is spread over time."
    ),
    Cause.SENDING_QUOTA: _lt(
        "The account has sent all that it may for now. Mail goes out when the limit is "
        "over, or through another server. Enter the limit under Delivery on the "
        "server's form, or ask the provider for more."
    ),
    Cause.SENDER_REFUSED: _SENDER,
    Cause.SENDER_DEFERRED: _BY_ITSELF,
    Cause.RELAY_DENIED: _SENDER,
    Cause.RECIPIENT_UNKNOWN: _ADDRESS,
    Cause.RECIPIENT_REFUSED: _ADDRESS,
    Cause.RECIPIENT_DEFERRED: _BY_ITSELF,
    Cause.DOMAIN_UNKNOWN: _ADDRESS,
    Cause.MAILBOX_FULL: _lt(
        "The recipient's mailbox takes no more. Reach the recipient another way, then "
        "send the mail again."
    ),
    Cause.MAILBOX_DISABLED: _ADDRESS,
    Cause.GREYLISTED: _BY_ITSELF,
    Cause.TOO_MANY_RECIPIENTS: _BY_ITSELF,
    Cause.TOO_BIG: _lt(
        "Send a smaller mail: links in the place of attachments, or several mails."
    ),
    Cause.NOT_ASCII: _lt(
        "The server cannot handle special characters in an address. Use an address "
        "without them, or another server."
    ),
    Cause.SPAM: _REPUTATION,
    Cause.BLOCKLISTED: _REPUTATION,
    Cause.NOT_AUTHENTICATED: _REPUTATION,
    Cause.MAIL_LOOP: _lt(
        "The recipient's servers pass the mail around in a circle, mostly through "
        "forwarding. Tell the recipient."
    ),
    Cause.MESSAGE_REFUSED: _lt(
        "The server does not take this mail as it is. The reply says why, if it says."
    ),
    Cause.MESSAGE_DEFERRED: _BY_ITSELF,
    Cause.NO_ANSWER: _UNCERTAIN,
    Cause.UNREADABLE: _UNCERTAIN,
    Cause.OTHER: _lt("The reply says more."),
}


def cause_selection(env):
    """Return the choices of a field that holds a cause."""
    return [(cause.value, env._(CAUSE_TITLE[cause])) for cause in Cause]


def known_cause(value):
    """Return the :class:`Cause` of a stored value, OTHER for one that is unknown."""
    return Cause(value) if value in Cause._value2member_map_ else Cause.OTHER
