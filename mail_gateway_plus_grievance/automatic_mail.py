"""Tell mail written by a machine from mail written by a person (RFC 3834)."""

import re

from odoo.tools import email_normalize

# RFC 3834 section 2, and what mail systems use that never wait for an answer.
MACHINE_MAILBOX = re.compile(
    r"""(?: mailer-daemon | postmaster | bounces? (?:[+-].*)? | owner-.* | .*-request
        | (?: do-?not | no ) [-_.]? reply (?:[+-].*)? )$""",
    re.VERBOSE,
)
BULK_PRECEDENCES = {"bulk", "junk", "list"}
# Microsoft: which automatic answers the sender does not want. The other values
# (DR, RN, NDR, NRN) are about receipts and also stand in mail of persons.
SUPPRESSED_ANSWERS = {"all", "autoreply", "oof"}


def is_automatic(message, email_from):
    """Return whether nobody expects an answer to this message.

    When in doubt it is a machine: a person without an acknowledgement still has a
    ticket, while two machines that answer each other never stop.

    :param email.message.EmailMessage message: the message as it was received
    :param str email_from: the sender, as parsed from it
    """
    sender = email_normalize(email_from or "")
    if not sender or MACHINE_MAILBOX.match(sender.partition("@")[0].lower()):
        return True
    # The empty return path, "<>", is how the mail system marks its own notices.
    if any(value.strip() == "<>" for value in message.get_all("Return-Path", [])):
        return True
    if _words(message, "Auto-Submitted") - {"no"}:
        return True
    if _words(message, "Precedence") & BULK_PRECEDENCES:
        return True
    if _words(message, "X-Auto-Response-Suppress") & SUPPRESSED_ANSWERS:
        return True
    return "List-Id" in message or message.get_content_type() == "multipart/report"


def _words(message, header):
    """Return the keywords of a header in small letters, without their parameters."""
    return {
        word.partition(";")[0].strip().lower()
        for value in message.get_all(header, [])
        for word in value.split(",")
        if word.strip()
    }
