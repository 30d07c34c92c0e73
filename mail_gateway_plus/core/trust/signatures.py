"""Checks DKIM signatures (RFC 6376), by way of the optional library dkimpy."""

import re
import time

from .asking import NoAnswerNow, told
from .domains import clean_domain, may_belong_together
from .verdict import Check, Method, Why

try:
    import dkim
    import dkim.util
except ImportError:
    dkim = None

is_dkim_available = dkim is not None

# Signatures of one message that are looked at, those of the sender's domain first.
MAX_SIGNATURES = 5
# Larger messages cost too much memory: the library copies them several times.
MAX_BYTES = 25 * 1024 * 1024
# RFC 8301: rsa-sha1 is not to be believed, nor a key below 1024 bits. Keys above 8192
# bits are there to keep us busy.
ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")
MIN_KEY, MAX_KEY = 1024, 8192
# Seconds that clocks may differ.
SKEW = 300


def check_signatures(raw, signatures, domain, lookups, now=None):
    """Return a :class:`~.verdict.Check` for each signature that may speak for a domain.

    :param signatures: the values of the DKIM-Signature fields, in their order
    """
    if not signatures:
        return [Check(Method.DKIM, Why.NOTHING)]
    if dkim is None:
        return [Check(Method.DKIM, Why.NO_LIBRARY)]
    if len(raw) > MAX_BYTES:
        return [Check(Method.DKIM, Why.TOO_LARGE)]
    read = [(index, read_tags(value)) for index, value in enumerate(signatures)]
    read.sort(key=lambda pair: _distance(pair[1], domain))
    checks, message = [], None
    for index, tags in read[:MAX_SIGNATURES]:
        signer = _signer(tags)
        check = _fault(tags, signer, domain, now or time.time())
        if check is None:
            message = message or dkim.DKIM(raw, minkey=MIN_KEY)
            check = _verify(message, index, tags, signer, lookups)
        checks.append(check)
    if len(read) > MAX_SIGNATURES:
        checks.append(Check(Method.DKIM, Why.TOO_MANY, detail=str(len(read))))
    return checks


def read_tags(value):
    """Return the tags of a signature field in bytes; none where it cannot be read."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    try:
        return dkim.util.parse_tag_value(value)
    except dkim.util.InvalidTagValueList:
        return {}


def _signer(tags):
    return clean_domain(tags.get(b"d", b"").decode("ascii", "replace"))


def _distance(tags, domain):
    signer = _signer(tags)
    if signer == domain:
        return 0
    return 1 if signer and may_belong_together(signer, domain) else 2


def _fault(tags, signer, domain, now):
    """Return why a signature is not looked at any closer, or ``None``."""

    def because(why, detail=""):
        return Check(Method.DKIM, why, signer, detail)

    if not signer or not tags.get(b"s") or not tags.get(b"h"):
        return because(Why.BROKEN)
    if not may_belong_together(signer, domain):
        return because(Why.OTHER_DOMAIN)
    if tags.get(b"a", b"").lower() not in ALGORITHMS:
        return because(
            Why.OLD_ALGORITHM, tags.get(b"a", b"").decode("ascii", "replace")
        )
    if b"from" not in re.split(rb"\s*:\s*", tags[b"h"].lower().strip()):
        return because(Why.FROM_UNSIGNED)
    if b"l" in tags:
        # Anything may follow what was signed, and take its place on the screen
        # (RFC 6376 section 8.2).
        return because(Why.PARTIAL_BODY)
    if (expires := _moment(tags.get(b"x"))) is not None and expires < now - SKEW:
        return because(Why.EXPIRED)
    if (signed := _moment(tags.get(b"t"))) is not None and signed > now + SKEW:
        return because(Why.FROM_THE_FUTURE)
    return None


def _moment(value):
    return int(value) if value and len(value) < 16 and value.isdigit() else None


def _verify(message, index, tags, signer, lookups):
    key = Key(lookups)
    selector = tags[b"s"].decode("ascii", "replace")
    try:
        is_good = message.verify(index, dnsfunc=key.fetch)
    except NoAnswerNow:
        return Check(Method.DKIM, Why.NOT_NOW, signer, selector)
    except BadKey as error:
        return Check(Method.DKIM, error.why, signer, selector)
    except dkim.DKIMException as error:
        why = Why.WEAK_KEY if "too small" in str(error) else Why.BAD_SIGNATURE
        return Check(Method.DKIM, why, signer, selector)
    except Exception:  # whatever a hostile key or header makes the library raise
        return Check(Method.DKIM, Why.BROKEN, signer, selector)
    if is_good and key.is_strict and not _is_own_identity(tags, signer):
        is_good = False
    why = Why.PASSED if is_good else Why.BAD_SIGNATURE
    return Check(Method.DKIM, why, signer, selector)


def _is_own_identity(tags, signer):
    """Say whether i= is of the signing domain itself, as a key with t=s asks."""
    identity = tags.get(b"i", b"").decode("ascii", "replace")
    return not identity or clean_domain(identity.rpartition("@")[2]) == signer


class BadKey(Exception):
    """A key that proves nothing; ``why`` says why."""

    def __init__(self, why):
        super().__init__(why)
        self.why = why


class Key:
    """Fetches a key for the library, and keeps unfit ones from it."""

    def __init__(self, lookups):
        self._lookups = lookups
        self.is_strict = False

    def fetch(self, name, timeout=None):
        """Return the key record of a name in bytes, as ``dkim.verify`` asks for it."""
        texts = told(self._lookups.texts(name.decode("ascii").rstrip(".")))
        keys = [text for text in texts if "p=" in text.replace(" ", "")]
        if not keys:
            raise BadKey(Why.NO_KEY)
        key = keys[0].encode()
        try:
            tags = dkim.util.parse_tag_value(key)
        except dkim.util.InvalidTagValueList:
            raise BadKey(Why.BROKEN) from None
        # RFC 6376 section 3.6.1: no key is a revoked one; y is "testing", which is to
        # be treated as unsigned; s binds the identity to the domain.
        if not tags.get(b"p"):
            raise BadKey(Why.REVOKED)
        flags = tags.get(b"t", b"").replace(b" ", b"").split(b":")
        if b"y" in flags:
            raise BadKey(Why.TESTING)
        if len(tags[b"p"]) > MAX_KEY // 6 + 200:  # base64 of the key and its frame
            raise BadKey(Why.HUGE_KEY)
        self.is_strict = b"s" in flags
        return key
