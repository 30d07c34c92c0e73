"""Checks a chain of ARC seals (RFC 8617), by way of the optional library dkimpy.

Who forwards a message, or a mailing list, breaks what proves its sender. With ARC it
writes down what it had found out before, and seals that. Anybody can do so: it counts
only of sealers that were named as trustworthy.
"""

import re

from .asking import NoAnswerNow
from .domains import clean_domain, is_named
from .results import read_results
from .signatures import ALGORITHMS, MAX_BYTES, MIN_KEY, BadKey, Key, dkim, read_tags
from .verdict import Check, Method, Why

# Each costs two signatures and two questions to the DNS. The RFC takes up to 50
# (section 4.2.1); mail that was forwarded so often has nothing to tell.
MAX_SEALS = 8
# Of what a sealer found, this may speak for a sender: not who has logged in there.
_METHODS = ("dkim", "dmarc", "spf")

_INSTANCE = re.compile(r"^\s*i\s*=\s*\d+\s*;")


def sealers(seals):
    """Return the domains that sealed a message, by the number of their seal.

    :param seals: the values of its ARC-Seal fields
    """
    found = {}
    for tags in map(read_tags, seals[: MAX_SEALS + 1]):
        number = tags.get(b"i", b"")
        if len(number) < 3 and number.isdigit():
            found[int(number)] = _domain(tags.get(b"d", b""))
    return found


def is_worth_checking(seals, pinned):
    """Say whether the last one that sealed a message is believed, and can be."""
    found = sealers(seals) if dkim else {}
    return bool(found) and is_named(found[max(found)], pinned)


def check_chain(raw, seals, pinned, lookups):
    """Return what a message's sealers had found out of it, as far as they are believed.

    A later sealer may have changed whatever an earlier one had sealed. So the earliest
    one counts that is followed by none but such that are believed.

    :param seals: those of which one :func:`is_worth_checking`
    :param pinned: the domains that are believed, as :func:`~.domains.is_named` takes
        them
    :returns: a :class:`~.verdict.Check`, and the believed :class:`~.results.Result`
    """
    last = max(sealers(seals).items())[1]

    def because(why, detail=""):
        return Check(Method.ARC, why, last, detail), ()

    if len(seals) > MAX_SEALS:
        return because(Why.TOO_MANY, str(len(seals)))
    if len(raw) > MAX_BYTES:
        return because(Why.TOO_LARGE)
    try:
        outcome, sets, _reason = dkim.ARC(raw, minkey=MIN_KEY).verify(_keys(lookups))
        if outcome != dkim.CV_Pass or not _covers_sender(raw, pinned):
            return because(Why.BAD_SIGNATURE)
        trusted = _trusted(sets, pinned)
    except NoAnswerNow:
        return because(Why.NOT_NOW)
    except dkim.DKIMException:
        return because(Why.BAD_SIGNATURE)
    except Exception:  # whatever a hostile key or header makes the library raise
        return because(Why.BROKEN)
    if not trusted:
        return because(Why.BAD_SIGNATURE)
    results = _results(trusted["aar-value"])
    told = ", ".join(f"{each.method}={each.value}" for each in results)
    sealer = _domain(trusted["as-domain"])
    return Check(Method.ARC, Why.SEALED, sealer, told), results


def _domain(value):
    return clean_domain(value.decode("ascii", "replace"))


def _keys(lookups):
    """Return what fetches keys for the library.

    The keys of earlier forwarders may be gone by now: that only makes their own
    signature, which need not hold any more, one that does not.
    """
    key = Key(lookups)

    def fetch(name, timeout=None):
        try:
            return key.fetch(name, timeout)
        except BadKey:
            return None

    return fetch


def _covers_sender(raw, pinned):
    """Say whether the last forwarder's signature covers the sender and the whole text.

    It has to be one that is believed: RFC 8617 does not bind it to the seal's domain.
    """
    fields = dkim.rfc822_parse(raw)[0]
    signatures = [read_tags(v) for n, v in fields if n.lower() == _SIGNATURE]
    last = max(signatures, key=lambda tags: int(tags.get(b"i", b"0")), default={})
    signed = re.split(rb"\s*:\s*", last.get(b"h", b"").lower().strip())
    return (
        b"from" in signed
        and b"l" not in last
        and last.get(b"a", b"").lower() in ALGORITHMS
        and is_named(_domain(last.get(b"d", b"")), pinned)
    )


_SIGNATURE = b"arc-message-signature"


def _trusted(sets, pinned):
    """Return the earliest set that counts, of those of a valid chain, or ``None``."""
    found = None
    for each in sorted(sets, key=lambda one: one["instance"], reverse=True):
        if not is_named(_domain(each["as-domain"]), pinned):
            break
        found = each
    return found


def _results(value):
    """Return what may speak for a sender; of DMARC, where it says for which one.

    A mailing list may have put itself in the place of the sender since.
    """
    text = _INSTANCE.sub("", value.decode("utf-8", "replace"))
    _sealer, results = read_results(re.sub(r"\s+", " ", text))
    return tuple(
        each
        for each in results
        if each.method in _METHODS
        and (each.method != "dmarc" or each.properties.get("header.from"))
    )
