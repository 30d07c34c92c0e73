# ruff: noqa: E501 -- a reply is a line
"""What servers really say, each with the advice that it calls for.

Some are quoted from documentation and reports, others were written down from memory of
what these providers say; ``(protocol, host, step, kind, words, advice)``.
"""

from mgp_core.diagnosis.advice_keys import Advice
from mgp_core.diagnosis.faults import FaultKind
from mgp_core.diagnosis.steps import Protocol, Step

from tests.unit.recorded_logins import LOGINS

SMTP, IMAP, POP = Protocol.SMTP, Protocol.IMAP, Protocol.POP
ENVELOPE, TEST_MAIL = Step.ENVELOPE, Step.TEST_MAIL
REPLY = FaultKind.REPLY

REPLIES = [
    *LOGINS,
    # --------------------------------------------------------------------------- sending
    (
        SMTP,
        "smtp.office365.com",
        ENVELOPE,
        REPLY,
        "530 5.7.57 Client not authenticated to send mail. [AM0PR04CA0086.eurprd04.prod.outlook.com]",
        Advice.LOGIN_REQUIRED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "530 5.7.0 Authentication required",
        Advice.LOGIN_REQUIRED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "530 5.7.0 Must issue a STARTTLS command first",
        Advice.LOGIN_NEEDS_TLS,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "554 5.7.1 <noreply@odoo.com>: Relay access denied",
        Advice.RELAY_DENIED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        Advice.RELAY_DENIED,
    ),
    (
        SMTP,
        "smtp-relay.gmail.com",
        ENVELOPE,
        REPLY,
        "550 5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've registered in your G Suite SMTP Relay service doesn't match domain of the account this email is being sent from.",
        Advice.RELAY_DENIED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user me@city.example",
        Advice.SENDER_NOT_ALLOWED,
    ),
    (
        SMTP,
        "smtp.office365.com",
        TEST_MAIL,
        REPLY,
        "554 5.2.252 SendAsDenied; me@city.example not allowed to send as a@b.example; STOREDRV.Submission.Exception:SendAsDeniedException",
        Advice.SENDER_NOT_ALLOWED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        Advice.SENDER_NOT_ALLOWED,
    ),
    (
        SMTP,
        "email-smtp.eu-west-1.amazonaws.com",
        TEST_MAIL,
        REPLY,
        "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b.example",
        Advice.SENDER_NOT_VERIFIED,
    ),
    (
        SMTP,
        "smtp.sendgrid.net",
        TEST_MAIL,
        REPLY,
        "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.",
        Advice.SENDER_NOT_VERIFIED,
    ),
    (
        SMTP,
        "smtp.gmail.com",
        ENVELOPE,
        REPLY,
        "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852",
        Advice.QUOTA,
    ),
    (
        SMTP,
        "email-smtp.eu-west-1.amazonaws.com",
        TEST_MAIL,
        REPLY,
        "454 Throttling failure: Maximum sending rate exceeded",
        Advice.QUOTA,
    ),
    (
        SMTP,
        "email-smtp.eu-west-1.amazonaws.com",
        TEST_MAIL,
        REPLY,
        "454 Throttling failure: Daily message quota exceeded",
        Advice.QUOTA,
    ),
    (
        SMTP,
        "smtp-relay.gmail.com",
        ENVELOPE,
        REPLY,
        "550 5.7.1 Daily SMTP relay limit exceeded for customer",
        Advice.QUOTA,
    ),
    (
        SMTP,
        "smtp.office365.com",
        TEST_MAIL,
        REPLY,
        "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
        Advice.MAILBOX_FULL,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "452 4.2.2 <ann@city.example>: Mailbox is full",
        Advice.MAILBOX_FULL,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "552 5.3.4 Message size exceeds fixed limit",
        Advice.TOO_LARGE,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "450 4.2.0 <ann@city.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/",
        Advice.GREYLISTED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "451 4.7.1 Please try again later",
        Advice.GREYLISTED,
    ),
    (
        SMTP,
        "mail.city.example",
        ENVELOPE,
        REPLY,
        "550 5.1.1 <nobody@city.example>: Recipient address rejected: User unknown in virtual mailbox table",
        Advice.RECIPIENT_REFUSED,
    ),
    (
        SMTP,
        "mail.city.example",
        TEST_MAIL,
        REPLY,
        "554 5.7.1 Message rejected as spam by Content Filtering.",
        Advice.CONTENT_REFUSED,
    ),
    (
        SMTP,
        "mail.city.example",
        TEST_MAIL,
        REPLY,
        "550 5.7.515 Access denied, sending domain example.com does not meet the required authentication level (DMARC).",
        Advice.CONTENT_REFUSED,
    ),
    (SMTP, "mail.city.example", ENVELOPE, REPLY, "550 Go away", Advice.REPLY),
    # -------------------------------------------------------------------------- greeting
    (
        SMTP,
        "mail.city.example",
        Step.GREETING,
        REPLY,
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        Advice.SERVER_REFUSES_US,
    ),
    (
        SMTP,
        "mail.city.example",
        Step.GREETING,
        REPLY,
        "421 4.3.2 Service not available, closing transmission channel",
        Advice.SERVER_BUSY,
    ),
    # ------------------------------------------------------------------------- mailboxes
    (
        IMAP,
        "mail.city.example",
        Step.FOLDERS,
        FaultKind.FOLDER_UNAVAILABLE,
        "select failed: [NONEXISTENT] Unknown Mailbox: Complaints (Failure)",
        Advice.FOLDER_MISSING,
    ),
    (
        POP,
        "mail.city.example",
        Step.FOLDERS,
        FaultKind.FEATURE_MISSING,
        "UIDL",
        Advice.NO_LASTING_NAMES,
    ),
]
