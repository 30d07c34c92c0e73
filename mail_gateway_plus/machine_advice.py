"""What is said of mail that machines wrote, in the reader's words."""

from odoo.tools import LazyTranslate

from .core.parsing.machine import Kind

_lt = LazyTranslate(__name__)

KIND_TEXT = {
    Kind.AUTO_ANSWER: _lt("An automatic answer, such as out of office"),
    Kind.CHALLENGE: _lt(
        "A program asks the sender to prove that it is a person before it hands the "
        "mail out"
    ),
    Kind.AUTO_MESSAGE: _lt("An automatic message"),
    Kind.MAILING_LIST: _lt("A message of a mailing list"),
    Kind.FAILED: _lt("A mail system reports that mail could not be delivered"),
    Kind.DELAYED: _lt(
        "A mail system reports that mail is delayed; it goes on trying to deliver it"
    ),
    Kind.DELIVERED: _lt("A mail system reports that mail was delivered"),
    Kind.RELAYED: _lt(
        "A mail system reports that it passed mail on to one that sends no reports"
    ),
    Kind.SYSTEM_NOTICE: _lt("A mail system's notice that cannot be understood"),
    Kind.READ_RECEIPT: _lt("A read receipt"),
    Kind.ABUSE_REPORT: _lt("A recipient's provider reports mail as unwanted"),
    Kind.DMARC_REPORT: _lt("A provider's report on mail in the name of our domain"),
    Kind.OWN_MAIL: _lt("This database sent the mail itself, and it came back"),
}

# What the note on a record says of one recipient, by what the report says.
REPORTED_TEXT = {
    "failed": _lt("The mail “%(subject)s” could not be delivered to %(address)s."),
    "delayed": _lt(
        "The mail “%(subject)s” to %(address)s is delayed. The mail system goes on "
        "trying to deliver it."
    ),
    "delivered": _lt("The mail “%(subject)s” was delivered to %(address)s."),
    "relayed": _lt(
        "The mail “%(subject)s” to %(address)s was passed on to a mail system that "
        "sends no reports."
    ),
    "displayed": _lt("The mail “%(subject)s” was opened by %(address)s."),
    "deleted": _lt("The mail “%(subject)s” was deleted by %(address)s."),
}
# Of a receipt or an abuse report, whatever else it says.
RECEIPT_TEXT = _lt("%(address)s sent a receipt for the mail “%(subject)s”: %(action)s.")
ABUSE_TEXT = _lt("%(address)s, or their provider, reported “%(subject)s” as unwanted.")
NOTICE_TEXT = _lt("A mail system sent a notice about the mail “%(subject)s”.")
