"""The addresses that mail leaves from: found in texts, and judged by their names."""

import ipaddress
import re

from ..discovery.names import AnswerState, is_public
from .findings import Cause, Check, Finding, Grade, Publish

MAX_TEXT = 20_000
MAX_ADDRESSES = 10

_CANDIDATE = re.compile(r"[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*(?:/\d{1,3})?")


def addresses_in(text):
    """Return the addresses in a text, such as an administrator's notes or a greeting.

    Networks of more than one address are none; each comes once, in their order.
    """
    found = {}
    # An address literal of RFC 5321 section 4.1.3 names its kind.
    text = (text or "")[:MAX_TEXT].replace("IPv6:", " ")
    for word in _CANDIDATE.findall(text):
        try:
            network = ipaddress.ip_network(word.strip(".:") or word)
        except ValueError:
            continue
        if network.num_addresses == 1:
            found[network.network_address] = True
    return list(found)[:MAX_ADDRESSES]


def as_network(address):
    """Return an address as allow-lists want it: with /32 or /128."""
    return str(ipaddress.ip_network(address))


def check_egress(lookups, sender):
    """Return a finding for each address that the mail leaves from."""
    if not sender.addresses:
        cause = (
            Cause.EGRESS_OF_PROVIDER if sender.is_of_provider else Cause.EGRESS_UNKNOWN
        )
        return [Finding(Check.EGRESS, Grade.SKIPPED, cause, sender.host)]
    return [_check_address(lookups, sender, address) for address in sender.addresses]


def _check_address(lookups, sender, address):
    """Judge an address by its name, which has to lead back to it (RFC 8601 iprev)."""

    def finding(grade, cause, detail="", seen=(), publish=None):
        subject = as_network(address)
        return Finding(Check.EGRESS, grade, cause, subject, detail, seen, publish)

    if not is_public(str(address)):
        return finding(Grade.SKIPPED, Cause.EGRESS_PRIVATE)
    answer = lookups.pointers(address)
    names = answer.records[:MAX_ADDRESSES]
    if answer.state is AnswerState.FAILED:
        return finding(Grade.SKIPPED, Cause.NO_ANSWER)
    publish = Publish(
        address.reverse_pointer, "PTR", f"{sender.host or 'mail.' + sender.domain}."
    )
    if not names:
        return finding(Grade.FAILED, Cause.EGRESS_NO_PTR, publish=publish)
    answers = [lookups.addresses(name) for name in names]
    if any(str(address) in each.records for each in answers):
        return finding(Grade.OK, Cause.EGRESS_OK, ", ".join(names), names)
    if any(each.state is AnswerState.FAILED for each in answers):
        return finding(Grade.SKIPPED, Cause.NO_ANSWER, ", ".join(names), names)
    kind = "A" if address.version == 4 else "AAAA"
    forward = Publish(names[0], kind, str(address))
    told = ", ".join(names)
    return finding(Grade.FAILED, Cause.EGRESS_NOT_CONFIRMED, told, names, forward)
