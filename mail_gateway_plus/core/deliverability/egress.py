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
    single = [
        net.network_address for net in networks_in(text) if net.num_addresses == 1
    ]
    return single[:MAX_ADDRESSES]


def networks_in(text):
    """Return the networks in a text, single addresses included, each once."""
    found = {}
    # An address literal of RFC 5321 section 4.1.3 names its kind.
    text = (text or "")[:MAX_TEXT].replace("IPv6:", " ")
    for word in _CANDIDATE.findall(text):
        try:
            found[ipaddress.ip_network(word.strip(".:") or word)] = True
        except ValueError:
            continue
    return list(found)


def is_news(address, noted, usual):
    """Say whether nobody reckons with mail leaving from an address.

    That is where none of the ``noted`` networks holds it, and it is none of the
    ``usual`` addresses, those of before. Each kind is compared with its own: a machine
    with IPv4 and IPv6 uses now this one, now that. The first one of a kind is no news.
    """
    if any(address in network for network in noted):
        return False
    kind = _kind(address)
    places = {_place(other) for other in usual if _kind(other) == kind}
    return bool(places) and _place(address) not in places


def _kind(address):
    return address.version, is_public(str(address))


def _place(address):
    """Return what stays the same: machines change the end of an IPv6 address daily
    (RFC 8981), within the 64 bits of their network."""
    if address.version == 4:
        return address
    return ipaddress.ip_network(f"{address}/64", strict=False)


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
