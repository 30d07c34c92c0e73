"""What an administrator reads about a domain's deliverability: for each cause what it
means and what to do. ``%s`` stands for the finding's detail."""

from odoo.tools import LazyTranslate

from .core.deliverability.findings import Cause, Check, Grade

_lt = LazyTranslate(__name__)

CHECK_LABELS = {
    Check.MX: _lt("Receives mail (MX)"),
    Check.SPF: _lt("Servers that may send (SPF)"),
    Check.DKIM: _lt("Key for signatures (DKIM)"),
    Check.DMARC: _lt("Policy (DMARC)"),
    Check.ALIGNMENT: _lt("Counts for the sender (alignment)"),
    Check.BOUNCE: _lt("Delivery reports (bounce address)"),
    Check.EGRESS: _lt("Name of the sending address (PTR)"),
    Check.VOLUME: _lt("Machines and people apart"),
}

GRADE_LABELS = {
    Grade.OK: _lt("Fine"),
    Grade.WARNING: _lt("Could be better"),
    Grade.FAILED: _lt("Failed"),
    Grade.SKIPPED: _lt("Not checked"),
}

CAUSE_TEXT = {
    Cause.NO_ANSWER: _lt("The DNS did not answer in time. Check again later."),
    Cause.MX_OK: _lt("Mail to the domain goes to %s."),
    Cause.MX_NONE: _lt(
        "The domain has no MX record. Answers and delivery reports may get lost, and "
        "many receivers refuse mail from a domain that takes none. Publish one that "
        "names the server of your mailboxes."
    ),
    Cause.MX_NULL: _lt(
        "The domain says that it takes no mail at all (null MX, RFC 7505). Nobody can "
        "answer, and many receivers refuse its mail. Publish an MX record that names "
        "the server of your mailboxes, or send from another domain."
    ),
    Cause.MX_NO_ADDRESS: _lt(
        "The MX record names %s, which has no address. Correct the name."
    ),
    Cause.SPF_OK: _lt("The record is sound; it takes %s of 10 DNS lookups."),
    Cause.SPF_NONE: _lt(
        "The domain has no SPF record: receivers cannot tell this server from a "
        "forger. Publish the one below."
    ),
    Cause.SPF_MULTIPLE: _lt(
        "The domain has %s SPF records. With more than one, none counts (RFC 7208 "
        "section 4.5). Replace them all by the one below."
    ),
    Cause.SPF_SYNTAX: _lt(
        "Receivers cannot read the record, so it does not count. Correct: %s"
    ),
    Cause.SPF_MANY_LOOKUPS: _lt(
        "The record takes %s DNS lookups, and receivers stop at 10 (RFC 7208 section "
        "4.6.4): it does not count. Take out includes of services that no longer send "
        "for you, or name addresses instead of hosts."
    ),
    Cause.SPF_MANY_MX: _lt(
        "The mechanism mx looks at more than 10 hosts, where receivers stop: %s"
    ),
    Cause.SPF_MANY_VOIDS: _lt(
        "%s lookups of the record find nothing, and receivers stop at 2 (RFC 7208 "
        "section 4.6.4). Take out the names that no longer exist."
    ),
    Cause.SPF_BROKEN_INCLUDE: _lt(
        "The record includes names that have no SPF record, or several, so it does not "
        "count: %s. Take them out or correct them."
    ),
    Cause.SPF_LOOP: _lt("The record includes itself, so it does not count: %s"),
    Cause.SPF_PASS_ALL: _lt(
        "The record ends in +all: it lets everybody in the world send for the domain. "
        "Publish the one below."
    ),
    Cause.SPF_NEUTRAL_ALL: _lt(
        "The record does not say what holds for other servers (?all, or no end), so "
        "forgers are not marked. Publish the one below."
    ),
    Cause.SPF_NO_PROVIDER: _lt(
        "The record does not name the provider of this server: include:%s is missing. "
        "Publish the one below."
    ),
    Cause.SPF_NO_ADDRESS: _lt(
        "The record does not let the address that the mail leaves from send: %s. "
        "Publish the one below."
    ),
    Cause.SPF_PTR: _lt(
        "The record uses the mechanism ptr, which is slow and which many receivers "
        "ignore (RFC 7208 section 5.5). Name the servers otherwise."
    ),
    Cause.DKIM_OK: _lt("A key is published (%s)."),
    Cause.DKIM_NO_SELECTOR: _lt(
        "It is not known under which selector the mail is signed. Enter it under DKIM "
        "Selectors, or send a round-trip mail: its signature tells."
    ),
    Cause.DKIM_NONE: _lt(
        "No key is published under the selector %s. Have whoever signs the mail, "
        "mostly the provider, show the record, and publish it under the name below."
    ),
    Cause.DKIM_REVOKED: _lt(
        "The key is revoked: its record is empty. Publish the current one, or take the "
        "selector out of use."
    ),
    Cause.DKIM_UNREADABLE: _lt(
        "The key cannot be read. Often a part was lost when it was pasted; publish it "
        "anew."
    ),
    Cause.DKIM_USELESS: _lt(
        "The key is too short for receivers, who want 1024 bits at least (RFC 8301): "
        "%s. Have a new one made, of 2048 bits."
    ),
    Cause.DKIM_SHORT: _lt(
        "The key is shorter than the 2048 bits that are recommended (RFC 8301): %s."
    ),
    Cause.DKIM_TESTING: _lt(
        "The key is marked as a test (t=y), so that receivers may pass its signatures "
        "over. Take the mark away once signatures work."
    ),
    Cause.DMARC_OK: _lt("Mail that fails is to be treated as: %s."),
    Cause.DMARC_NONE: _lt(
        "Neither the domain nor one above it has a DMARC record. Large providers want "
        "one from everybody who sends much. Begin with the one below: it changes "
        "nothing, and reports tell who sends in your name."
    ),
    Cause.DMARC_WATCHING: _lt(
        "The policy of %s is none: forged mail is delivered as any other. Once the "
        "reports show that your own mail passes, publish quarantine, then reject."
    ),
    Cause.DMARC_MULTIPLE: _lt(
        "There are several DMARC records, so that none counts: %s. Leave one."
    ),
    Cause.DMARC_SYNTAX: _lt("The record has values that do not exist in: %s"),
    Cause.DMARC_NO_POLICY: _lt(
        "The record names no policy. RFC 9989 takes that for none, older receivers "
        "ignore the record."
    ),
    Cause.DMARC_TESTING: _lt(
        "The record is marked as a test (t=y): receivers do less than it says, at most "
        "%s, and older receivers do not know the mark."
    ),
    Cause.DMARC_OLD_TAGS: _lt(
        "The record has tags that RFC 9989 took away, and which receivers treat "
        "differently: %s"
    ),
    Cause.ALIGNED: _lt("Both count for the domain of the From address. %s"),
    Cause.ALIGNED_SPF: _lt(
        "SPF counts for the domain of the From address; whether the mail is signed is "
        "not known. %s"
    ),
    Cause.ALIGNED_SPF_ONLY: _lt(
        "Only SPF counts for the domain of the From address; it fails wherever mail is "
        "forwarded. Have the mail signed for the domain as well. %s"
    ),
    Cause.ALIGNED_DKIM_ONLY: _lt(
        "Only the signature counts for the domain of the From address, which is "
        "enough: the provider uses a bounce address of its own. %s"
    ),
    Cause.NOT_ALIGNED: _lt(
        "Nothing counts for the domain of the From address, so the mail fails DMARC. "
        "Have it signed for the domain, or use a bounce address of it. %s"
    ),
    Cause.ALIGNMENT_UNKNOWN: _lt("The DNS did not tell whether the domains belong. %s"),
    Cause.BOUNCE_OK: _lt("Delivery reports go to %s."),
    Cause.BOUNCE_NO_MX: _lt(
        "The domain of the bounce address takes no mail, so delivery reports get lost "
        "and many receivers refuse the mail. Publish an MX record, or change the email "
        "domain's bounce address."
    ),
    Cause.BOUNCE_NO_SPF: _lt(
        "The domain of the bounce address has no valid SPF record of its own, and it "
        "is that one which receivers look at."
    ),
    Cause.EGRESS_OK: _lt("The address is %s, which leads back to it."),
    Cause.EGRESS_NO_PTR: _lt(
        "The address has no name. Many receivers refuse mail from such a one. Ask "
        "whoever gave you the address to publish the record below."
    ),
    Cause.EGRESS_NOT_CONFIRMED: _lt(
        "The address is said to be %s, but that name does not lead back to it. Publish "
        "the record below, or have the name of the address changed."
    ),
    Cause.EGRESS_UNKNOWN: _lt(
        "It is not known from which address mail leaves. Enter it under Egress "
        "Addresses, or send a round-trip mail, which tells."
    ),
    Cause.EGRESS_PRIVATE: _lt(
        "This is an address of an own network. What counts is the public one behind "
        "it: enter that under Egress Addresses."
    ),
    Cause.EGRESS_OF_PROVIDER: _lt(
        "The mail leaves from the provider's addresses, which are the provider's care."
    ),
    Cause.VOLUME_SHARED: _lt(
        "Odoo sent this many mails within a day from the domain that people write from "
        "as well: %s. Where receivers take some of it for spam, people's own mail "
        "suffers too. Send it from a subdomain of its own, named in brackets as an "
        "example, with SPF, DKIM and DMARC of its own; answers may go to the old "
        "address (Default Reply-To)."
    ),
}

NO_DNS_LIBRARY = _lt(
    "The library dnspython is not installed, so the DNS cannot be asked. Have it "
    "installed where Odoo runs (pip install dnspython), and check again."
)
